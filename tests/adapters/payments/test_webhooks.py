"""Webhooks: signed as the SDK expects, sent until they are accepted, and every fault that a receiver must bear."""

from pathlib import Path
from typing import Any

import pytest
import stripe

from adapters.payments.paysim import app, deliveries, signing
from adapters.payments.paysim.faults import COPIES_OF, Faults, UnknownFault, parse
from tests.adapters.payments.test_intents import pay
from tests.support.paysim import SECRET, Paysim, Receiver, Server
from tests.support.polling import wait_until

processes = pytest.mark.processes


def create(server: Server) -> str:
    """An object with one event, `customer.created`."""
    id_: str = server.api.customers.create({"email": "ada@example.org"}).id
    return id_


def test_the_signature_is_that_of_the_sdk() -> None:
    """Our header equals what the SDK's own generator makes."""
    theirs = stripe.WebhookSignature.generate_signature_header('{"a": "é"}', SECRET, 1_700_000_000)
    assert signing.header('{"a": "é"}', [SECRET], 1_700_000_000) == theirs


@processes
def test_an_event_arrives_and_the_sdk_accepts_it(server: Server, receiver: Receiver) -> None:
    """Raw body and header pass `Webhook.construct_event`; the event is the one that can be retrieved."""
    id_ = create(server)
    wait_until(lambda: receiver.of(id_) == ["customer.created"])
    arrived = next(event for event in receiver.accepted if event.data.object.id == id_)
    kept = server.api.events.retrieve(arrived.id)
    assert (kept.data.object.email, kept.request.idempotency_key is not None) == ("ada@example.org", True)
    wait_until(lambda: server.api.events.retrieve(arrived.id).pending_webhooks == 0)


@processes
def test_a_webhook_is_repeated_until_it_is_accepted(server: Server, receiver: Receiver) -> None:
    """Two answers of 500, then the same event again, on paysim's own clock."""
    receiver.refuse = 2
    id_ = create(server)
    wait_until(lambda: receiver.refuse == 0)
    server.control("clock/advance", {"seconds": 10})
    wait_until(lambda: receiver.of(id_) == ["customer.created"])
    newest = server.control("deliveries", method="GET")["deliveries"]
    assert {row["attempts"] for row in newest if row["status"] == 200} >= {3}


@processes
def test_a_new_secret_signs_beside_the_old_one(server: Server, receiver: Receiver) -> None:
    """While a secret is replaced the header has two signatures; a receiver with either accepts."""
    endpoint = server.api.webhook_endpoints.list().data[0]
    server.control("secret", {"endpoint": endpoint.id, "secret": "whsec_new", "keep_old": True})
    id_ = create(server)
    wait_until(lambda: receiver.of(id_) != [])
    assert receiver.headers[-1].count("v1=") == 2
    receiver.secrets = ["whsec_new"]
    server.control("secret", {"endpoint": endpoint.id, "secret": "whsec_new", "keep_old": False})
    id_ = create(server)
    wait_until(lambda: receiver.of(id_) != [])
    assert receiver.headers[-1].count("v1=") == 1
    server.control("secret", {"endpoint": endpoint.id, "secret": SECRET, "keep_old": False})
    receiver.secrets = [SECRET]


@processes
def test_a_duplicate_has_the_same_id(server: Server, receiver: Receiver) -> None:
    """The fault `duplicate`: one event, twice."""
    server.control("faults", {"next": {"duplicate": 1}})
    id_ = create(server)
    server.control("clock/advance", {"seconds": 20})
    wait_until(lambda: receiver.of(id_) == ["customer.created"] * 2)
    assert len({event.id for event in receiver.accepted if event.data.object.id == id_}) == 1


@processes
def test_a_delayed_event_comes_hours_later(server: Server, receiver: Receiver) -> None:
    """The fault `delay`, on the test clock; its successor arrives before it."""
    server.control("faults", {"next": {"delay": 1}})
    late, early = create(server), create(server)
    wait_until(lambda: receiver.of(early) != [])
    assert receiver.of(late) == []
    server.control("clock/advance", {"hours": 49})
    wait_until(lambda: receiver.of(late) != [])


@processes
def test_what_waits_can_be_sent_at_once(server: Server, receiver: Receiver) -> None:
    """Without moving the clock, which would make sessions expire and payouts happen."""
    server.control("faults", {"next": {"delay": 1}})
    id_, before = create(server), server.control("clock", method="GET")["advanced"]
    assert server.control("deliveries/flush")["flushed"] >= 1
    wait_until(lambda: receiver.of(id_) != [])
    assert server.control("clock", method="GET")["advanced"] == before


@processes
def test_a_header_may_have_a_signature_of_another_secret(server: Server, receiver: Receiver) -> None:
    """The fault `two_signatures`: the first is unknown to the receiver, the second is right."""
    server.control("faults", {"next": {"two_signatures": 1}})
    id_ = create(server)
    wait_until(lambda: receiver.of(id_) != [])
    assert receiver.headers[-1].count("v1=") == 2


@processes
def test_what_must_be_refused_is_refused_by_the_sdk(server: Server, receiver: Receiver) -> None:
    """Forged and stale copies; a timestamp of the future the SDK lets pass, so the receiver has to look itself."""
    server.control("faults", {"next": dict.fromkeys(COPIES_OF, 1)})
    id_ = create(server)
    rows: list[Any] = []

    def all_sent() -> bool:
        rows[:] = server.control("deliveries", method="GET")["deliveries"][:4]
        return all(row["state"] != "waiting" for row in rows)

    wait_until(all_sent)
    assert {row["variant"]: row["state"] for row in rows} == {
        "genuine": "accepted", "forge": "refused", "stale": "refused", "future": "accepted",
    }  # fmt: skip
    assert receiver.of(id_) == ["customer.created"] * 2


@processes
def test_events_of_another_shop_come_too(server: Server, receiver: Receiver) -> None:
    """The fault `foreign`: objects that can be retrieved and are not ours, and a type that Stripe does not have."""
    server.control("faults", {"next": {"foreign": 1}})
    id_ = create(server)
    wait_until(lambda: receiver.of(id_) != [] and "paysim.unheard_of" in {event.type for event in receiver.accepted})
    shop = [event.data.object for event in receiver.accepted if event.type == "payment_intent.created"][-1]
    assert server.api.payment_intents.retrieve(shop.id).metadata["shop"] == "another"


def test_chance_follows_the_seed() -> None:
    """The same seed gives the same faults to the same traffic, another seed others."""

    def struck(seed: int) -> list[bool]:
        faults = Faults(seed, parse("all"))
        faults.change({"modes": parse("duplicate=0.5")})
        return [faults.strikes("duplicate") for _ in range(50)]

    assert struck(1) == struck(1) != struck(2)
    assert 10 < sum(struck(1)) < 40


def test_an_unknown_fault_is_named() -> None:
    """A typo cannot pass for a run without faults."""
    with pytest.raises(UnknownFault, match="unknown fault duplicates: known are"):
        Faults().change({"modes": {"duplicates": 1}})


def test_reordered_events_are_due_later(paysim: Paysim) -> None:
    """The fault `reorder`: within seconds, so that a successor may come first."""
    paysim.api.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]})
    paysim.control("faults", {"modes": {"reorder": 1.0}, "seed": 3})
    pay(paysim, "pm_card_visa")
    due = [row["due"] for row in paysim.sim.store.rows.execute("SELECT due FROM deliveries ORDER BY seq")]
    assert due != sorted(due)


def test_an_endpoint_gets_what_it_asks_for(paysim: Paysim) -> None:
    """`enabled_events` selects by type."""
    paysim.api.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/hook", "enabled_events": ["payment_intent.succeeded"]}
    )
    pay(paysim, "pm_card_visa")
    sent = paysim.control("deliveries", method="GET")["deliveries"]
    assert [paysim.api.events.retrieve(row["event"]).type for row in sent] == ["payment_intent.succeeded"]


def test_a_forged_event_says_something_else(paysim: Paysim) -> None:
    """What a receiver would believe that does not check: another id, another amount."""
    intent = pay(paysim, "pm_card_visa")
    event = paysim.sim.store.find("event", type="payment_intent.succeeded")[0]
    body, header = deliveries.message(paysim.sim, event, [SECRET], "forge")
    assert ('"amount":1,' in body, event["id"] in body, intent.id in body) == (True, False, True)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, header, SECRET)


def test_a_start_with_another_secret_signs_with_that(tmp_path: Path) -> None:
    """The endpoint of a kept file takes the secret of the command line; there is one endpoint for a URL."""
    for secret in ("whsec_a", "whsec_b"):
        sim = app.build(app.Options("http://x", tmp_path / "db", ("http://127.0.0.1:9/hook",), secret))
        assert [each["_secrets"] for each in sim.store.find("webhook_endpoint")] == [[secret]]
        sim.store.close()
