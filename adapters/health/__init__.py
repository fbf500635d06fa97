"""Checks of servers and read models, for campus doctor and /readyz."""
