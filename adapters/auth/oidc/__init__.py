"""Sign-in by providers of OpenID Connect: what is asked of a provider, and what of its answers is believed."""
