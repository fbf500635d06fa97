"""
Events: what happened to which object, kept and delivered to every webhook endpoint that asks for the type.
"""

from typing import Any

from adapters.payments.paysim import expand, faults, webhooks
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import API_VERSION, Sim, public
from adapters.payments.paysim.store import Object


def record(sim: Sim, kind: str, thing: Object, previous: Object | None = None) -> Object:
    """Keep an event of type *kind* with the object as it is now, and have it delivered."""
    data: Object = {"object": public(thing)}
    if previous is not None:
        data["previous_attributes"] = public(previous)
    endpoints = webhooks.that_ask_for(sim, kind)
    event = sim.new(
        "event",
        "evt",
        api_version=API_VERSION,
        data=data,
        pending_webhooks=len(endpoints),
        request={"id": sim.caller.id, "idempotency_key": sim.caller.key},
        type=kind,
    )
    sim.store.put(event)
    for endpoint in endpoints:
        webhooks.schedule(sim, event["id"], endpoint["id"])
    if thing.get("metadata") != faults.ANOTHER_SHOP and sim.faults.strikes("foreign"):
        sim.timer(sim.clock.exact(), "foreign", "")
    return event


PENDING = """
SELECT count(*) FROM deliveries
WHERE event = ? AND state = 'waiting' AND variant IN ('genuine', 'two_signatures')
"""


def _pending(sim: Sim, event: Object) -> None:
    event["pending_webhooks"] = sim.store.rows.execute(PENDING, (event["id"],)).fetchone()[0]


expand.AT_READ["event"] = _pending


def changed(sim: Sim, kind: str, before: Object, after: Object) -> None:
    """An event with what has changed, or none if nothing has."""
    if previous := difference(before, after):
        record(sim, kind, after, previous)


def difference(before: Object, after: Object) -> dict[str, Any]:
    """The values before of all fields that have another one now."""
    names = [name for name in after if not name.startswith("_") and before.get(name) != after[name]]
    return {name: before.get(name) for name in names}


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/events/{id}`."""
    return sim.get("event", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/events`: by `type` or `types[]`."""
    types = params.texts("types")
    also = ("type", "IN", types) if types else None
    return expand.list_page(sim, params, "event", "/v1/events", {"type": "type"}, also=also)
