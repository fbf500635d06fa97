"""NATS: the log's stream in JetStream, hints after commits, and announcements of what the read models changed."""
