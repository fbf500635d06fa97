"""Events as Stripe might send them, or hardly: made by schemathesis from a description of what one looks like."""

import json
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from workers.reactions.provider_events import MEANINGS

CAMPUS = "the-campus-of-the-test"
"""Stands for its name, which is not known before the test runs."""
ANYTHING: dict[str, Any] = {}
TYPES = ["payment_intent.succeeded", "payment_intent.created", "charge.refunded", "checkout.session.completed"]
IDS = ("learner_id", "order_id", "payment_id", "refund_id", "subscription_id")
ID = {"anyOf": [{"enum": ["ann", "o1", "o1.1", "a:b", "", "x" * 65]}, ANYTHING]}
METADATA = {
    "type": "object",
    "required": ["campus"],
    "properties": {"campus": {"const": CAMPUS}, **dict.fromkeys(IDS, ID)},
}
AMOUNT = {"anyOf": [{"type": "integer"}, {"enum": [0, 4_900, 2**53, 2**63, -(2**63), 2**64, 1e308]}, ANYTHING]}
CURRENCY = {"anyOf": [{"enum": ["eur", "jpy", "kwd", "isk", "EUR", "xxx", ""]}, ANYTHING]}
TEXT = {"anyOf": [{"enum": ["pi_1", "", "\0", "..", "a/b?c", "\u202e\u0130\U0001f600", "x" * 5_000]}, ANYTHING]}
OBJECT = {
    "type": "object",
    "properties": {
        "object": {"anyOf": [{"enum": sorted(MEANINGS)}, TEXT]},
        "metadata": {"anyOf": [METADATA, ANYTHING]},
        "currency": CURRENCY,
        **dict.fromkeys(("id", "status", "payment_status", "latest_charge", "charge", "payment_intent"), TEXT),
        **dict.fromkeys(("amount", "amount_received", "amount_total", "amount_paid"), AMOUNT),
    },
}
TIME = {
    "anyOf": [
        {"type": "integer", "minimum": 1_700_000_000, "maximum": 1_900_000_000},
        {"enum": [0, 1_790_000_000, -1, 253_402_300_800, 2**70]},
    ]
}
EVENT = {
    "type": "object",
    "required": ["id", "type", "created", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^evt_[a-z0-9]{1,12}$"},
        "type": {"anyOf": [{"enum": TYPES}, {"type": "string"}]},
        "created": TIME,
        "livemode": {"type": "boolean"},
        "data": {"type": "object", "required": ["object"], "properties": {"object": OBJECT}},
    },
}
DESCRIPTION = {
    "openapi": "3.1.0",
    "info": {"title": "events", "version": "1"},
    "paths": {
        "/": {
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": EVENT}}},
                "responses": {"200": {"description": "taken"}},
            }
        }
    },
}


def bodies() -> st.SearchStrategy[str]:
    """Bodies of messages: three of four fit the description, the others are wrong in some way."""
    operation = schemathesis.openapi.from_dict(DESCRIPTION)["/"]["POST"]
    right, wrong = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    return st.one_of(right, right, right, wrong).map(lambda case: json.dumps(case.body, default=repr))
