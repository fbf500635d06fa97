"""What the figures of a simulation find, when one side knows what the other does not."""

from typing import Any

import pytest

from cli.payments.count import Books, count
from cli.payments.our_side import OurSide, fold
from cli.payments.provider_side import Charge, Dispute, Movement, ProviderSide, Refund, Subscribed, sorted_out
from cli.payments.simulation import table
from tests.support.facts import History

LINE = {"line": 1, "total": 4_900, "grants": [{"course_id": "c", "run_id": "r"}], "on_dispute": "suspend"}
PLACED = ("order-ann:o", "order.placed", {"currency": "EUR", "total": 4_900, "lines": [LINE]})
REQUESTED = ("payment-ann:o.1", "payment.requested", {"order_id": "o"})
CAPTURED = ("payment-ann:o.1", "payment.captured", {"charge_id": "ch", "amount": 4_900})
PAID = ("order-ann:o", "order.paid", {"payment_id": "o.1"})
FEE = ("payment-ann:o.1", "payment.fee_charged", {"balance_id": "txn"})
GRANTED: tuple[str, str, dict[str, Any]] = ("entitlement-ann:o.1", "entitlement.granted", {})
BOUGHT = (PLACED, REQUESTED, CAPTURED, PAID, FEE, GRANTED)
PARTS = {"order_id": "o", "amount": 4_900, "lines": [{"line": 1, "amount": 4_900}]}
ASKED = ("refund-ann:o.r1", "refund.requested", PARTS)
ISSUED = ("refund-ann:o.r1", "refund.issued", {"provider_id": "re"})
OPENED = ("dispute-ann:du", "dispute.opened", {"order_id": "o", "payment_id": "o.1", "amount": 4_900})

CHARGE = Charge("ch", "o", 4_900, "EUR")
MOVED = Movement("txn", "ch", "charge", 4_800, "EUR")
THEIRS = ProviderSide([CHARGE], [], [], [MOVED])
BOOKS = Books({"EUR": 0}, {"EUR": 4_800})
IN, OUT = {("ann", "r"): "active"}, {("ann", "r"): "suspended"}
Said = tuple[str, str, dict[str, Any]]


def side(*said: Said) -> OurSide:
    """Our side of these facts."""
    history = History()
    for stream, type_name, data in said:
        history.add(stream, type_name, **data)
    return fold(history.facts)


def figures(*said: Said, theirs: ProviderSide = THEIRS, seats: Any = None, books: Books = BOOKS) -> dict[str, int]:
    """The figures that are not 0, without the money."""
    found, sentences = count(["o"], side(*said), theirs, IN if seats is None else seats, books)
    zeros = ("access_without_payment", "paid_without_access", "doubled", "lost")
    assert len(sentences) == sum(found[name] for name in zeros) + bool(found["ledger_sum"])
    del found["amounts"]
    return {name: figure for name, figure in found.items() if figure}


FINE = {"orders": 1, "captured": 1, "entitlements": 1}


def test_an_order_that_was_paid_adds_up() -> None:
    """Charge, capture, fee, balance, entitlement and enrollment say the same; the money is counted by currency."""
    assert figures(*BOUGHT) == FINE
    found, _ = count(["o"], side(*BOUGHT), THEIRS, IN, BOOKS)
    money = {"captured": 4_900, "refunded": 0, "disputed": 0, "ledger_sum": 0}
    assert found["amounts"] == {"EUR": {**money, "clearing": 4_800, "provider_balance": 4_800}}


def test_what_is_still_under_way_is_lost() -> None:
    """A job that never ends is a finding, also where all money agrees."""
    found, said = count(["o"], side(*BOUGHT), THEIRS, IN, BOOKS, left="1 jobs")
    assert found["lost"] == 1
    assert said == ["lost: nothing moves any more, with 1 jobs"]


def test_a_charge_or_a_fact_alone_is_lost() -> None:
    """Each side is looked for at the other; an order that was acknowledged must be a fact."""
    assert figures(PLACED, REQUESTED, seats=OUT, books=Books({}, {}))["lost"] == 3  # charge, its balance, the sum
    assert figures(*BOUGHT, theirs=ProviderSide([], [], [], []), books=Books({}, {}), seats=OUT)["lost"] == 2
    assert figures(theirs=ProviderSide([], [], [], []), books=Books({}, {}), seats={}) == {"orders": 1, "lost": 1}


def test_a_second_charge_is_doubled_unless_it_is_a_known_excess() -> None:
    """Paid twice in two tabs is a fact that can be refunded; a charge that no fact knows is not."""
    second = Charge("ch2", "o", 4_900, "EUR")
    moved = Movement("txn2", "ch2", "charge", 4_800, "EUR")
    theirs = ProviderSide([CHARGE, second], [], [], [MOVED, moved])
    books = Books({"EUR": 0}, {"EUR": 9_600})
    found = figures(*BOUGHT, theirs=theirs, books=books)
    assert (found["doubled"], found["lost"]) == (1, 2)
    excess = (
        ("payment-ann:o.2", "payment.requested", {"order_id": "o"}),
        ("payment-ann:o.2", "payment.captured", {"charge_id": "ch2", "amount": 4_900}),
        ("order-ann:o", "order.overpaid", {"payment_id": "o.2"}),
        ("payment-ann:o.2", "payment.fee_charged", {"balance_id": "txn2"}),
    )
    assert figures(*BOUGHT, *excess, theirs=theirs, books=books) == FINE | {"captured": 2}


def test_what_is_recorded_twice_is_doubled() -> None:
    """A charge, a refund or an entry of the balance is a fact once."""
    again = ("payment-ann:o.9", "payment.fee_charged", {"balance_id": "txn"})
    assert figures(*BOUGHT, again) == FINE | {"doubled": 1}


def test_a_refund_ends_the_access_that_was_paid() -> None:
    """Who is still in has access without a payment; a refund without an outcome is lost; two for one are doubled."""
    refund = Refund("re", "o.r1", "o", 4_900, failed=False)
    theirs = THEIRS._replace(refunds=[refund])
    expected = {"orders": 1, "captured": 1, "refunded": 1, "entitlements": 1}
    assert figures(*BOUGHT, ASKED, ISSUED, theirs=theirs, seats=OUT) == expected
    assert figures(*BOUGHT, ASKED, ISSUED, theirs=theirs) == expected | {"access_without_payment": 1}
    assert figures(*BOUGHT, ASKED) == FINE | {"lost": 1}
    twice = theirs._replace(refunds=[refund, refund._replace(provider_id="re2")])
    found = figures(*BOUGHT, ASKED, ISSUED, theirs=twice, seats=OUT)
    assert (found["doubled"], found["lost"]) == (1, 1)


def test_a_refund_at_the_provider_is_one_of_ours() -> None:
    """It goes by the provider's id, and what it takes from the account is a fact; unknown, both are lost."""
    moved = Movement("txn3", "re", "refund", -4_900, "EUR")
    theirs = ProviderSide([CHARGE], [Refund("re", "re", "o", 4_900, failed=False)], [], [MOVED, moved])
    found = ("refund-ann:re", "refund.found", {**PARTS, "provider_id": "re"})
    funds = ("refund-ann:re", "refund.funds_moved", {"balance_id": "txn3"})
    books = Books({"EUR": 0}, {"EUR": -100})
    expected = {"orders": 1, "captured": 1, "refunded": 1, "entitlements": 1}
    assert figures(*BOUGHT, found, funds, theirs=theirs, seats=OUT, books=books) == expected
    assert figures(*BOUGHT, theirs=theirs, books=books) == expected | {"lost": 2}


def test_a_refund_may_fail_before_it_was_known() -> None:
    """The answer was lost, and the bank has sent the money back: that it has failed is all that counts."""
    theirs = THEIRS._replace(refunds=[Refund("re", "o.r1", "o", 4_900, failed=True)])
    failed = ("refund-ann:o.r1", "refund.failed", {"reason": "unknown"})
    assert figures(*BOUGHT, ASKED, failed, theirs=theirs) == FINE
    assert figures(*BOUGHT, ASKED, ISSUED, failed, theirs=theirs) == FINE
    assert figures(*BOUGHT, ASKED, ISSUED, theirs=theirs) == FINE | {"lost": 1}


def test_who_has_paid_is_in() -> None:
    """A learner whose money the provider has, and who is not on the run, is found."""
    assert figures(*BOUGHT, seats=OUT) == FINE | {"paid_without_access": 1}
    assert figures(*BOUGHT, seats={}) == FINE | {"paid_without_access": 1}


@pytest.mark.parametrize(
    ("outcome", "policy", "seats"),
    [("", "suspend", OUT), ("", "keep", IN), ("won", "suspend", IN), ("lost", "keep", OUT)],
)
def test_a_dispute_decides_about_access(outcome: str, policy: str, seats: Any) -> None:
    """While it is open the product says what it does; lost, access is over."""
    closed: tuple[Said, ...] = (("dispute-ann:du", "dispute.closed", {"outcome": outcome}),) if outcome else ()
    placed = (PLACED[0], PLACED[1], {**PLACED[2], "lines": [{**LINE, "on_dispute": policy}]})
    theirs = THEIRS._replace(disputes=[Dispute("du", "ch", "o", 4_900, outcome)])
    found = figures(placed, *BOUGHT[1:], OPENED, *closed, theirs=theirs, seats=seats)
    assert found == FINE | {"disputed": 1}
    assert figures(placed, *BOUGHT[1:], OPENED, theirs=theirs._replace(disputes=[]), seats=IN)["lost"] == 1


def test_money_that_came_too_late_gives_no_access() -> None:
    """An order that was cancelled and paid is an excess: the learner is not let in."""
    late = ("order-ann:o", "order.overpaid", {"payment_id": "o.1"})
    assert figures(PLACED, REQUESTED, CAPTURED, late, FEE, seats={}) == {"orders": 1, "captured": 1}


def test_books_that_do_not_balance_are_found() -> None:
    """All accounts add up to nothing, and the account of the provider to its balance."""
    assert figures(*BOUGHT, books=Books({"EUR": 3}, {"EUR": 4_800})) == FINE | {"ledger_sum": 3}
    assert figures(*BOUGHT, books=Books({"EUR": 0}, {"EUR": 4_900})) == FINE | {"lost": 1}


def test_the_table_has_numbers_and_money() -> None:
    """Each figure is a line: how many, and how much in each currency."""
    found, _ = count(["o"], side(*BOUGHT), THEIRS, IN, BOOKS)
    lines = table(found)
    number, money = (list(column.cells) for column in lines.columns[1:])
    shown = dict(zip(lines.columns[0].cells, zip(number, money, strict=True), strict=True))
    assert shown["captured"] == ("1", "49.00 EUR")
    assert shown["lost"] == ("0", "")
    assert shown["provider_balance"] == ("", "48.00 EUR")


PLAN_LINE = {**LINE, "plan": {"amount": 4_900}}
BEGUN = ("order-ann:o", "order.placed", {"currency": "EUR", "total": 0, "lines": [PLAN_LINE]})
STARTED: Said = ("subscription-ann:o", "subscription.started", {})
PERIOD = {"currency": "EUR", "total": 4_900, "lines": [PLAN_LINE], "subscription_id": "o"}
RENEWED: tuple[Said, ...] = (
    ("order-ann:o.p2", "order.placed", PERIOD),
    ("payment-ann:o.p2.1", "payment.requested", {"order_id": "o.p2"}),
    ("payment-ann:o.p2.1", "payment.captured", {"charge_id": None, "intent_id": "pi", "amount": 4_900}),
    ("order-ann:o.p2", "order.paid", {"payment_id": "o.p2.1"}),
    ("payment-ann:o.p2.1", "payment.fee_charged", {"balance_id": "txn"}),
    ("subscription-ann:o", "subscription.renewed", {}),
)
FOR_PERIOD = Charge("ch", "o", 4_900, "EUR", "pi")


def subscribed(status: str) -> ProviderSide:
    """The provider's side of a subscription, with a period that was paid."""
    return ProviderSide([FOR_PERIOD], [], [], [MOVED], [Subscribed("sub", "o", status)])


def test_periods_are_orders_of_their_subscription() -> None:
    """A charge for a period is a capture of the period's order; access follows the subscription."""
    facts = (BEGUN, STARTED, *RENEWED)
    assert figures(*facts, theirs=subscribed("active")) == {"orders": 1, "captured": 1}
    assert figures(*facts, theirs=subscribed("past_due")) == {"orders": 1, "captured": 1}
    assert figures(*facts, theirs=subscribed("active"), seats=OUT)["paid_without_access"] == 1
    assert figures(BEGUN, STARTED, theirs=subscribed("active"), books=Books({}, {}))["lost"] == 3


@pytest.mark.parametrize("over", ["ended", "cancelled"])
def test_a_subscription_is_over_on_both_sides(over: str) -> None:
    """One that goes on at one side only is lost, and so is one that only one side knows."""
    ended: Said = ("subscription-ann:o", f"subscription.{over}", {})
    facts = (BEGUN, STARTED, *RENEWED, ended)
    assert figures(*facts, theirs=subscribed("canceled"), seats=OUT) == {"orders": 1, "captured": 1}
    assert figures(*facts, theirs=subscribed("active"))["lost"] == 1
    found = figures(*facts[:-1], theirs=subscribed("canceled"))
    assert (found["lost"], found["access_without_payment"]) == (1, 1)
    assert figures(*facts, theirs=ProviderSide([FOR_PERIOD], [], [], [MOVED]), seats=OUT)["lost"] == 1


def test_charges_of_invoices_belong_to_their_subscription() -> None:
    """They name nothing of ours: their intent leads to the invoice, the invoice to the subscription."""
    named = {"campus": "demo", "order_id": "o"}
    charge = {"id": "ch", "metadata": {}, "status": "succeeded", "payment_intent": "pi", "amount_captured": 4_900}
    found: dict[str, list[dict[str, Any]]] = {
        "charges": [
            {**charge, "currency": "eur"},
            {**charge, "id": "other", "payment_intent": "else", "currency": "eur"},
        ],
        "refunds": [],
        "disputes": [],
        "balance_transactions": [],
        "subscriptions": [{"id": "sub", "metadata": named, "status": "active"}],
        "invoices": [{"id": "in", "parent": {"subscription_details": {"subscription": "sub"}}}],
        "invoice_payments": [{"invoice": "in", "payment": {"payment_intent": "pi"}}],
    }
    side = sorted_out(found, "demo", {"o"})
    assert side.charges == [FOR_PERIOD]
    assert side.subscriptions == [Subscribed("sub", "o", "active")]
    assert sorted_out(found, "other", {"o"}).charges == []
