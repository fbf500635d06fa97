"""From a command to appended facts: sessions, the aggregate cache, retries."""
