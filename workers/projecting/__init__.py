"""Following the log and folding it into the live read models."""
