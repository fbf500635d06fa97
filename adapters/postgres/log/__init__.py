"""The log in PostgreSQL: appending, reading, searching."""
