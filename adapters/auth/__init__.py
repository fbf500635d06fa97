"""Signing in: passwords, sessions and links of mails; what is secret about them stands beside the log."""
