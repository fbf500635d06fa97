"""Payments of an earlier time, which a campus with a history brings along."""

from tests.support.paysim import Paysim

PAYMENT = {
    "intent": "pi_then",
    "charge": "ch_then",
    "balance_transaction": "txn_then",
    "amount": 4_900,
    "currency": "eur",
    "metadata": {"campus": "demo"},
    "created": 1_700_000_000,
}


def test_a_payment_of_an_earlier_time_is_as_any_other(paysim: Paysim) -> None:
    """It has its ids and time, no event says so, it comes once, and its money can be given back."""
    for _ in range(2):
        assert paysim.control("past", {"payments": [PAYMENT]}) == {"intents": ["pi_then"]}
    intent = paysim.api.payment_intents.retrieve("pi_then")
    assert (intent.status, intent.created, intent.latest_charge) == ("succeeded", 1_700_000_000, "ch_then")
    (moved,) = paysim.api.balance_transactions.list().data
    assert (moved.id, moved.amount, moved.fee, moved.source) == ("txn_then", 4_900, 99, "ch_then")
    assert moved.created < moved.available_on < paysim.sim.clock.now()
    assert not paysim.sim.store.find("event")
    assert paysim.api.refunds.create({"payment_intent": "pi_then"}).amount == 4_900
