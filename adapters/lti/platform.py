"""
The platform in one process of the API: which tools there are, what they learn of people, and what they prove.

Reads     the facts of tools (`lti_tool.…`), accounts for names and addresses, campus_keys, used_challenges.
Writes    campus_keys (the keys that sign messages), used_challenges.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from adapters.auth.factors import Factors
from adapters.auth.people import People
from adapters.command_bus.replay import replayed
from adapters.lti.keys import PlatformKeys
from adapters.lti.proofs import Signed, ToolProofs, ToolRefused
from adapters.lti.sealed import AccessTicket, Sealed, Ticket, TicketRefused
from adapters.postgres.connection import Connection
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.webhooks.client import WebhookClient
from domain.errors import DomainError
from domain.lti import Tool, ToolTerms, tool_stream
from domain.user import DISPLAY_NAME

MESSAGE_LASTS = timedelta(minutes=5)
ACCESS_LASTS = timedelta(hours=1)
ACCESS = "access"
NAMES = b"""
SELECT stream_id FROM events WHERE stream_id > %s COLLATE "C" AND stream_id < %s AND stream_version = 1
 ORDER BY stream_id LIMIT %s
"""


class Platform:
    """The campus as an LTI platform; *issuer* is where browsers reach it."""

    def __init__(self, log: PostgresLog, people: People, settings: Settings) -> None:
        self.issuer = settings.web_url
        self.is_development = settings.dev_login
        self.sealed = Sealed(log.keys)
        self.keys = PlatformKeys(log.keys)
        self._log = log
        self._people = people
        self._used = Factors(log.link, log.keys)
        self._client = WebhookClient(settings)
        self._proofs = ToolProofs(self._client, self._used)

    async def close(self) -> None:
        """Close what is open."""
        await self._client.close()

    @property
    def token_url(self) -> str:
        """Where tools get access tokens."""
        return f"{self.issuer}/v1/lti/token"

    async def tool(self, tool_id: str) -> Tool:
        """A tool as the log has it now; raises ToolNotFound for what can be no id of one."""
        return await replayed(self._log, Tool, tool_stream(tool_id))

    async def names(self, after: str, limit: int) -> list[str]:
        """The ids of tools in their order, those that have ended as well: *limit* of them that follow *after*."""

        async def work(connection: Connection) -> list[Any]:
            bounds = (f"{Tool.category}-{after}", f"{Tool.category}.", limit)
            return await (await connection.execute(NAMES, bounds)).fetchall()

        return [row[0].partition("-")[2] for row in await self._log.link.run(work)]

    async def use(self, ticket: Ticket) -> None:
        """Take a ticket, once; raises TicketRefused."""
        if not await self._used.use_challenge(f"lti ticket {ticket.ticket_id}".encode(), ticket.until):
            raise TicketRefused

    async def message(self, claims: dict[str, Any], person_id: str, nonce: str, now: datetime) -> str:
        """A message to a tool, signed: an ID token about a person."""
        issued = int(self._log.clock.on_machine(now).timestamp())
        tool_id = claims["aud"]
        who = await self.shared_of(await self._terms(tool_id), person_id)
        whole = {
            "iss": self.issuer,
            "sub": await self.sealed.pseudonym(tool_id, person_id),
            "iat": issued,
            "exp": issued + int(MESSAGE_LASTS.total_seconds()),
            "nonce": nonce,
            **who,
            **claims,
        }
        return await self.keys.sign(whole, now)

    async def shared_of(self, terms: ToolTerms, person_id: str) -> dict[str, str]:
        """What a tool learns of a person beside a pseudonym; nothing of one who is erased or has said nothing."""
        if not terms.shares:
            return {}
        user = await self._people.user(person_id)
        key = await self._log.keys.reading(user.id)
        name = key.open(user.profile.get(DISPLAY_NAME)) if "name" in terms.shares else None
        email = key.open(user.email) if "email" in terms.shares else None
        return {**({"name": name} if name else {}), **({"email": email} if email else {})}

    async def _terms(self, tool_id: str) -> ToolTerms:
        tool = await self.tool(tool_id)
        if tool.terms is None or tool.is_ended:
            raise ToolRefused(tool_id=tool_id, why="it is not registered any more")
        return tool.terms

    async def claims_of(self, tool_id: str, text: str, once_by: str, audiences: Collection[str]) -> dict[str, Any]:
        """What a tool says by a JWT; raises ToolRefused."""
        try:
            terms = await self._terms(tool_id)
        except ToolRefused:
            raise
        except DomainError as error:  # no id of a tool
            raise ToolRefused(tool_id=tool_id[:64], why="it is not registered") from error
        now = self._log.clock.on_machine(self._log.clock.now())
        return await self._proofs.claims(Signed(tool_id, terms.key_set_url, text, once_by), audiences, now)

    async def grant(self, tool_id: str, scopes: Collection[str], now: datetime) -> str:
        """An access token for a tool that has proved itself."""
        ticket = AccessTicket(
            ticket_id=uuid4().hex, until=now + ACCESS_LASTS, tool_id=tool_id, scopes=sorted(set(scopes))
        )
        return await self.sealed.ticket(ticket, ACCESS)

    async def granted(self, header: str | None, scope: str, now: datetime) -> Tool | None:
        """The tool that asks with an access token for a scope, which it must still have; None for any other."""
        kind, _, text = (header or "").partition(" ")
        if kind.lower() != "bearer":
            return None
        try:
            ticket = await self.sealed.opened(text.strip(), ACCESS, AccessTicket, now)
        except TicketRefused:
            return None
        tool = await self.tool(ticket.tool_id)
        if tool.is_ended or tool.terms is None or scope not in ticket.scopes or scope not in tool.terms.scopes:
            return None
        return tool


def browser_digest(cookie: str) -> str:
    """What a ticket keeps of the cookie of a browser."""
    return hashlib.sha256(cookie.encode()).hexdigest() if cookie else ""
