"""Access follows the money: bought, refunded, disputed, given, ended; and it is the union of what a learner has."""

from datetime import timedelta

import pytest

from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import (
    AcceptSeat,
    CompleteEnrollment,
    FollowEntitlements,
    OfferSeat,
    ReactivateEnrollment,
    RequestEnrollment,
    WithdrawEnrollment,
)
from commands.enrollment.transfer import TransferEnrollment
from commands.payment.disputes import CloseDispute, OpenDispute, RecordDisputeFunds
from commands.payment.entitlements import ExpireEntitlement, FollowOrder, GrantEntitlement, RevokeEntitlement
from commands.payment.products import ChangePrice, CreateProduct, RetireProduct
from commands.payment.refunds import (
    RecordProviderRefund,
    RecordRefund,
    RecordRefundFailed,
    RecordRefundFunds,
    RequestRefund,
)
from commands.progress import OpenUnit
from domain.enrollment import Enrollment
from domain.payment.entitlement import Entitlement
from tests.support.given import fact
from tests.support.shop import PRICE, SHOP, buy, follow, order, paid, status_of
from tests.support.usecases import AT, END, RUN, SMALL, START, UNITS, Campus

ANN = ("ann", RUN)


@pytest.fixture
async def shop(campus: Campus) -> Campus:
    """A campus that sells."""
    await campus.give(*SHOP)
    return campus


async def refund(campus: Campus, order_id: str = "o1", number: int = 1, **what: object) -> None:
    """Staff give money back, and the provider does it."""
    await campus.give(RequestRefund("ann", order_id, "not what was wanted", **what))  # type: ignore[arg-type]
    await campus.give(RecordRefund("ann", f"{order_id}.r{number}", f"re_{number}"))
    await follow(campus, order_id)


async def test_a_run_that_is_sold_is_entered_by_entitlement_only(shop: Campus) -> None:
    """A refusal names what to buy; who has bought is let in, with the entitlement that does it."""
    assert await shop.refused(RequestEnrollment(*ANN)) == "payment_required"
    await shop.give(order(), paid())
    assert await shop.new(FollowOrder("ann", "o1")) == [
        (
            "entitlement-ann:o1.1",
            fact(
                Entitlement.Granted,
                cause="order",
                order_id="o1",
                line=1,
                subscription_id=None,
                product_id="one",
                runs=[RUN],
                access_from="2026-02-02T09:00:00Z",
                access_until=None,
                reason="",
            ),
        )
    ]
    assert await shop.repeats(FollowOrder("ann", "o1"))
    requested, activated = await shop.new(FollowEntitlements("ann", "o1.1", admit=True))
    assert requested[1].fields["mode"] == "entitlement"
    assert activated[1] == fact(Enrollment.Activated, access_from=None, access_until=None, entitlement_id="o1.1")
    assert await shop.repeats(FollowEntitlements("ann", "o1.1", admit=True))
    assert await shop.repeats(RequestEnrollment(*ANN))


async def test_who_has_bought_may_ask_before_the_reaction_does(shop: Campus) -> None:
    """The entitlement counts from the moment at which it is a fact."""
    await shop.give(order(), paid(), FollowOrder("ann", "o1"), RequestEnrollment(*ANN))
    assert await status_of(shop) == "activated"
    assert await shop.new(FollowEntitlements("ann", "o1.1", admit=True)) == []


async def test_a_refund_suspends_and_buying_again_resumes(shop: Campus) -> None:
    """Progress is kept, and meanwhile nothing can be done on the run."""
    await buy(shop)
    await refund(shop)
    assert await status_of(shop) == "suspended"
    assert await shop.refused(OpenUnit(*ANN, "intro")) == "no_access"
    assert await shop.refused(RequestEnrollment(*ANN)) == "payment_required"
    await buy(shop, "o2")
    assert await status_of(shop) == "resumed"
    assert await shop.give(OpenUnit(*ANN, "intro"))


async def test_what_was_completed_is_so_again(shop: Campus) -> None:
    """A refund takes access away also from who has passed, and gives back what there was."""
    await buy(shop)
    await shop.give(CompleteEnrollment(*ANN))
    await refund(shop)
    assert await shop.refused(CompleteEnrollment(*ANN)) == "not_active"
    await buy(shop, "o2")
    facts = await shop.log.stream(f"enrollment-ann:{RUN}")
    assert facts[-1].data == {"status": "completed", "reason": "granted", "by": "entitlement"}


async def test_access_is_the_union(shop: Campus) -> None:
    """What was bought twice stays when one order is refunded, and ends with the last."""
    await buy(shop)
    await shop.give(GrantEntitlement("ann", "gift-1", [RUN], "won a prize", "gift"))
    await refund(shop)
    assert await status_of(shop) == "activated"
    await shop.give(RevokeEntitlement("ann", "gift-1", "a mistake"), FollowEntitlements("ann", "gift-1", "a mistake"))
    assert await status_of(shop) == "suspended"


async def test_a_refund_of_a_line_ends_its_access_only(shop: Campus) -> None:
    """And a part of a line ends none."""
    await buy(shop, "o1", "one", "small", amount=PRICE + 2_000)
    await refund(shop, lines=[1], amount=1)
    assert [await status_of(shop), await status_of(shop, SMALL)] == ["activated", "activated"]
    await refund(shop, number=2, lines=[1])
    assert [await status_of(shop), await status_of(shop, SMALL)] == ["suspended", "activated"]


async def test_a_refund_made_at_the_provider_ends_access_as_ours_does(shop: Campus) -> None:
    """Once, however often it is said; in part it ends nothing; one that the bank sends back gives access once more."""
    await buy(shop)
    await shop.give(RecordProviderRefund("ann", "o1.1", "re_1", 900, "EUR"))
    await follow(shop)
    assert await status_of(shop) == "activated"
    rest = RecordProviderRefund("ann", "o1.1", "re_2", PRICE - 900, "EUR", "duplicate")
    await shop.give(rest)
    assert await shop.repeats(rest)
    await follow(shop)
    assert await status_of(shop) == "suspended"
    assert await shop.refused(RequestRefund("ann", "o1", "asked")) == "not_refundable"
    await shop.give(RecordProviderRefund("ann", "o1.1", "re_2", PRICE - 900, "EUR", "duplicate", "closed"))
    await shop.give(RecordRefundFunds("ann", "re_2", "txn_1", PRICE - 900, 0, "EUR"))
    await follow(shop)
    assert await status_of(shop) == "resumed"
    late = await shop.new(RecordProviderRefund("ann", "o1.1", "re_3", 100, "EUR", "", "closed"))
    assert [name for name, _ in late].count("order-ann:o1") == 3


async def test_a_line_that_cannot_be_granted_keeps_no_other_back(shop: Campus) -> None:
    """It is refused by itself once the others have access, and granted as soon as the course has a run again."""
    await shop.give(
        CreateCourse("geometry", "Geometry"),
        PublishCourse("geometry", UNITS),
        ScheduleRun("geometry-1", "geometry", 1, START, AT + timedelta(hours=1)),
        OpenRun("geometry-1"),
        CreateProduct("shapes", "Geometry", "course", "geometry"),
        ChangePrice("shapes", "EUR", 1_000),
        order("o1", "shapes", "one"),
    )
    late = AT + timedelta(hours=2)
    await shop.facts(paid(amount=1_000 + PRICE), at=late)
    granted = await shop.new(FollowOrder("ann", "o1"), at=late)
    assert [(name, each.fields["runs"]) for name, each in granted] == [("entitlement-ann:o1.2", [RUN])]
    assert await shop.refused(FollowOrder("ann", "o1"), at=late) == "no_run_on_sale"
    await shop.give(ScheduleRun("geometry-2", "geometry", 1, START, END))
    granted = await shop.new(FollowOrder("ann", "o1"), at=late)
    assert [(name, each.fields["runs"]) for name, each in granted] == [("entitlement-ann:o1.1", ["geometry-2"])]


async def test_a_refund_that_fails_takes_nothing_away(shop: Campus) -> None:
    """It can be asked for again."""
    await buy(shop)
    await shop.give(RequestRefund("ann", "o1", "asked"), RecordRefundFailed("ann", "o1.r1", "closed"))
    await follow(shop)
    assert await status_of(shop) == "activated"
    assert await shop.refused(RequestRefund("ann", "o1", " ")) == "refund_reason_needed"
    assert await shop.refused(RequestRefund("ann", "o1", "asked", PRICE + 1)) == "not_refundable"
    assert await shop.refused(RecordRefund("ann", "o1.r9", "re_9")) == "refund_not_found"
    await refund(shop, number=2)
    assert await status_of(shop) == "suspended"


async def test_a_refund_that_fails_after_it_was_issued_gives_access_back(shop: Campus) -> None:
    """By another entitlement, since what was revoked stays so; what staff have revoked is not given back."""
    await buy(shop)
    await refund(shop)
    await shop.give(RecordRefundFailed("ann", "o1.r1", "closed"))
    await follow(shop)
    assert await status_of(shop) == "resumed"
    assert (await shop.log.stream("entitlement-ann:o1.1.2"))[-1].type == "entitlement.granted"
    assert await shop.repeats(FollowOrder("ann", "o1"))
    await shop.give(RevokeEntitlement("ann", "o1.1.2", "a mistake"))
    assert await shop.new(FollowOrder("ann", "o1")) == []


async def test_what_staff_have_revoked_stays_so_whatever_they_call_it(shop: Campus) -> None:
    """Their word for it is no refund of ours, after whose failure access would be given again."""
    await buy(shop)
    await shop.give(RevokeEntitlement("ann", "o1.1", "refunded"))
    assert await shop.new(FollowOrder("ann", "o1")) == []
    (*_, revoked) = await shop.log.stream("entitlement-ann:o1.1")
    assert revoked.data == {"reason": "staff: refunded"}


async def test_money_that_came_twice_goes_back_without_harm(shop: Campus) -> None:
    """Each payment has a refund of its own."""
    await buy(shop)
    await shop.give(RequestRefund("ann", "o1", "asked", 1))
    new = await shop.new(RequestRefund("ann", "o1", "asked"))
    assert [stream for stream, _ in new] == ["refund-ann:o1.r2", "order-ann:o1"]


@pytest.mark.parametrize(("product", "run_id", "meanwhile"), [("one", RUN, "suspended"), ("small", SMALL, "activated")])
@pytest.mark.parametrize(("outcome", "then"), [("won", {"resumed", "activated"}), ("lost", {"suspended"})])
async def test_a_dispute(
    shop: Campus, product: str, run_id: str, *, meanwhile: str, outcome: str, then: set[str]
) -> None:
    """While it is open the policy of the product decides; who has lost the money gives no access for it."""
    amount = PRICE if product == "one" else 2_000
    await buy(shop, "o1", product, amount=amount)
    await shop.give(
        OpenDispute("ann", "dp_1", "o1.1", "dp_1", amount, "EUR", "fraudulent"),
        RecordDisputeFunds("ann", "dp_1", "txn_1", amount, 2_000),
    )
    await follow(shop)
    assert await status_of(shop, run_id) == meanwhile
    await shop.give(CloseDispute("ann", "dp_1", outcome))
    assert await shop.repeats(CloseDispute("ann", "dp_1", outcome))
    await follow(shop)
    assert await status_of(shop, run_id) in then


async def test_what_disputes_refuse(shop: Campus) -> None:
    """Payments and disputes that there are not."""
    await buy(shop)
    assert await shop.refused(OpenDispute("ann", "dp_1", "o9.1", "dp_1", 1, "EUR", "")) == "payment_not_found"
    assert await shop.refused(CloseDispute("ann", "dp_1", "won")) == "dispute_not_found"
    assert await shop.refused(RecordDisputeFunds("ann", "dp_1", "txn_1", 1)) == "dispute_not_found"


async def test_access_for_some_days_expires(shop: Campus) -> None:
    """At its time, not before."""
    await shop.give(
        CreateProduct("week", "Algebra, a week", "run", run_id=RUN, access_days=7), ChangePrice("week", "EUR", 500)
    )
    await buy(shop, "o1", "week", amount=500)
    assert await shop.new(ExpireEntitlement("ann", "o1.1")) == []
    week = AT + timedelta(days=7)
    expired = await shop.new(ExpireEntitlement("ann", "o1.1"), at=week)
    assert expired == [("entitlement-ann:o1.1", fact(Entitlement.Expired, until="2026-02-09T09:00:00Z"))]
    await shop.facts(FollowEntitlements("ann", "o1.1", "expired"), at=week)
    assert await status_of(shop) == "suspended"


async def test_access_goes_along_with_a_transfer(shop: Campus) -> None:
    """Also to a run that is sold by itself; it ends there with the refund, and no purchase leads to the old run."""
    there = "algebra-evening"
    await shop.give(ScheduleRun(there, "algebra", 1, START, END), OpenRun(there))
    await shop.give(CreateProduct("evening", "In the evening", "run", run_id=there), ChangePrice("evening", "EUR", 500))
    await buy(shop)
    transfer = TransferEnrollment(*ANN, there, "works")
    assert [said.fields.get("entitlement_id") for _, said in await shop.new(transfer)].count("o1.1") == 1
    assert await shop.repeats(FollowEntitlements("ann", "o1.1", admit=True)), "the old run admits no one again"
    await refund(shop)
    assert await status_of(shop, there) == "suspended"
    assert await status_of(shop, RUN) == "withdrawn"
    await shop.give(GrantEntitlement("ann", "gift-1", [RUN], "won a prize"))
    await shop.give(FollowEntitlements("ann", "gift-1", admit=True))
    assert (await status_of(shop, there), await status_of(shop, RUN)) == ("resumed", "withdrawn")


async def test_who_was_in_before_stays_in(campus: Campus) -> None:
    """Neither the sale nor the end of something bought takes a place away that cost nothing."""
    await campus.give(RequestEnrollment(*ANN), *SHOP)
    assert await campus.give(OpenUnit(*ANN, "intro"))
    await buy(campus)
    await refund(campus)
    assert await status_of(campus) == "activated"


async def test_who_waits_is_asked_to_pay(campus: Campus) -> None:
    """A seat that comes free on a run that is sold meanwhile goes to the next who has bought it."""
    await campus.give(*(RequestEnrollment(learner, SMALL) for learner in ("ann", "ben", "cid")), *SHOP)
    await campus.give(GrantEntitlement("cid", "gift-1", [SMALL], "won a prize"), WithdrawEnrollment("ann", SMALL))
    await campus.give(OfferSeat(SMALL))
    assert await status_of(campus, SMALL, "ben") == "withdrawn"
    assert await status_of(campus, SMALL, "cid") == "activated"
    assert await campus.refused(ReactivateEnrollment("ben", SMALL)) == "payment_required"


async def test_a_place_in_the_queue_ends_with_its_entitlement(shop: Campus) -> None:
    """Who has bought and waits gives up the queue when the money goes back."""
    await shop.give(GrantEntitlement("ben", "gift-1", [SMALL], "won a prize"), RequestEnrollment("ben", SMALL))
    await shop.give(GrantEntitlement("ann", "gift-2", [SMALL], "won a prize"))
    await shop.give(FollowEntitlements("ann", "gift-2", admit=True))
    assert await status_of(shop, SMALL) == "waitlisted"
    await shop.give(RevokeEntitlement("ann", "gift-2", "a mistake"), FollowEntitlements("ann", "gift-2", "a mistake"))
    assert await status_of(shop, SMALL) == "withdrawn"
    assert (await shop.log.stream(f"seats-{SMALL}"))[-1].type == "seats.queue_left"


async def test_who_has_left_comes_back_by_buying(shop: Campus) -> None:
    """But not by whatever else happens to an entitlement."""
    await buy(shop)
    await shop.give(WithdrawEnrollment(*ANN), FollowEntitlements("ann", "o1.1"))
    assert await status_of(shop) == "withdrawn"
    await shop.give(GrantEntitlement("ann", "gift-1", [RUN], "won a prize"))
    await shop.give(FollowEntitlements("ann", "gift-1", admit=True))
    assert await status_of(shop) == "activated"


async def test_a_run_that_admits_no_learner_does_not_keep_others_out(shop: Campus) -> None:
    """Of a bundle all runs are entered that can be; where none can, the refusal says why."""
    await shop.give(
        ScheduleRun("soon", "algebra", 1, START, END), GrantEntitlement("ann", "gift-1", [RUN, "soon"], "won a prize")
    )
    await shop.give(FollowEntitlements("ann", "gift-1", admit=True))
    assert [await status_of(shop), await status_of(shop, "soon")] == ["activated", ""]
    assert await shop.refused(FollowEntitlements("ann", "gift-9")) == "entitlement_not_found"
    await shop.give(GrantEntitlement("ann", "gift-2", ["soon"], "won a prize"))
    assert await shop.refused(FollowEntitlements("ann", "gift-2", admit=True)) == "run_closed"
    await shop.give(OpenRun("soon"), FollowEntitlements("ann", "gift-2", admit=True))
    assert await status_of(shop, "soon") == "activated"


async def test_what_is_given_has_a_reason(shop: Campus) -> None:
    """And is to runs that there are."""
    assert await shop.refused(GrantEntitlement("ann", "gift-1", [RUN], " ")) == "bad_entitlement"
    for cause in ("order", "subscription", "luck"):
        assert await shop.refused(GrantEntitlement("ann", "gift-1", [RUN], "x", cause)) == "bad_entitlement"
    assert await shop.refused(GrantEntitlement("ann", "gift-1", ["nowhere"], "x")) == "run_not_found"
    assert await shop.refused(RevokeEntitlement("ann", "gift-1", "x")) == "entitlement_not_found"


async def test_a_run_is_free_again_only_by_its_price(shop: Campus) -> None:
    """A product that is retired leaves it sold, though it can be bought no more; one that costs nothing lets all in."""
    await shop.give(*(RetireProduct(product) for product in ("one", "both", "monthly")))
    assert await shop.refused(RequestEnrollment(*ANN)) == "payment_required"
    await shop.give(ChangePrice("small", "EUR", 0), RequestEnrollment("ann", SMALL))
    assert await status_of(shop, SMALL) == "activated"
    assert await shop.refused(AcceptSeat(*ANN)) == "payment_required"
