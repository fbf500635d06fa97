"""The only code that knows a product by name: PostgreSQL, NATS, Valkey, and the environment they are found in."""
