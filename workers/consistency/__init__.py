"""Comparing rows with the log, and repairing them."""
