"""Messages of the provider: only genuine ones are recorded, each once."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stripe

from adapters.payments.stripe_webhook import LARGEST
from domain.fact import Fact
from tests.support.sellers import NEW, OLD, Seller

SIGN = stripe.WebhookSignature.generate_signature_header


def event(seller: Seller, **changes: Any) -> str:
    """The body of an event about a payment of this campus."""
    metadata = {"campus": seller.services.settings.name, "learner_id": "ann", "order_id": "o", "payment_id": "o.1"}
    intent = {
        "object": "payment_intent",
        "id": "pi_1",
        "metadata": metadata,
        "status": "succeeded",
        "amount": 4_900,
        "amount_received": 4_900,
        "currency": "eur",
        "latest_charge": "ch_1",
        "receipt_email": "ann@example.org",
    }
    found = {
        "object": "event",
        "id": f"evt_{seller.tag}",
        "type": "payment_intent.succeeded",
        "created": 1_790_000_000,
        "livemode": False,
        "data": {"object": intent},
    }
    return json.dumps(found | changes)


async def post(seller: Seller, body: str, header: str | None) -> httpx.Response:
    """Send a message."""
    headers = {"content-type": "application/json"} | ({} if header is None else {"stripe-signature": header})
    return await seller.client.post("/v1/webhooks/stripe", content=body.encode(), headers=headers)


async def facts(seller: Seller) -> list[Fact]:
    """What is recorded of the event."""
    found: list[Fact] = await seller.services.log.stream(f"provider-evt_{seller.tag}")
    return found


async def test_a_genuine_message_is_recorded_once(seller: Seller) -> None:
    """By either secret, with what is needed of it and nothing of a person."""
    body = event(seller)
    for header in (SIGN(body, NEW), SIGN(body, OLD), SIGN(body, NEW)):
        assert (await post(seller, body, header)).json() == {"received": True}
    (received,) = await facts(seller)
    assert received.type == "provider.event_received"
    wanted = {"payment_id": "o.1", "learner_id": "ann", "amount": 4_900, "currency": "EUR", "charge_id": "ch_1"}
    assert received.data.items() >= {**wanted, "intent_id": "pi_1", "object_id": "pi_1"}.items()
    assert "example.org" not in json.dumps(received.data)


async def test_one_signature_of_several_is_enough(seller: Seller) -> None:
    """While a secret is replaced, the message has the signatures of both."""
    body = event(seller)
    time, _, right = SIGN(body, NEW).partition(",")
    assert (await post(seller, body, f"{time},v1={'0' * 64},{right},v0=1")).status_code == 200


@pytest.mark.parametrize("off", [-301, 301, -86_400, 86_400], ids=str)
async def test_the_time_may_be_five_minutes_off(seller: Seller, off: int) -> None:
    """In both directions; what is older or younger is refused."""
    body, now = event(seller), seller.services.bus.clock.now()
    at = int((now + timedelta(seconds=off + (1 if off > 0 else -1))).timestamp())
    answer = await post(seller, body, SIGN(body, NEW, at))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_webhook")
    assert await facts(seller) == []


async def test_what_is_refused(seller: Seller) -> None:
    """A message without a right signature, that was changed, or that is no event: 400, and nothing is recorded."""
    body = event(seller)
    right = SIGN(body, NEW)
    bad = [
        (body, None),
        (body, ""),
        (body, "v1=0"),
        (body, right.replace("t=", "t=x")),
        (body, f"t=1,{right}"),
        (body, SIGN(body, "whsec_of_a_forger")),
        (body.replace("4900", "1"), right),
        (body, right.replace("v1=", "v0=")),
        ("{}", SIGN("{}", NEW)),
        ("[", SIGN("[", NEW)),
        (odd := event(seller, id="a:b"), SIGN(odd, NEW)),
    ]
    for sent, header in bad:
        answer = await post(seller, sent, header)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_webhook"), (sent, header)
    large = event(seller, padding="x" * LARGEST)
    assert (await post(seller, large, SIGN(large, NEW))).status_code == 413
    assert await facts(seller) == []


async def test_what_is_not_ours_is_kept(seller: Seller) -> None:
    """An object of another shop, and one of a kind that we do not know, with no ids of ours."""
    thing = {"object": "paysim.thing", "id": 7, "metadata": {"campus": "another", "learner_id": "ben"}, "status": {}}
    body = event(seller, type="paysim.unheard_of", data={"object": thing})
    assert (await post(seller, body, SIGN(body, NEW))).status_code == 200
    (received,) = await facts(seller)
    assert (received.data["event_type"], received.data["learner_id"]) == ("paysim.unheard_of", None)
