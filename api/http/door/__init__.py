"""
The front door: what a request has to pass before anything looks at what it asks for, in the monolith and in the
gateway.

`door` puts it together: limits of rates (`gcra`, `rates`; of business flows in adapters/valkey/flow_limits.py), headers
(`heads`), where a request comes from (`addresses`), the lines of the log (`access_log`), what every answer carries
(`security_headers`) and the identity that a gateway passes on (`identity`).
"""
