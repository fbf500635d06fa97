"""
How far the log and the read models really are, asked once for all who want to know at the same time.

Queries that wait and event streams that make sure of themselves share one look at PostgreSQL, however many they are.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import NamedTuple

from adapters.documents import Documents
from adapters.postgres.connection import Unavailable
from adapters.postgres.queries import lag
from adapters.postgres.queries.reader import NotBuilt, Reader
from adapters.tasks import cancel_and_wait
from adapters.valkey.document_reader import Unreachable


class Known(NamedTuple):
    """
    The head of the log, and checkpoint and generation of each read model that is served, at one moment.

    Attributes:
        life: of the log (`adapters.postgres.connection.life_of`); empty where no read model is served.
    """

    head: int
    checkpoints: Mapping[str, int]
    life: str
    generations: Mapping[str, int]


class Truth:
    """Looks when someone asks, and not more often than each asks for."""

    def __init__(self, reader: Reader, documents: Mapping[str, Documents]) -> None:
        self._reader = reader
        self._documents = documents
        self._known: Known | None = None
        self._known_at = 0.0
        self._looking: asyncio.Task[Known] | None = None

    async def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            await cancel_and_wait([self._looking])

    async def known(self, max_age: float) -> Known | None:
        """What was true at most *max_age* seconds ago; None while PostgreSQL does not answer."""
        if self._known is not None and monotonic() - self._known_at <= max_age:
            return self._known
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            return await asyncio.shield(self._looking)
        except (Unavailable, NotBuilt):
            return None

    async def _look(self) -> Known:
        began = monotonic()
        try:
            rows = await lag.checkpoints(self._reader)
            head = int(rows[0][4]) if rows else await lag.head(self._reader)
            checkpoints = {row[0]: await checkpoint(self._documents, row[0], int(row[1] or 0)) for row in rows}
            life, generations = rows[0][5] if rows else "", {row[0]: int(row[2]) for row in rows}
            self._known, self._known_at = Known(head, checkpoints, life, generations), began
            return self._known
        finally:
            self._looking = None


async def checkpoint(documents: Mapping[str, Documents], name: str, copy: int) -> int:
    """The checkpoint of a read model; for one in Valkey, PostgreSQL has a *copy* that may be seconds old."""
    found = documents.get(name)
    if found is None:
        return copy
    try:
        return await found.position()
    except Unreachable:
        return copy
