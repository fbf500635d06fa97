"""Valkey: documents that are served with one look-up. Never the truth; lost documents come back from the log."""
