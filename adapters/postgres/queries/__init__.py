"""The SQL that answers queries from the read models in PostgreSQL, one module for each read model."""
