"""What is kept of a message of Stripe, whatever is in it."""

import hashlib
import hmac
import json
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.payments.stripe_webhook import parse, verify
from domain.payment.errors import BadWebhook
from domain.payment.provider_event import Message


def message(thing: dict[str, Any] | None = None, **changes: Any) -> Message:
    """What is kept of an event of the campus `c`."""
    event = {"id": "evt_1", "type": "x", "created": 1_790_000_000, "data": {"object": thing or {}}, **changes}
    return parse(json.dumps(event).encode(), "c")[1]


@pytest.mark.parametrize("created", [-1, -(10**15), 253_402_300_800, 10**18, 2**70])
def test_a_time_that_is_none_is_refused(created: int) -> None:
    """Neither before 1970 nor after the year 9999."""
    with pytest.raises(BadWebhook, match="no time"):
        message(created=created)


def test_a_secret_is_replaced_without_a_pause() -> None:
    """As docs/howto/rotate-secrets.md has it: both are good in between, and the old one is none after that."""
    now, body = datetime(2026, 1, 1, tzinfo=UTC), b'{"id": "evt_1"}'
    old, new = "whsec_old", "whsec_new"
    steps = [([old], (True, False)), ([new, old], (True, True)), ([new], (False, True))]
    for secrets, wanted in steps:
        for secret, is_good in zip((old, new), wanted, strict=True):
            mac = hmac.new(secret.encode(), b"%d.%b" % (now.timestamp(), body), hashlib.sha256).hexdigest()
            refused = nullcontext() if is_good else pytest.raises(BadWebhook)
            with refused:
                verify(body, f"t={int(now.timestamp())},v1={mac}", secrets, now)


def test_a_body_that_is_nested_too_deep_is_refused() -> None:
    """As one that is no JSON."""
    body = '{"id":"evt_1","type":"x","created":1,"data":{"object":{"a":' + "[" * 100_000 + "]" * 100_000 + "}}}"
    with pytest.raises(BadWebhook, match="recursion"):
        parse(body.encode(), "c")


@pytest.mark.parametrize("value", [7, None, ["o1"], {"a": None}, "", "a:b", "\0", "x" * 65, "ö"])
def test_metadata_without_ids_of_ours_names_nothing(value: Any) -> None:
    """Who may write to the account can put there anything: only what can be an id of ours is kept as one."""
    metadata = {"campus": "c", "learner_id": value, "order_id": "o1", "payment_id": value, "subscription_id": value}
    kept = message({"metadata": metadata})
    assert (kept.learner_id, kept.order_id, kept.payment_id, kept.subscription_id) == (None, "o1", None, None)


def test_texts_are_kept_as_postgresql_can_have_them() -> None:
    """Without U+0000, and not longer than 255 characters."""
    kept = message({"id": "a\0b", "object": "\0", "charge": {"id": "\0"}, "status": "x" * 300}, type="\0")
    assert (kept.object_id, kept.object_type, kept.charge_id, kept.event_type) == ("a\ufffdb", *["\ufffd"] * 3)
    assert kept.status == "x" * 255


@pytest.mark.parametrize(
    ("amount", "currency", "kept"),
    [
        (2**63 - 1, "eur", 2**63 - 1), (2**63, "eur", None), (-(2**70), "xxx", None), (2**63, "isk", 2**63 // 100),
        (True, "eur", None), (1e308, "eur", None), (5, None, None), (-5, "kwd", -5),
    ],
)  # fmt: skip
def test_amounts_that_rows_cannot_have_are_not_kept(amount: Any, currency: str | None, kept: int | None) -> None:
    """Of the amount as the campus counts it."""
    assert message({"amount": amount, "currency": currency}).amount == kept
