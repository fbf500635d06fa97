"""What messages of the provider come to: paysim in memory, understood over the port of Stripe's SDK."""

from typing import Any

import pytest

from commands.payment.disputes import OpenDispute
from commands.payment.orders import PlaceOrder
from commands.payment.refunds import RequestRefund
from domain.payment.errors import AlreadyOwned, OrderExpiring
from domain.payment.order import Order, order_stream
from tests.support.booked import balances, booked_of
from tests.support.desk import Desk
from tests.support.till import PRODUCTS
from tests.support.usecases import RUN

PRICE = PRODUCTS["one"]


@pytest.fixture
def desk() -> Desk:
    """A campus that sells, and its provider."""
    return Desk()


def bought(desk: Desk, **how: Any) -> str:
    """An order that is paid; its charge."""
    desk.do(PlaceOrder("ann", "o1", ["one"], "EUR"))
    desk.pay("o1", **how)
    desk.paysim.advance(seconds=5)
    desk.hear_all()
    return str(desk.paysim.api.charges.list().data[0].id)


def order_of(desk: Desk, order_id: str = "o1") -> Order:
    return desk.till.log.replay(Order, order_stream("ann", order_id))


def types(desk: Desk, category: str) -> list[str]:
    """The facts of all streams of a category, without its name."""
    facts = desk.till.facts(*(f"{category}.{name}" for name in NAMES[category]))
    return [each.type.removeprefix(f"{category}.") for each in facts]


NAMES = {
    "dispute": (
        *("inquiry_opened", "inquiry_closed", "inquiry_found", "opened"),
        *("funds_withdrawn", "funds_reinstated", "closed"),
    ),
}


def inquiry(desk: Desk, charge: str) -> str:
    """The bank asks about a charge, and its message has come; the id of the inquiry."""
    made = desk.paysim.control("disputes", {"charge": charge, "inquiry": True})
    desk.hear_all()
    return str(made["id"])


def test_an_inquiry_takes_nothing_away(desk: Desk) -> None:
    """Neither access nor the right to refund, and nothing is booked; at its end it is closed."""
    inquired = inquiry(desk, bought(desk))
    assert types(desk, "dispute") == ["inquiry_opened"]
    assert order_of(desk).status == "paid"
    assert desk.till.has_access("ann", RUN)
    desk.do(RequestRefund("ann", "o1", "rather than a dispute", PRICE // 2))
    desk.work()
    desk.paysim.control("disputes/close", {"dispute": inquired, "outcome": "warning_closed"})
    desk.hear_all()
    assert types(desk, "dispute") == ["inquiry_opened", "inquiry_closed"]
    assert order_of(desk).status == "partly_refunded"
    assert desk.till.has_access("ann", RUN)


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_an_inquiry_becomes_a_dispute(desk: Desk, outcome: str) -> None:
    """From then on it is one like others: what it says late, as an inquiry, changes nothing."""
    inquired = inquiry(desk, bought(desk))
    asked = desk.events()
    desk.paysim.control("disputes/escalate", {"dispute": inquired})
    desk.hear_all()
    assert types(desk, "dispute") == ["inquiry_opened", "opened", "funds_withdrawn"]
    assert order_of(desk).status == "disputed"
    assert not desk.till.has_access("ann", RUN)
    desk.hear_all(asked)
    desk.paysim.control("disputes/close", {"dispute": inquired, "outcome": outcome})
    desk.hear_all()
    back = ["funds_reinstated", "closed"] if outcome == "won" else ["closed"]
    assert types(desk, "dispute") == ["inquiry_opened", "opened", "funds_withdrawn", *back]
    assert desk.till.has_access("ann", RUN) is (outcome == "won")


@pytest.mark.parametrize("end", ["warning_closed", "escalate"])
def test_an_inquiry_that_an_older_version_took_for_a_dispute_is_one_again(desk: Desk, end: str) -> None:
    """When the provider next says something about it: access comes back, and refunds; it may still become a dispute."""
    charge = bought(desk)
    made = desk.paysim.control("disputes", {"charge": charge, "inquiry": True})
    intent = desk.paysim.api.charges.retrieve(charge).payment_intent
    desk.do(OpenDispute("ann", made["id"], "o1.1", made["id"], PRICE, "EUR", "fraudulent", intent_id=str(intent)))
    desk.till.settle()
    assert not desk.till.has_access("ann", RUN)
    desk.hear_all()
    desk.hear_all()
    assert types(desk, "dispute") == ["opened", "inquiry_found"]
    assert (order_of(desk).status, desk.till.has_access("ann", RUN)) == ("paid", True)
    assert [row.outcome for row in order_of(desk).disputes.values()] == ["warning_closed"]
    old = desk.events()
    if end == "escalate":
        desk.paysim.control("disputes/escalate", {"dispute": made["id"]})
    else:
        desk.paysim.control("disputes/close", {"dispute": made["id"], "outcome": end})
    desk.hear_all()
    desk.hear_all(old)
    rest = ["opened", "funds_withdrawn"] if end == "escalate" else ["inquiry_closed"]
    assert types(desk, "dispute") == ["opened", "inquiry_found", *rest]
    assert order_of(desk).status == ("disputed" if end == "escalate" else "paid")
    assert desk.till.has_access("ann", RUN) is (end != "escalate")


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_an_appeal_may_turn_what_was_lost(desk: Desk, outcome: str) -> None:
    """As long as it is open it is lost; if it is won the money is there again, and access to the same run."""
    charge = bought(desk)
    disputed = desk.paysim.control("disputes", {"charge": charge})["id"]
    desk.paysim.control("disputes/close", {"dispute": disputed, "outcome": "lost"})
    desk.hear_all()
    assert not desk.till.has_access("ann", RUN)
    old = desk.events()
    desk.paysim.control("disputes/appeal", {"dispute": disputed})
    desk.hear_all()
    assert types(desk, "dispute") == ["opened", "funds_withdrawn", "closed"]
    desk.paysim.control("disputes/close", {"dispute": disputed, "outcome": outcome})
    desk.hear_all()
    desk.hear_all(old)
    back = ["funds_reinstated", "closed"] if outcome == "won" else []
    assert types(desk, "dispute") == ["opened", "funds_withdrawn", "closed", *back]
    assert desk.till.has_access("ann", RUN) is (outcome == "won")
    assert order_of(desk).is_lost is (outcome == "lost")


@pytest.mark.parametrize(("first", "then"), [("won", "lost"), ("lost", "won")])
def test_a_decision_that_the_bank_turns_is_followed(desk: Desk, first: str, then: str) -> None:
    """And back once more: facts, access and the books; what is said again, and late, turns nothing."""
    disputed = desk.paysim.control("disputes", {"charge": bought(desk)})["id"]
    desk.paysim.control("disputes/close", {"dispute": disputed, "outcome": first})
    desk.hear_all()
    for outcome in (then, first, then):
        old = desk.events()
        desk.paysim.control("disputes/turn", {"dispute": disputed})
        unheard = desk.copy()
        desk.hear_all()
        desk.hear_all(old)
        unheard.hear_all([*reversed(desk.events()), *old])
        for each in (desk, unheard):
            assert (order_of(each).is_lost, each.till.has_access("ann", RUN)) == (outcome == "lost", outcome == "won")
            held = balances(booked_of(each.till))
            assert held["EUR clearing"] == desk.paysim.control("summary", method="GET")["currencies"]["eur"]["balance"]
            assert held.get("EUR disputes:algebra", 0) == (PRICE if outcome == "lost" else 0)
    for category in ("dispute.closed", "order.dispute_closed"):
        assert [each.data["outcome"] for each in desk.till.facts(category)] == [first, then, first, then]


def test_what_becomes_known_only_when_it_is_a_dispute_is_one(desk: Desk) -> None:
    """The messages of the inquiry were late: there is none any more."""
    charge = bought(desk)
    made = desk.paysim.control("disputes", {"charge": charge, "inquiry": True})
    desk.paysim.control("disputes/escalate", {"dispute": made["id"]})
    desk.hear_all()
    assert types(desk, "dispute") == ["opened", "funds_withdrawn"]


def test_an_order_whose_time_is_over_ends_when_the_provider_has_said_that_it_is_not_paid(desk: Desk) -> None:
    """Also if the learner orders the same once more: who has paid in time, and whose message is late, pays once."""
    desk.do(PlaceOrder("ann", "o1", ["one"], "EUR"))
    desk.pay("o1")
    desk.paysim.advance(days=2)
    desk.now()
    again = PlaceOrder("ann", "o2", ["one"], "EUR")
    assert isinstance(desk.till.do(again), OrderExpiring)
    assert isinstance(desk.till.do(PlaceOrder("ann", "o2", ["one", "other"], "EUR")), OrderExpiring)
    assert desk.till.do(PlaceOrder("ann", "o3", ["other"], "EUR")) is None
    desk.expire("o1")
    assert order_of(desk).status == "paid"
    assert isinstance(desk.till.do(again), AlreadyOwned)

    desk.do(PlaceOrder("ben", "o4", ["one"], "EUR"))
    desk.work()
    desk.paysim.advance(days=2)
    desk.expire("o4", "ben")
    desk.do(PlaceOrder("ben", "o5", ["one"], "EUR"))
    assert [each.id("order_id") for each in desk.till.facts("order.expired")] == ["o4"]


def test_the_fee_of_a_dispute_that_is_won_comes_back(desk: Desk) -> None:
    """What was charged, and what of it was given back, each with its sign."""
    bought(desk, card="pm_card_createDispute")
    (dispute,) = desk.paysim.api.disputes.list().data
    desk.paysim.control("disputes/close", {"dispute": dispute.id, "outcome": "won"})
    desk.hear_all()
    taken, given = desk.till.facts("dispute.funds_withdrawn", "dispute.funds_reinstated")
    assert (taken.data["amount"], taken.data["fee"]) == (PRICE, 1_500)
    assert (given.data["amount"], given.data["fee"]) == (PRICE, 1_500)


def test_a_fee_that_is_charged_when_money_comes_back_is_no_fee_given_back(desk: Desk) -> None:
    """A bank may charge for the dispute that we have won, too, and may keep the first fee."""
    bought(desk, card="pm_card_createDispute")
    (dispute,) = desk.paysim.sim.store.find("dispute")
    moved = {**dispute["balance_transactions"][0], "id": "txn_back", "amount": PRICE, "fee": 300, "net": PRICE - 300}
    only_fee = {**moved, "id": "txn_fee", "amount": 0, "fee": -700, "net": 700}
    dispute["balance_transactions"] = [*dispute["balance_transactions"], moved, only_fee]
    desk.paysim.sim.store.put({**dispute, "status": "won"})
    desk.hear_all()
    facts = desk.till.facts("dispute.funds_withdrawn", "dispute.funds_reinstated")
    moves = [(each.type.rpartition("_")[2], each.data["amount"], each.data["fee"]) for each in facts]
    assert moves == [("withdrawn", PRICE, 1_500), ("reinstated", PRICE, -300), ("withdrawn", 0, -700)]
