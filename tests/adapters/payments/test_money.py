"""Whatever happens in whatever order, the books of paysim balance."""

from contextlib import suppress
from typing import Any

import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.payments.test_intents import pay
from tests.support.paysim import Paysim, Refused

CARDS = ("pm_card_visa", "pm_card_createDispute", "pm_card_refundFail", "pm_card_chargeDeclined")
STEP = st.one_of(
    st.tuples(st.just("pay"), st.sampled_from(CARDS)),
    st.tuples(st.just("hold"), st.just("pm_card_visa")),
    st.tuples(st.just("capture"), st.integers(1, 5_000)),
    st.tuples(st.just("refund"), st.integers(1, 5_000)),
    st.tuples(st.just("dispute"), st.none()),
    st.tuples(st.just("close"), st.sampled_from(["won", "lost"])),
    st.tuples(st.just("advance"), st.sampled_from([1.0, 10.0, 90_000.0])),
)


class Shop:
    """Does one step after the other; what Stripe would refuse is refused."""

    def __init__(self) -> None:
        self.paysim = Paysim()
        self.intents: list[str] = []

    def do(self, step: str, value: Any) -> None:
        """One step, on the newest objects."""
        api, newest = self.paysim.api, self.intents[-1:]
        if step in ("pay", "hold"):
            self.intents.append(pay(self.paysim, value, capture_method="manual" if step == "hold" else "automatic").id)
        elif step == "advance":
            self.paysim.advance(seconds=value)
        elif step == "close":
            for dispute in api.disputes.list().data:
                self.paysim.control("disputes/close", {"dispute": dispute.id, "outcome": value})
        elif newest and step == "capture":
            api.payment_intents.capture(newest[0], {"amount_to_capture": value})
        elif newest and step == "refund":
            api.refunds.create({"payment_intent": newest[0], "amount": value})
        elif newest and step == "dispute":
            charge = api.payment_intents.retrieve(newest[0]).latest_charge
            self.paysim.control("disputes", {"charge": charge})

    def check(self) -> None:
        """Each charge adds up, and so does the balance."""
        store = self.paysim.sim.store
        moved = store.find("balance_transaction")
        for charge in store.find("charge"):
            refunds = [refund for refund in store.find("refund", charge=charge["id"]) if refund["status"] != "failed"]
            captured = charge["amount_captured"] if charge["captured"] else 0
            if captured:
                assert charge["amount_refunded"] == sum(refund["amount"] for refund in refunds) <= captured
            taken = [each["amount"] for each in moved if each["source"] == charge["id"]]
            assert sum(taken) == captured
        for dispute in store.find("dispute"):
            net = sum(each["net"] for each in moved if each["source"] == dispute["id"])
            assert net == (0 if dispute["status"] == "won" else -dispute["amount"] - 1500)
        books = self.paysim.control("summary", method="GET")["currencies"].get("eur", {"balance": 0})
        assert books["balance"] == sum(each["net"] for each in moved)


@given(steps=st.lists(STEP, max_size=12))
@settings(max_examples=40, deadline=None)
def test_charges_and_balance_add_up_after_every_history(steps: list[tuple[str, Any]]) -> None:
    """What was captured, refunded and disputed of each charge is what moved, to the cent."""
    shop = Shop()
    for step, value in steps:
        with suppress(stripe.StripeError, Refused):
            shop.do(step, value)
    shop.check()
