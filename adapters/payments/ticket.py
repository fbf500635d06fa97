"""
Tickets: part of the link to the payment page of one order, which opens without a token.

A ticket names the learner and is signed with the campus's key, for this order only. It shows no more than the order's
title, amount and state, and leads to the page of the provider.
"""

import base64
import binascii
import hashlib
import hmac


def ticket_for(secret: str, learner_id: str, order_id: str) -> str:
    """The ticket of an order."""
    learner = base64.urlsafe_b64encode(learner_id.encode()).decode().rstrip("=")
    return f"{learner}.{_signature(secret, learner_id, order_id)}"


def learner_of(secret: str, ticket: str, order_id: str) -> str | None:
    """The learner whose order it is; None for a ticket that is not one of this order."""
    learner, _, signature = ticket.partition(".")
    try:
        learner_id = base64.urlsafe_b64decode(learner + "=" * (-len(learner) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    is_right = hmac.compare_digest(signature.encode(), _signature(secret, learner_id, order_id).encode())
    return learner_id if is_right else None


def _signature(secret: str, learner_id: str, order_id: str) -> str:
    digest = hmac.new(secret.encode(), f"ticket\n{order_id}\n{learner_id}".encode(), hashlib.sha256)
    return digest.hexdigest()[:32]
