"""The log, the read models and the queries in PostgreSQL."""
