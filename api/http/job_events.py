"""How far a job is, as server-sent events: `progress` with all that a query of it says, until it has ended."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime
from typing import Protocol

import msgspec

from api.http.places import EventStream
from api.http.query import QueryContext
from api.http.sessions import while_signed_in

LOOK_INTERVAL = 0.5  # seconds between two events


class Progress(Protocol):
    """How a job stands."""

    @property
    def ended_at(self) -> datetime | None:
        """When it has ended; None until then."""


def job_events(ask: QueryContext, look: Callable[[], Awaitable[Progress]]) -> EventStream:
    """The answer that says how far a job is, until it has ended, or what names the user."""
    services, user = ask.services, ask.user
    while_valid = while_signed_in(_events(look), user, services.people, services.grants, ends=user.expires_at)
    return EventStream(while_valid, services.places, user.subject)


async def _events(look: Callable[[], Awaitable[Progress]]) -> AsyncGenerator[bytes]:
    while True:
        found = await look()
        yield b"event: progress\ndata: %b\n\n" % msgspec.json.encode(found)
        if found.ended_at is not None:
            return
        await asyncio.sleep(LOOK_INTERVAL)
