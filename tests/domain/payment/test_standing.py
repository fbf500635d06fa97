"""How a subscription or a dispute stands, by facts and by the provider, and what is found where these differ."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.payment.reconciliation import DISPUTE, Finding, Kind, Result, Side
from domain.payment.standing import OPEN, OVER, SUBSCRIPTION, Standing, compare_standings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, LATER = NOW - timedelta(days=2), NOW + timedelta(days=28)


def subscription(side: Side, **more: Any) -> Standing:
    """An active subscription of ann's."""
    fields: dict[str, Any] = {"state": "active", "at": OLD, "amount": 1_900, "paid_until": LATER, **more}
    place = (SUBSCRIPTION, fields.pop("provider_id", "sub_1"))
    names = {"name": "o1", "learner_id": "ann", "order_id": "o1", "currency": "EUR"}
    return Standing(side=side, place=place, **{**names, **fields})


def dispute(side: Side, state: str = OPEN, **more: Any) -> Standing:
    """A dispute about a payment of ann's."""
    names: dict[str, Any] = {"name": "du_1", "learner_id": "ann", "order_id": "o1", "currency": "EUR", "amount": 4_900}
    return Standing(side=side, place=(DISPUTE, "du_1"), state=state, at=OLD, **{**names, **more})


def result_of(ours: Standing | None, theirs: Standing | None, **more: Any) -> Result:
    """What is found."""
    result = Result(NOW, more.pop("busy", ()))
    compare_standings([ours] if ours else [], [theirs] if theirs else [], result, more.get("changed", {}))
    return result


def found(ours: Standing | None, theirs: Standing | None) -> list[Finding]:
    """The findings."""
    return result_of(ours, theirs).findings


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"ends": True}, {"ends": True}),
        ({"state": OVER}, {"state": OVER, "amount": 900, "paid_until": NOW, "ends": True}),
        ({"state": "trial"}, {"state": "active"}),  # it is over, and the first invoice is a draft for an hour
        ({"amount": None}, {"amount": 900}),
        ({"product_id": "p"}, {"product_id": None}),
        ({"invoices": {"in_1": 1_900, "in_2": 900}}, {"invoices": {"in_2": 900}}),
        ({"invoices": {"": 1_900}}, {"invoices": {"in_2": 900}}),  # of a version that names no invoice
        ({"invoices": {"in_1": 1_900}}, {}),  # the last one is not paid yet
    ],
)
def test_what_agrees_is_no_finding(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Both sides say the same, or one does not say it."""
    assert found(subscription(Side.FACTS, **ours), subscription(Side.PROVIDER, **theirs)) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "kind", "sentence"),
    [
        ({}, {"state": "past_due"}, "states_differ", "facts say active, the provider past_due"),
        ({"state": OVER}, {}, "states_differ", "facts say over, the provider active"),
        ({}, {"state": OVER}, "states_differ", "facts say active, the provider over"),
        ({}, {"paid_until": NOW}, "states_differ", "it is paid until"),
        ({"state": "trial"}, {"paid_until": NOW}, "states_differ", "facts say trial, the provider active; it is paid"),
        ({"ends": True}, {}, "states_differ", "its end is planned by facts, and not at the provider"),
        ({}, {"ends": True}, "states_differ", "its end is planned at the provider, and not by facts"),
        (
            {"every": "1 month"},
            {"every": "1 year"},
            "states_differ",
            "facts say each 1 month, the provider each 1 year",
        ),
        ({"product_id": "p"}, {"product_id": "q"}, "states_differ", "facts say plan p, the provider q"),
        ({"held": 300}, {}, "states_differ", "the books have 300 EUR of it deferred, for no period"),
        ({"held": 300, "state": OVER}, {"state": OVER}, "states_differ", "the books have 300 EUR of it deferred"),
        (
            {},
            {"invoices": {"in_1": 900}},
            "states_differ",
            "invoice in_1 of 900 EUR is paid at the provider, and no fact",
        ),
        (
            {"invoices": {"in_1": 900}},
            {"invoices": {"in_1": 1_900}},
            "amounts_differ",
            "invoice in_1: facts say 900 EUR, the provider 1900 EUR",
        ),
        ({}, {"amount": 2_900}, "amounts_differ", "facts say 1900 EUR, the provider 2900 EUR"),
        ({}, {"currency": "USD"}, "amounts_differ", "facts say 1900 EUR, the provider 1900 USD"),
    ],
)
def test_a_subscription_that_differs(ours: dict[str, Any], theirs: dict[str, Any], kind: str, sentence: str) -> None:
    """Status, period, planned end, plan and amount are found, with when the last side came to say so."""
    (finding,) = found(subscription(Side.FACTS, **ours), subscription(Side.PROVIDER, **theirs))
    assert (finding.kind, finding.id, finding.provider_id, finding.at) == (kind, "o1", "sub_1", OLD)
    assert finding.sentence.startswith(f"subscription: {sentence}")


def test_a_subscription_of_one_side_only() -> None:
    """A second one at the provider, and one that it does not know, are found; not what is over, or of another shop."""
    (unknown,) = found(None, subscription(Side.PROVIDER, provider_id="sub_2"))
    assert (unknown.kind, unknown.about, unknown.provider_id) == (Kind.UNKNOWN_TO_US, "subscription", "sub_2")
    (missing,) = found(subscription(Side.FACTS), None)
    assert (missing.kind, missing.amounts) == (Kind.UNKNOWN_AT_PROVIDER, {"facts": 1_900})
    assert found(None, subscription(Side.PROVIDER, state=OVER)) == []
    assert found(None, subscription(Side.PROVIDER, learner_id=None)) == []
    assert found(subscription(Side.FACTS, state=OVER), None) == []


def test_a_lost_dispute() -> None:
    """Facts that do not know of it, another amount, and a reserve that is still in the books are found."""
    (open_by_facts,) = found(dispute(Side.FACTS), dispute(Side.PROVIDER, "lost"))
    assert (open_by_facts.kind, open_by_facts.about, open_by_facts.id) == (Kind.STATES_DIFFER, "dispute", "du_1")
    assert open_by_facts.sentence == "dispute: facts say open, the provider lost"
    (reserved,) = found(dispute(Side.FACTS, "lost", held=4_900), dispute(Side.PROVIDER, "lost"))
    assert "the books still have 4900 of it in reserve" in reserved.sentence
    (less,) = found(dispute(Side.FACTS, amount=900), dispute(Side.PROVIDER))
    assert (less.kind, less.amounts) == (Kind.AMOUNTS_DIFFER, {"facts": 900, "provider": 4_900})
    assert found(dispute(Side.FACTS, "lost"), dispute(Side.PROVIDER, "lost")) == []
    assert found(dispute(Side.FACTS, held=4_900), dispute(Side.PROVIDER)) == []
    assert found(None, dispute(Side.PROVIDER, learner_id=None)) == []


def test_what_has_just_changed_is_on_its_way() -> None:
    """Neither what the provider has just said something about, nor what a job is about, is a finding yet."""
    both = (dispute(Side.FACTS), dispute(Side.PROVIDER, "lost"))
    assert result_of(*both, changed={"du_1": NOW + timedelta(seconds=1)}).pending == 1
    assert result_of(*both, busy={"dispute-ann:du_1"}).pending == 1
    assert result_of(*both, changed={"du_1": OLD}).pending == 0


def test_what_is_found_about_money_is_not_found_twice() -> None:
    """A dispute whose money no fact knows is one finding."""
    result = Result(NOW)
    for _ in range(2):
        compare_standings([], [dispute(Side.PROVIDER)], result, {})
    assert len(result.findings) == 1
