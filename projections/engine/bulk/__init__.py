"""The fold over the whole log, for rebuilds."""
