"""Messages of the provider whose signature is right and whose content is anything: none of them does harm."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples

from adapters.postgres.connection import connect
from adapters.settings import Settings
from domain.codec import decode_event
from tests.conftest import migrated
from tests.support.payments import Shop, dispatching, selling, shop
from tests.support.paysim import SECRET
from tests.support.polling import until
from tests.support.sellers import NEW, Seller
from tests.support.servers import Servers
from tests.support.stripe_events import CAMPUS, bodies

SIGN = stripe.WebhookSignature.generate_signature_header
FEW, MANY = 80, 600  # messages
ANY: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}
FACTS = """
SELECT stream_id, stream_version, type, schema_version, data, occurred_at,
       convert_from(data, 'UTF8')::jsonb ->> 'event_type'
  FROM events WHERE type LIKE 'provider.event%%' AND stream_id LIKE 'provider-evt%%'
"""


async def sent(client: Seller | Shop, secret: str, campus: str, body: str) -> int:
    """Send a message twice; the status of both answers, which are the same."""
    content = body.replace(CAMPUS, campus).encode()
    headers = {"content-type": "application/json", "stripe-signature": SIGN(content.decode(), secret)}
    answers = [await client.client.post("/v1/webhooks/stripe", content=content, headers=headers) for _ in range(2)]
    statuses = {answer.status_code for answer in answers}
    assert statuses in ({200}, {400}), (answers[0].text, body)
    return statuses.pop()


async def recorded(settings: Settings) -> Sequence[tuple[str, str]]:
    """Every fact about a message, by its stream and type; each can be read again, also by PostgreSQL."""
    async with await connect(settings, application="test") as connection:
        rows = await (await connection.execute(FACTS)).fetchall()
    for stream, version, name, schema, data, at, _ in rows:
        decode_event(name, schema, data, stream=stream, version=version, occurred_at=at)
    return [(stream, name) for stream, _, name, *_ in rows]


@given(body=bodies())
@examples(max_examples=FEW, **ANY)
async def test_a_message_with_any_content_is_taken_once_or_refused(seller: Seller, body: str) -> None:
    """No 5xx; what is taken is a fact, once for each id, and what is refused is none."""
    settings: Settings = seller.services.settings
    before = {stream for stream, _ in await recorded(settings)}
    status = await sent(seller, NEW, settings.name, body)
    after = Counter(await recorded(settings))
    assert set(after.values()) <= {1}
    id_ = json.loads(body).get("id") if status == 200 else None
    assert {stream for stream, _ in after} - before <= {f"provider-{id_}"}
    assert id_ is None or (f"provider-{id_}", "provider.event_received") in after


def drawn() -> list[str]:
    """Many bodies, the same each time; each that has an id has one of its own."""
    found: list[str] = []

    @given(body=bodies())
    @examples(max_examples=MANY, phases=[Phase.generate], **ANY)
    def draw(body: str) -> None:
        event = json.loads(body)
        if isinstance(event, dict) and str(event.get("id")).startswith("evt_"):
            body = json.dumps({**event, "id": f"evt_{len(found)}"})
        found.append(body)

    draw()
    return found


@pytest.mark.slow
async def test_many_messages_with_any_content_block_nothing(servers: Servers) -> None:
    """All are done in the end: matched, or listed as unmatched with a reason; then an order is paid as usual."""
    settings = migrated(servers)
    with selling(settings) as (campus, provider):
        async with dispatching(campus), shop(campus, provider) as buyer:
            statuses = {body: await sent(buyer, SECRET, campus.name, body) for body in drawn()}
            taken = {json.loads(body)["id"] for body, status in statuses.items() if status == 200}
            assert len(taken) > MANY // 4

            async def done() -> bool:
                found = await recorded(campus)
                outcomes = {stream for stream, name in found if name != "provider.event_received"}
                return outcomes == {f"provider-{id_}" for id_ in taken}

            await until(done)
            await buyer.sell()
            placed = await buyer.order()
            await buyer.pay(placed)
            await buyer.until_order(placed, "paid")
            assert (await buyer.get("/reconciliation")).status_code == 200
