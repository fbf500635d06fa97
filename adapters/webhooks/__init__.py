"""Outgoing webhooks: where they may go, how they are signed and sent, and what stands beside the log about them."""
