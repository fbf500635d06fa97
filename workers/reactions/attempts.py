"""The attempts to pay an order, and the provider's pages of each, by our facts: for every job that looks at them."""

from collections.abc import Iterable

from domain.fact import Fact


def attempts(history: Iterable[Fact]) -> list[str]:
    """The payments of an order, by the facts of its stream, the oldest first."""
    return [each.data["payment_id"] for each in history if each.type == "order.payment_started"]


def pages(history: Iterable[Fact]) -> list[str]:
    """The pages of a payment, by the facts of its stream; the ids are the provider's, and the last one counts."""
    return [each.data["provider_id"] for each in history if each.type == "payment.intent_created"]
