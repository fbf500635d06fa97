"""
Whose rights have changed: one look in half a second, for all sessions, tokens and roles that a process remembers.

Facts tell of roles, and of what ends sessions and tokens; a trigger tells of other changes of their rows
(`access_changes`). So a request costs no query, however many users there are, and what was revoked anywhere ends here
within a second (docs/decisions/0277).
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Generic, NamedTuple, TypeVar

from adapters.auth.standing import ENDS
from adapters.postgres.connection import Connection, Link
from domain.clients import Client
from domain.roles import Roles

Key = TypeVar("Key")
Value = TypeVar("Value")

FRESH = 0.5  # seconds that a process trusts its last look
REMEMBERED = 10_000  # of each kind: sessions, tokens, persons
FACTS_LOOKED_AT = 20_000  # after the last look; if there were more, or the log went back, all is forgotten
KEPT = timedelta(hours=1)  # rows of access_changes
LONGEST_PAUSE = KEPT.total_seconds() / 2  # between looks; after a longer one, all is forgotten

LOOK = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text, head.position,
       ARRAY(SELECT DISTINCT learner_id FROM access_changes WHERE transaction >= %(transaction)s::xid8),
       CASE WHEN head.position BETWEEN %(position)s AND %(end)s THEN ARRAY(
           SELECT stream_id FROM events
            WHERE position > %(position)s AND position <= head.position AND type = ANY(%(types)s)) END
  FROM log_head head
"""
FORGET = "DELETE FROM access_changes WHERE at < clock_timestamp() - %s"
OF_CLIENTS = (Client.CredentialAdded.TOPIC, Client.CredentialRemoved.TOPIC, Client.Ended.TOPIC)
TYPES = [Roles.Granted.TOPIC, Roles.Revoked.TOPIC, *OF_CLIENTS, *ENDS]


class _Seen(NamedTuple):
    """How far the last look went; `persons` is None where it could not tell whose rights have changed."""

    transaction: str
    position: int
    persons: Sequence[str] | None


def person_of(stream: str) -> str:
    """Whose a stream is, of roles, sessions, tokens, credentials, accounts and clients: its first id."""
    return stream.partition("-")[2].partition(":")[0]


class AccessChanges:
    """
    What one process knows of changes.

    Attributes:
        number: of the last look, or the last change by this process: what was read before the next one has this number.
    """

    def __init__(self, link: Link) -> None:
        self.number = 0
        self._link = link
        self._changed: dict[str, int] = {}  # by person: the number from which on what is known is true
        self._floor = 0  # the same of all others
        self._transaction, self._position = "0", 0
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether the last look can be trusted."""
        return time.monotonic() - self._looked_at <= FRESH

    async def look(self) -> None:
        """See to it that the last look can be trusted; raises Unavailable."""
        if self.is_fresh:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        await asyncio.shield(self._looking)  # one for all who wait

    def holds(self, person: str, number: int) -> bool:
        """Whether what was read of *person* while the number was *number* is true still."""
        return number >= self._changed.get(person, self._floor)

    def note(self, person: str) -> None:
        """This process has changed the rights of *person*."""
        self.number += 1
        self._mark(person)

    async def _look(self) -> None:
        began = time.monotonic()
        seen = await self._link.run(self._ask)
        self.number += 1
        if seen.persons is None or began - self._looked_at > LONGEST_PAUSE:
            self._changed.clear()
            self._floor = self.number
        else:
            for person in seen.persons:
                self._mark(person)
        self._transaction, self._position = seen.transaction, seen.position
        self._looked_at = began

    async def _ask(self, connection: Connection) -> _Seen:
        end = self._position + FACTS_LOOKED_AT
        parameters = {"transaction": self._transaction, "position": self._position, "end": end, "types": TYPES}
        rows = await (await connection.execute(LOOK.encode(), parameters)).fetchall()
        ((transaction, position, persons, streams),) = rows
        if streams is None:
            return _Seen(transaction, position, None)
        return _Seen(transaction, position, [*persons, *map(person_of, streams)])

    def _mark(self, person: str) -> None:
        if len(self._changed) >= REMEMBERED:
            self._changed.clear()
            self._floor = self.number
        self._changed[person] = self.number


class Known(Generic[Key, Value]):
    """What a process remembers of persons, as long as nothing has changed for them; the one that it knew first goes."""

    def __init__(self, changes: AccessChanges) -> None:
        self._changes = changes
        self._kept: dict[Key, tuple[str, int, Value]] = {}

    def get(self, key: Key) -> Value | None:
        """What is known and true; None if it has to be asked for, or the last look is too old."""
        person, number, value = self._kept.get(key, ("", -1, None))
        return value if number >= 0 and self._changes.is_fresh and self._changes.holds(person, number) else None

    def keep(self, key: Key, person: str, number: int, value: Value) -> None:
        """Remember what was read of *person* while the number of changes was *number*."""
        self._kept.pop(key, None)
        while len(self._kept) >= REMEMBERED:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (person, number, value)

    def drop(self, key: Key) -> None:
        """Forget one."""
        self._kept.pop(key, None)


async def forget_old(connection: Connection) -> None:
    """Forget changes that every process has seen."""
    await connection.execute(FORGET, (KEPT,))
