"""Messages of the provider that staff dismiss over HTTP."""

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
