"""
Reconciliation of what stands rather than moves: subscriptions and disputes, by facts, the books and the provider.

Two lists, each sorted by `Standing.place`, are read once, side by side, as those of money are.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from heapq import merge
from itertools import groupby
from operator import attrgetter

import msgspec

from domain.payment.reconciliation import DISPUTE, Finding, Kind, Place, Result, Side

SUBSCRIPTION = "subscription"
OPEN, OVER = ("open", "over")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a subscription or a dispute stands, by facts or by the provider.

    Attributes:
        place: which of both it is, and the provider's id.
        name: our id.
        state: of a subscription `trial`, `active`, `past_due` or `over`, of a dispute `open` or how it was decided; or
            what else the provider calls it.
        at: when it came to stand so, as far as its side says.
        amount: what each interval costs, or what is disputed; None where that is not known.
        paid_until, ends, product_id, every: of a subscription; whether its end is planned, its plan where it is named,
            and its interval, such as `1 month`.
        held: what the books still have in reserve for a dispute, or of a subscription as deferred over all days, and so
            for no period; all currencies together.
        invoices: what was paid by each of the last invoices by facts, where one that is not named has an empty name; by
            the provider only the last.
        intent_id: of the payment that is disputed.
    """

    side: Side
    place: Place
    name: str
    state: str
    at: datetime
    currency: str
    amount: int | None = None
    paid_until: datetime | None = None
    ends: bool = False
    product_id: str | None = None
    every: str | None = None
    held: int = 0
    learner_id: str | None = None
    order_id: str | None = None
    intent_id: str | None = None
    invoices: dict[str, int] = {}


def compare_standings(
    facts: Iterable[Standing], provider: Iterable[Standing], result: Result, changed: Mapping[str, datetime]
) -> None:
    """
    Compare two lists, each sorted by place; what is found about money already is not found once more.

    Args:
        changed: when the provider has last said something about an object.
    """
    known = {(each.about, each.id) for each in (*result.findings, *result.waiting)}
    for (what, provider_id), said in groupby(merge(facts, provider, key=attrgetter("place")), key=attrgetter("place")):
        sides = {each.side: each for each in said}
        found = _found(what, provider_id, sides.get(Side.FACTS), sides.get(Side.PROVIDER))
        if found is not None and (found.about, found.id) not in known:
            times = [each.at for each in sides.values()]
            result.add(found, max(*times, changed.get(provider_id, times[0])))


def _found(what: str, provider_id: str, ours: Standing | None, theirs: Standing | None) -> Finding | None:
    """What does not agree about one thing."""
    if theirs is None:
        is_known = ours is None or ours.state not in ("trial", "active", "past_due", OPEN)
        return None if ours is None or is_known else _finding(ours, None, Kind.UNKNOWN_AT_PROVIDER, provider_id, [])
    if ours is None:
        is_over = what == SUBSCRIPTION and theirs.state == OVER
        if theirs.learner_id is None or is_over:
            return None
        return _finding(theirs, theirs, Kind.UNKNOWN_TO_US, provider_id, [])
    amounts, wrong = list(_amounts(ours, theirs)), list(_differences(ours, theirs))
    if not (amounts or wrong):
        return None
    kind = Kind.STATES_DIFFER if wrong else Kind.AMOUNTS_DIFFER
    return _finding(ours, theirs, kind, provider_id, [*wrong, *amounts])


def _differences(ours: Standing, theirs: Standing) -> Iterator[str]:
    if ours.state != theirs.state and not _waits_for_money(ours, theirs):
        yield f"facts say {ours.state}, the provider {theirs.state}"
    if theirs.place[0] == DISPUTE:
        if ours.held and OPEN not in (ours.state, theirs.state):
            yield f"it is {theirs.state}, and the books still have {ours.held} of it in reserve"
        return
    if ours.held:
        yield f"the books have {ours.held} {ours.currency} of it deferred, for no period"
    for invoice_id, amount in theirs.invoices.items():
        if invoice_id not in ours.invoices and "" not in ours.invoices:
            yield f"invoice {invoice_id} of {amount} {theirs.currency} is paid at the provider, and no fact says so"
    if OVER in (ours.state, theirs.state):
        return
    if ours.paid_until != theirs.paid_until:
        yield f"it is paid until {ours.paid_until} by facts, until {theirs.paid_until} by the provider"
    if ours.ends != theirs.ends:
        where = "by facts, and not at the provider" if ours.ends else "at the provider, and not by facts"
        yield f"its end is planned {where}"
    if theirs.product_id is not None and theirs.product_id != ours.product_id:
        yield f"facts say plan {ours.product_id}, the provider {theirs.product_id}"
    if None not in (ours.every, theirs.every) and ours.every != theirs.every:
        yield f"facts say each {ours.every}, the provider each {theirs.every}"


def _waits_for_money(ours: Standing, theirs: Standing) -> bool:
    """Whether a trial is over and the first period is not paid yet: the provider calls that active."""
    return (ours.state, theirs.state) == ("trial", "active") and ours.paid_until == theirs.paid_until


def _amounts(ours: Standing, theirs: Standing) -> Iterator[str]:
    for invoice_id, amount in theirs.invoices.items():
        if (said := ours.invoices.get(invoice_id, amount)) != amount:
            yield f"invoice {invoice_id}: facts say {said} {ours.currency}, the provider {amount} {theirs.currency}"
    if OVER in (ours.state, theirs.state) or ours.amount is None or theirs.amount is None:
        return
    if (ours.amount, ours.currency) != (theirs.amount, theirs.currency):
        yield f"facts say {ours.amount} {ours.currency}, the provider {theirs.amount} {theirs.currency}"


def _finding(first: Standing, theirs: Standing | None, kind: Kind, provider_id: str, wrong: list[str]) -> Finding:
    sides = {each.side: each for each in (first, theirs) if each is not None}
    sentences = {
        Kind.UNKNOWN_TO_US: f"the provider has it ({first.state}), and no fact says so",
        Kind.UNKNOWN_AT_PROVIDER: f"it is {first.state} by facts, and the provider does not know it",
    }
    return Finding(
        kind=kind,
        about=first.place[0],
        id=first.name,
        sentence=f"{first.place[0]}: {sentences.get(kind) or '; '.join(wrong)}",
        at=max(each.at for each in sides.values()),
        learner_id=first.learner_id,
        order_id=next((each.order_id for each in sides.values() if each.order_id), None),
        provider_id=provider_id,
        currency=first.currency,
        amounts={side.value: each.amount for side, each in sides.items() if each.amount is not None},
    )
