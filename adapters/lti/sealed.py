"""
What tools carry for the campus and must not read: who a pseudonym is, and what a message belongs to.

Sealed by AES-SIV (RFC 5297) with a key of the campus. The same learner has the same pseudonym with a tool each time,
and another one with each other tool, so two tools cannot tell that they have the same person; no table is needed to
find the learner again. What a sealed text is for is bound to it, so none passes for another.
"""

import base64
import binascii
from datetime import datetime
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from adapters.personal.keys import PersonKeys
from domain.errors import Forbidden

PURPOSE = "lti sealed"
LONGEST = 4_000  # characters
TicketT = TypeVar("TicketT", bound="Ticket")


class TicketRefused(Forbidden):
    """What came back is not what the campus gave out, is over, or came back before."""

    code = "lti_ticket_refused"
    template = "this was not begun here, is over, or was finished before: begin again"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a message belongs to, until when, and its own id."""

    ticket_id: str
    until: datetime


class LaunchTicket(Ticket, frozen=True, tag="launch", kw_only=True):
    """
    A person who launches a unit of a run.

    Attributes:
        browser: digest of the cookie of the browser that has begun.
        is_staff: whether the person is of the staff of the run.
    """

    person_id: str
    tool_id: str
    run_id: str
    unit_id: str
    browser: str
    is_staff: bool


class LinkTicket(Ticket, frozen=True, tag="link", kw_only=True):
    """
    An editor who chooses content of a tool for the draft of a course.

    Attributes:
        role: in which the editor does so.
        is_granted: whether that role is a grant, which must still hold when the choice arrives.
        browser: as above; empty on the way back.
    """

    person_id: str
    tool_id: str
    course_id: str
    section_id: str
    role: str | None
    is_granted: bool
    browser: str


class AccessTicket(Ticket, frozen=True, tag="access", kw_only=True):
    """What a tool may ask by an access token, of `domain.lti.SCOPES`."""

    tool_id: str
    scopes: list[str]


class Sealed:
    """Seals and opens, with the key of one campus."""

    def __init__(self, keys: PersonKeys) -> None:
        self._keys = keys
        self._cipher: AESSIV | None = None

    async def pseudonym(self, tool_id: str, person_id: str) -> str:
        """How a tool knows a person."""
        return await self._seal(person_id.encode(), "person", tool_id)

    async def person_of(self, tool_id: str, pseudonym: str) -> str | None:
        """Whom a tool knows by this; None if it was given none such."""
        found = await self._open(pseudonym, "person", tool_id)
        return None if found is None else found.decode()

    async def ticket(self, ticket: Ticket, purpose: str) -> str:
        """A ticket for a purpose, as text."""
        return await self._seal(msgspec.json.encode(ticket), purpose)

    async def opened(self, text: str, purpose: str, kind: type[TicketT], now: datetime) -> TicketT:
        """The ticket; raises TicketRefused for one of another purpose, and for one that is over."""
        found = await self._open(text, purpose)
        try:
            ticket = None if found is None else msgspec.json.decode(found, type=kind)
        except msgspec.MsgspecError:
            ticket = None
        if ticket is None or ticket.until <= now:
            raise TicketRefused
        return ticket

    async def _seal(self, content: bytes, *bound: str) -> str:
        sealed = (await self._aes()).encrypt(content, [each.encode() for each in bound])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    async def _open(self, text: str, *bound: str) -> bytes | None:
        if not text or len(text) > LONGEST or not text.isascii():
            return None
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            return (await self._aes()).decrypt(sealed, [each.encode() for each in bound])
        except (binascii.Error, ValueError, InvalidTag):
            return None

    async def _aes(self) -> AESSIV:
        if self._cipher is None:
            self._cipher = AESSIV(await self._keys.of_campus(PURPOSE))
        return self._cipher
