"""
`Stripe-Signature`: `t=<seconds>,v1=<HMAC-SHA-256 of "t.body">`, one v1 for each secret.
"""

import hashlib
import hmac


def signature(body: str, secret: str, timestamp: int) -> str:
    """The signature of *body* sent at *timestamp*."""
    return hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()


def header(body: str, secrets: list[str], timestamp: int) -> str:
    """The value of the header: while a secret is being replaced, both sign."""
    return ",".join([f"t={timestamp}", *(f"v1={signature(body, secret, timestamp)}" for secret in secrets)])
