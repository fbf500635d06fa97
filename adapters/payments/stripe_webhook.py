"""
Messages of Stripe: whether one is genuine, and what of it is kept.

The signature is `t=SECONDS,v1=HEX`, HEX the HMAC-SHA-256 of `SECONDS.BODY` by a secret; while a secret is replaced,
there are several v1, and we have several secrets. The SDK, which the API does not load, refuses only times of the past.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.payments.amounts import from_stripe
from commands.payment.provider import Ours, ours_of
from domain.aggregate import ID_PATTERN
from domain.payment.errors import BadWebhook, UnknownCurrency
from domain.payment.provider_event import Message

TOLERANCE = 300  # seconds that the time of a signature may be off, in both directions
LARGEST = 262_144  # bytes; the largest messages of Stripe have some ten thousand
MOST_SIGNATURES = 8
EVENT_ID = re.compile(r"[A-Za-z0-9_]{1,64}")  # part of the name of a stream
LONGEST = 255  # characters of any text that is kept
LAST = 253_402_300_799  # the last second of the year 9999
LARGEST_AMOUNT = 2**63 - 1  # as rows can have it
AMOUNTS = ("amount_received", "amount", "amount_total", "amount_paid")  # the first that is there and not 0


class EventData(msgspec.Struct):
    """What an event is about, of whatever kind it is."""

    object: dict[str, Any]


class StripeEvent(msgspec.Struct):
    """An event of Stripe."""

    id: str
    type: str
    created: int
    data: EventData
    livemode: bool = False


_decode = msgspec.json.Decoder(StripeEvent).decode


def verify(body: bytes, header: str, secrets: Sequence[str], now: datetime) -> None:
    """
    Refuse a message that was not signed with one of our secrets within the last five minutes.

    Raises:
        BadWebhook: see its sentence.
    """
    if not secrets:
        raise BadWebhook("this campus has no secret for messages of Stripe: set CAMPUS_STRIPE_WEBHOOK_SECRETS")
    parts = [part.partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in parts if name.strip() == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) < 16):
        raise BadWebhook("the header Stripe-Signature has no time")
    given = [value.encode() for name, value in parts if name.strip() == "v1"][:MOST_SIGNATURES]
    signed = times[0].encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets]
    if not any(hmac.compare_digest(each, one) for each in given for one in expected):
        raise BadWebhook("no signature of the header Stripe-Signature is right")
    if abs(now.timestamp() - int(times[0])) > TOLERANCE:
        raise BadWebhook(f"the time of the signature is more than {TOLERANCE} s away from ours")


def parse(body: bytes, campus: str) -> tuple[str, Message]:
    """
    The id of a genuine event, and what is kept of it.

    Raises:
        BadWebhook: it is no event of Stripe.
    """
    try:
        event = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadWebhook(f"the body is no event of Stripe: {error}") from error
    if not EVENT_ID.fullmatch(event.id):
        raise BadWebhook("the event has no id of Stripe")
    if not 0 <= event.created <= LAST:
        raise BadWebhook("the event has no time of Stripe")
    return event.id, _message(event, campus)


def _message(event: StripeEvent, campus: str) -> Message:
    found = event.data.object
    kind, id_, currency = (_text(found.get(name)) for name in ("object", "id", "currency"))
    metadata = found.get("metadata")
    ours = ours_of(metadata, campus) if isinstance(metadata, dict) else Ours()
    ids = {name: value if _is_id(value) else None for name, value in vars(ours).items()}
    amounts = [found.get(name) for name in AMOUNTS]
    amount = next((each for each in amounts if isinstance(each, int) and not isinstance(each, bool) and each), None)
    return Message(
        provider="stripe",
        event_type=_text(event.type) or "",
        created=datetime.fromtimestamp(event.created, UTC),
        livemode=event.livemode,
        object_type=kind or "",
        object_id=id_ or "",
        payment_id=ids["payment_id"],
        order_id=ids["order_id"],
        subscription_id=ids["subscription_id"],
        learner_id=ids["learner_id"],
        status=_text(found.get("payment_status")) or _text(found.get("status")),
        amount=_amount(amount, currency),
        currency=None if currency is None else currency.upper(),
        charge_id=id_ if kind == "charge" else _id(found.get("latest_charge") or found.get("charge")),
        intent_id=id_ if kind == "payment_intent" else _id(found.get("payment_intent")),
    )


def _amount(amount: int | None, currency: str | None) -> int | None:
    """The amount as we count it; as it stands for a currency that we do not know, which is not ours."""
    if amount is None or currency is None:
        return None
    try:
        counted = from_stripe(amount, currency)
    except UnknownCurrency:
        counted = amount
    return counted if abs(counted) <= LARGEST_AMOUNT else None


def _is_id(found: Any) -> bool:
    """Whether a value of the metadata can be an id of ours: who may write to the account can put there anything."""
    return isinstance(found, str) and ID_PATTERN.match(found) is not None


def _text(found: Any) -> str | None:
    """A text as it is kept, without the character that PostgreSQL's texts cannot have."""
    return found[:LONGEST].replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(found, str) else None


def _id(found: Any) -> str | None:
    """The id of what a field refers to, be it whole or not."""
    return _text(found.get("id") if isinstance(found, dict) else found)
