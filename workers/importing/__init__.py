"""Imports of history from other systems."""
