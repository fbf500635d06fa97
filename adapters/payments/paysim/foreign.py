"""
Objects that are not the campus's: another shop uses the same Stripe account.
"""

from adapters.payments.paysim import customers, events, intents, methods
from adapters.payments.paysim.cards import VISA
from adapters.payments.paysim.faults import ANOTHER_SHOP
from adapters.payments.paysim.sim import Sim, new_id
from adapters.payments.paysim.store import Object


def make(sim: Sim, *, paid: bool = False) -> Object:
    """A customer and an intent of another shop, *paid* or not, and an event of a type that Stripe does not have."""
    customer = customers.make(sim, email="shopper@example.org", metadata=ANOTHER_SHOP)
    intent = intents.make(
        sim, 1_900, "eur", customer=customer["id"], metadata=ANOTHER_SHOP, description="A bicycle bell"
    )
    events.record(sim, "payment_intent.created", intent)
    if paid:
        method = sim.store.put(methods.of_card(sim, VISA))
        intent["payment_method"] = method["id"]
        intents.charge(sim, intent)
    events.record(
        sim, "paysim.unheard_of", {"id": new_id("unheard"), "object": "paysim.unheard_of", "metadata": ANOTHER_SHOP}
    )
    return intent
