"""The `campus` command."""
