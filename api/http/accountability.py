"""
Why a command is sent, and under which ticket: headers that every command takes, and that stand in its facts.

`Campus-Reason` is a text; what is not ASCII is percent-encoded, as in a URL. Where a command has a reason in its body,
that one says why. `Campus-Ticket` is a reference such as `HELP-123`.
"""

import re
from typing import Any
from urllib.parse import unquote

from fastapi import Request

from api.http.errors import BadRequest
from domain.admin.tickets import TICKET_PATTERN, check_ticket

REASON, TICKET = "campus-reason", "campus-ticket"
LONGEST_REASON = 200  # characters
LONGEST_SENT = 12 * LONGEST_REASON  # each character may be four bytes, each percent-encoded
ENCODED = re.compile(r"(?:[ -$&-~]|%[0-9A-Fa-f]{2})+\Z")

PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "Campus-Reason",
        "in": "header",
        "description": "Why, for the facts; what is not ASCII is percent-encoded.",
        "schema": {"type": "string", "maxLength": LONGEST_SENT, "pattern": f"^{ENCODED.pattern[:-2]}$"},
        "example": "by%20phone",
    },
    {
        "name": "Campus-Ticket",
        "in": "header",
        "description": "Where the matter is dealt with, for the facts.",
        "schema": {"type": "string", "pattern": f"^{TICKET_PATTERN.pattern[:-2]}$"},
        "example": "HELP-123",
    },
]
"""For the description of the API."""


class BadReason(BadRequest):
    """The header that says why is no text that can be kept."""

    code = "bad_reason"


def reason_of(request: Request) -> str | None:
    """Why a request is sent, if its header says so; raises BadReason."""
    sent = request.headers.get(REASON)
    if sent is None:
        return None
    is_encoded = len(sent) <= LONGEST_SENT and ENCODED.match(sent) is not None
    try:
        text = unquote(sent, errors="strict").strip() if is_encoded else ""
    except UnicodeDecodeError:
        text = ""
    if not (0 < len(text) <= LONGEST_REASON and text.isprintable()):
        raise BadReason(
            f"Campus-Reason has 1 to {LONGEST_REASON} characters; what is not ASCII is percent-encoded UTF-8"
        )
    return text


def ticket_of(request: Request) -> str | None:
    """The ticket under which a request is sent, if it names one; raises BadTicket."""
    sent = request.headers.get(TICKET)
    return None if sent is None else check_ticket(sent)
