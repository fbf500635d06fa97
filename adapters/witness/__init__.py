"""
The witness: a process with a key and a state of its own, which cosigns what is consistent (domain/proofs/witness.py).

state    its directory: key, logs that it knows, alarms
desk     requests and polls, one after the other
app      over HTTP
"""
