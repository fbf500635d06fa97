"""
Whether every fact names its cause, and whether the fact that it names stands before it.

A fact that was not imported came of a request (`correlation_id`), of another fact (`causation_id`), or of both. Code of
before recorded some that name neither: they are counted. A fact that is named as cause has the same request as what it
has caused, so it is found by that, unless it has just gone by.
"""

from collections.abc import Sequence

import msgspec

from adapters.postgres.connection import Connection
from domain.fact import Meta, is_import

RECENT = 100_000  # ids of facts that are remembered, and as many of before

# Those of the facts for which no earlier fact of the same request has the id of their cause.
MISSING = """
SELECT wanted.position FROM unnest(%s::bigint[], %s::bytea[], %s::bytea[]) AS wanted (position, meta, id)
 WHERE NOT EXISTS (
    SELECT FROM events WHERE trace_of(events.meta) = trace_of(wanted.meta) AND events.position < wanted.position
       AND position(wanted.id IN events.meta) > 0)
"""

_encode = msgspec.json.Encoder().encode


class Causes:
    """
    Looks at facts in the order of the log.

    Attributes:
        unnamed: how many name no cause; *first* is the position of the first of them.
    """

    def __init__(self) -> None:
        self.unnamed = 0
        self.first: int | None = None
        self._recent, self._before = set[str](), set[str]()
        self._open: list[tuple[int, str, str]] = []

    def join(self, other: "Causes") -> None:
        """Count those of a later part of the log, too."""
        self.unnamed += other.unnamed
        self.first = self.first or other.first

    def forget(self) -> None:
        """Forget the ids of facts that have gone by: a part of the log is over, and what was counted is handed on."""
        self._recent, self._before = set(), set()

    def add(self, position: int, meta: Meta) -> None:
        """Take in the next fact."""
        cause, request = meta.causation_id, meta.correlation_id
        if cause is None and request is None and not is_import(meta.source):
            self.unnamed += 1
            self.first = self.first or position
        if cause is not None and request is not None and cause not in self._recent and cause not in self._before:
            self._open.append((position, request, cause))
        self._recent.add(meta.event_id)
        if len(self._recent) >= RECENT:
            self._recent, self._before = set(), self._recent

    async def missing(self, connection: Connection) -> Sequence[tuple[int, str]]:
        """The facts since the last call whose cause is not in the log before them, with its id."""
        waiting, self._open = self._open, []
        if not waiting:
            return []
        metas = [_encode({"correlation_id": request}) for _, request, _ in waiting]
        ids = [f'"event_id":"{cause}"'.encode() for _, _, cause in waiting]
        cursor = await connection.execute(MISSING, ([position for position, _, _ in waiting], metas, ids), binary=True)
        lost = {position for (position,) in await cursor.fetchall()}
        return [(position, cause) for position, _, cause in waiting if position in lost]
