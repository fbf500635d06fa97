"""Messages of the provider that staff list and dismiss over HTTP."""

import msgspec

from commands.payment.books import MatchProviderEvent, RecordProviderEvent
from tests.support.messages import message
from tests.support.sellers import Seller


async def test_staff_dismiss_a_message_once(seller: Seller) -> None:
    """With a reason; a learner may not, and a second time changes nothing."""
    event_id = f"evt_{seller.tag}"
    path, body = f"/provider-events/{event_id}/dismiss", {"reason": "a test before the shop opened"}
    await seller.do(RecordProviderEvent(event_id, message()))
    await seller.do(MatchProviderEvent(event_id, None, "it is about nothing of this campus"))
    assert (await seller.post(path, body)).status_code == 403
    first = await seller.send(path, body, user="admin")
    assert await seller.send(path, {"reason": "again"}, user="admin") == first
    *_, dismissed = await seller.services.log.stream(f"provider-{event_id}")
    assert (dismissed.type, dismissed.data, dismissed.meta.actor) == ("provider.event_dismissed", body, "admin")


async def test_what_is_refused(seller: Seller) -> None:
    """A message that has never come, one from which something has followed, and a dismissal without a reason."""
    event_id, body = f"evt_{seller.tag}", {"reason": "a test"}
    path = f"/provider-events/{event_id}/dismiss"
    assert (await seller.post(path, body, user="admin")).json()["code"] == "provider_event_not_found"
    await seller.do(RecordProviderEvent(event_id, message()))
    await seller.do(MatchProviderEvent(event_id, "payment-ann:o1.1"))
    refused = await seller.post(path, body, user="admin")
    assert (refused.status_code, refused.json()["code"]) == (409, "provider_event_matched")
    assert (await seller.post(path, {"reason": ""}, user="admin")).status_code == 422


async def test_what_was_left_unmatched_is_listed(seller: Seller) -> None:
    """Until it is understood or dismissed, the newest first, with what it is about; a learner sees none."""
    first, other, last = names = [f"evt_{seller.tag}{letter}" for letter in "abc"]
    foreign = msgspec.structs.replace(message(), learner_id=None, order_id=None, payment_id=None, event_type="x.y")
    await seller.do(RecordProviderEvent(first, message()))
    await seller.do(RecordProviderEvent(other, foreign))
    await seller.do(RecordProviderEvent(last, message()))
    for name in names:
        position = await seller.do(MatchProviderEvent(name, None, f"no use for {name}"))

    async def listed(**asked: str) -> list[str]:
        found = (await seller.see("/provider-events", position, limit=200, **asked))["items"]
        return [each["event_id"] for each in found if each["event_id"] in names]

    assert await listed() == [last, other, first]
    assert (await listed(ours="true"), await listed(ours="false")) == ([last, first], [other])
    page = (await seller.get("/provider-events", limit=1)).json()
    assert page["items"][0] == {
        "event_id": last,
        "event_type": "payment_intent.succeeded",
        "object_type": "payment_intent",
        "object_id": "pi_1",
        "reason": f"no use for {last}",
        "unmatched_at": page["items"][0]["unmatched_at"],
        "position": position,
        "is_live": False,
        "learner_id": "ann",
        "order_id": "o1",
        "payment_id": "o1.1",
        "subscription_id": None,
        "amount": 500,
        "currency": "EUR",
    }
    following = (await seller.get("/provider-events", limit=1, cursor=page["next"])).json()
    assert following["items"][0]["event_id"] == other
    await seller.send(f"/provider-events/{last}/dismiss", {"reason": "a test"}, user="admin")
    position = await seller.do(MatchProviderEvent(first, "payment-ann:o1.1"))
    assert await listed() == [other]
    assert (await seller.get("/provider-events", user=seller.learner)).status_code == 403
