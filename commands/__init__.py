"""Use cases: load, decide, append. One module for each context; commands/bus.py lists them all."""
