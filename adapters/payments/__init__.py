"""Payment: what talks to a payment provider, and `paysim`, the provider's stand-in for development and tests."""
