"""Use cases of the books, of products, and of taxes."""

from datetime import date

import pytest

from commands.payment.books import (
    ClosePeriod,
    DismissProviderEvent,
    IssueReceipt,
    MatchProviderEvent,
    RecordPayout,
    RecordPayoutFailed,
    RecordProviderEvent,
)
from commands.payment.products import CreateProduct, RetireProduct
from commands.payment.tax import inclusive
from domain.payment.errors import UnknownCountry
from domain.payment.offers import Offers
from domain.payment.provider_event import Message
from tests.support.given import fact
from tests.support.shop import SHOP, buy, order
from tests.support.usecases import AT, RUN, SMALL, Campus

MESSAGE = Message(provider="stripe", event_type="x", created=AT, livemode=False, object_type="charge", object_id="ch_1")


async def test_messages_payouts_and_days_are_recorded_once(campus: Campus) -> None:
    """However often they come."""
    for command, new in (
        (RecordProviderEvent("evt_1", MESSAGE), "provider.event_received"),
        (MatchProviderEvent("evt_1", reason="unknown"), "provider.event_unmatched"),
        (DismissProviderEvent("evt_1", "a test"), "provider.event_dismissed"),
        (MatchProviderEvent("evt_1", "order-ann:o1"), "provider.event_matched"),
        (RecordPayout("po_1", 4_319, "EUR", date(2026, 3, 11), 2), "payout.received"),
        (RecordPayoutFailed("po_1", "account_closed"), "payout.failed"),
        (ClosePeriod(date(2026, 1, 31)), "books.period_closed"),
    ):
        assert [each.type for each in await campus.facts(command)] == [new]
        assert await campus.repeats(command)
    assert await campus.refused(ClosePeriod(date(2026, 2, 2))) == "bad_period"


async def test_a_paid_order_has_one_receipt(campus: Campus) -> None:
    """Its number follows from its place in the year."""
    await campus.give(*SHOP)
    for order_id, learner_id in (("o1", "ann"), ("o2", "ben")):
        await buy(campus, order_id, learner_id=learner_id)
    numbers = []
    for command in (IssueReceipt("ben", "o2"), IssueReceipt("ann", "o1")):
        ((stream, said),) = await campus.new(command)
        assert stream == "receipts-2026"
        numbers.append((said.fields["number"], said.fields["order_id"], said.fields["total"]))
        assert await campus.repeats(command)
    assert numbers == [("2026-000001", "o2", 4_900), ("2026-000002", "o1", 4_900)]
    await campus.give(order("o3", "small"))
    assert await campus.refused(IssueReceipt("ann", "o3")) == "order_not_paid"
    assert await campus.refused(IssueReceipt("ann", "o4")) == "order_not_found"


async def test_a_product_sells_its_courses(campus: Campus) -> None:
    """Whatever it consists of, until it is retired."""
    await campus.give(*SHOP)
    bundle = CreateProduct("all", "All of it", "bundle", products=["one", "small"])
    added = [("offers-algebra", fact(Offers.ProductAdded, product_id="all", run_id=run_id)) for run_id in (RUN, SMALL)]
    assert (await campus.new(bundle))[:-1] == added
    assert await campus.repeats(bundle)
    removed, _ = await campus.new(RetireProduct("all"))
    assert removed == ("offers-algebra", fact(Offers.ProductRemoved, product_id="all"))


async def test_what_no_product_is_made_of(campus: Campus) -> None:
    """Courses, runs and products that there are not, a run of another course, and bundles of bundles."""
    await campus.give(*SHOP)
    for command, code in (
        (CreateProduct("x", "X", "course", "nothing"), "course_not_found"),
        (CreateProduct("x", "X", "run", run_id="nowhere"), "run_not_found"),
        (CreateProduct("x", "X", "run", "other", RUN), "bad_product"),
        (CreateProduct("x", "X", "bundle", products=["none"]), "product_not_found"),
        (CreateProduct("x", "X", "bundle", products=["both"]), "bad_product"),
        (CreateProduct("one", "Other", "run", run_id=RUN), "product_exists"),
        (RetireProduct("none"), "product_not_found"),
    ):
        assert await campus.refused(command) == code


def test_a_rate_of_tax_is_that_of_the_country() -> None:
    """What is not in the table has the other rate, and a word is no country."""
    rate_of = inclusive({"DE": 1_900, "FR": 2_000}, otherwise=700)
    assert [rate_of(country) for country in ("DE", "FR", "US", None)] == [1_900, 2_000, 700, 700]
    with pytest.raises(UnknownCountry):
        rate_of("Germany")
    with pytest.raises(ValueError, match="basis points"):
        inclusive({"DE": -1})
