"""
Payments of an earlier time: what a campus that was filled with a history has had paid, so that both sides agree.

They are made without events: the campus knows of them.
"""

from typing import Any

from adapters.payments.paysim import balance, charges, intents, methods
from adapters.payments.paysim.cards import VISA
from adapters.payments.paysim.sim import Sim
from adapters.payments.paysim.store import Object


def make(sim: Sim, payment: dict[str, Any]) -> Object:
    """
    A paid intent; once more, the same one.

    Args:
        payment: the ids (`intent`, `charge`, `balance_transaction`), `amount`, `currency`, `metadata`, and when it was
            `created`, as Unix time.
    """
    known = sim.store.get("payment_intent", payment["intent"])
    if known is not None:
        return known
    created, amount = int(payment["created"]), int(payment["amount"])
    when = {"created": created, "available_on": created + balance.AVAILABLE_AFTER}
    method = sim.store.put(methods.of_card(sim, VISA))
    intent = intents.make(
        sim, amount, payment["currency"], id=payment["intent"], created=created, metadata=payment["metadata"],
        capture_method="automatic", payment_method=method["id"],
    )  # fmt: skip
    charge = charges.make(sim, intent, method, None)
    charge |= {"id": payment["charge"], "created": created, "receipt_url": f"{sim.url}/receipts/{payment['charge']}"}
    charges.settle(sim, charge, id=payment["balance_transaction"], **when)
    sim.store.put(charge)
    intent |= {"amount_received": amount, "latest_charge": charge["id"], "status": "succeeded"}
    return sim.store.put(intent)
