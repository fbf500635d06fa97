"""
Webhook endpoints, and which deliveries an event leads to: one for each endpoint, plus what the faults add.
"""

import secrets

from adapters.payments.paysim import expand, faults
from adapters.payments.paysim.errors import invalid, missing
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import API_VERSION, Sim
from adapters.payments.paysim.store import Object

HOUR = 3_600.0  # seconds


def create(sim: Sim, params: Params) -> Object:
    """`POST /v1/webhook_endpoints`: only this answer has the secret."""
    wanted = params.texts("enabled_events")
    if not wanted:
        raise missing("enabled_events")
    endpoint = make(sim, params.required("url"), wanted)
    endpoint |= {"description": params.text("description"), "metadata": params.metadata()}
    sim.store.put(endpoint)
    return {**endpoint, "secret": endpoint["_secrets"][0]}


def make(sim: Sim, url: str, wanted: list[str], secret: str | None = None) -> Object:
    """A new endpoint."""
    if not url.startswith(("http://", "https://")):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")
    return sim.store.put(
        sim.new(
            "webhook_endpoint",
            "we",
            api_version=API_VERSION,
            application=None,
            description=None,
            enabled_events=wanted,
            metadata={},
            status="enabled",
            url=url,
            _secrets=[secret or "whsec_" + secrets.token_hex(16)],
        )
    )


def update(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/webhook_endpoints/{id}`."""
    endpoint = sim.get("webhook_endpoint", id_)
    endpoint["url"] = params.text("url", endpoint["url"])
    endpoint["enabled_events"] = params.texts("enabled_events") or endpoint["enabled_events"]
    if "disabled" in params:
        endpoint["status"] = "disabled" if params.flag("disabled") else "enabled"
    endpoint["metadata"] = params.metadata(endpoint["metadata"])
    return sim.store.put(endpoint)


def roll(sim: Sim, id_: str, secret: str | None, *, keep_old: bool) -> str:
    """Give an endpoint a new secret; with *keep_old* the one before signs as well."""
    endpoint = sim.get("webhook_endpoint", id_)
    new = secret or "whsec_" + secrets.token_hex(16)
    endpoint["_secrets"] = [new, *endpoint["_secrets"][: 1 if keep_old else 0]]
    sim.store.put(endpoint)
    return new


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/webhook_endpoints/{id}`."""
    return sim.get("webhook_endpoint", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/webhook_endpoints`."""
    return expand.list_page(sim, params, "webhook_endpoint", "/v1/webhook_endpoints")


def delete(sim: Sim, _params: Params, id_: str) -> Object:
    """`DELETE /v1/webhook_endpoints/{id}`."""
    sim.get("webhook_endpoint", id_)
    sim.store.forget(id_)
    return {"id": id_, "object": "webhook_endpoint", "deleted": True}


def that_ask_for(sim: Sim, kind: str) -> list[Object]:
    """The enabled endpoints that want events of type *kind*."""
    every = sim.store.find("webhook_endpoint", status="enabled")
    return [each for each in every if {"*", kind} & set(each["enabled_events"])]


def schedule(sim: Sim, event: str, endpoint: str) -> None:
    """Put down the deliveries of an event to an endpoint."""
    due = sim.clock.exact()
    if sim.faults.strikes("delay"):
        least, most = faults.DELAY
        due += HOUR * (least + (most - least) * sim.faults.draw("delay"))
    elif sim.faults.strikes("reorder"):
        due += faults.REORDER * sim.faults.draw("reorder")
    genuine = "two_signatures" if sim.faults.strikes("two_signatures") else "genuine"
    _put_down(sim, event, endpoint, genuine, due)
    if sim.faults.strikes("duplicate"):
        _put_down(sim, event, endpoint, "duplicate", due + faults.DUPLICATE_AFTER * sim.faults.draw("duplicate"))
    for variant in faults.COPIES_OF:
        if sim.faults.strikes(variant):
            _put_down(sim, event, endpoint, variant, due)


def _put_down(sim: Sim, event: str, endpoint: str, variant: str, due: float) -> None:
    sim.store.rows.execute(
        "INSERT INTO deliveries (event, endpoint, variant, due) VALUES (?, ?, ?, ?)", (event, endpoint, variant, due)
    )
