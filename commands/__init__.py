"""Use cases: load, decide, append. One module for each context; commands/table.py lists them all."""
