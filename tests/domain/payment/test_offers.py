"""By which products a course is sold."""

from domain.payment.offers import Offers
from tests.support.given import fact, given, replay

COURSE = fact(Offers.ProductAdded, product_id="all", run_id=None)
RUN = fact(Offers.ProductAdded, product_id="one", run_id="algebra-1")


def test_a_product_is_added_and_removed_once() -> None:
    """A second time changes nothing."""
    given(Offers).when(lambda offers: offers.add("one", "algebra-1")).then(RUN)
    given(Offers, RUN).when(lambda offers: offers.add("one", "algebra-1")).then()
    given(Offers, RUN).when(lambda offers: offers.remove("one")).then(fact(Offers.ProductRemoved, product_id="one"))
    given(Offers, RUN).when(lambda offers: offers.remove("all")).then()


def test_a_run_that_is_sold_leaves_the_others_free() -> None:
    """A course that is sold leaves none."""
    one = replay(Offers, "offers-algebra", [RUN])
    assert [one.sells("algebra-1"), one.sells("algebra-2")] == [True, False]
    assert one.granting("algebra-1") == ["one"]
    both = replay(Offers, "offers-algebra", [RUN, COURSE])
    assert both.sells("algebra-2")
    assert [both.granting("algebra-1"), both.granting("algebra-2")] == [["one", "all"], ["all"]]


def test_what_is_not_sold_any_more_does_not_become_free() -> None:
    """Only the products by which it could be bought are gone."""
    offers = replay(Offers, "offers-algebra", [RUN, fact(Offers.ProductRemoved, product_id="one")])
    assert offers.sells("algebra-1")
    assert offers.granting("algebra-1") == []
