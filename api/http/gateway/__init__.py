"""
The gateway: one address in front of processes that serve contexts apart (`campus serve --contexts`).

`app` puts it together; `proxy` sends a request to an instance and its answer back; `fleet` knows the instances and
chooses one, with a `circuit` for each; `forwarding` decides which headers go on. Instances are found over NATS
(adapters/nats/instances.py).
"""
