"""
The read models in Valkey as the API serves them, by name: a learner's dashboard, the recent activity of the campus.

Serves    api.dashboards and api.http.fast_path (learner_dashboard), api.overview (recent_activity), api.http.sse and
          api.http.readiness; a read model with `store = "valkey"` is served once it is registered.
Reads     the document in Valkey (adapters/valkey/document_reader.py). While Valkey cannot answer, the log: the facts
          of which the document is made are folded by the same handlers, in some milliseconds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.log.history import history_of, newest_facts
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.log.reference_facts import ReferenceFacts
from adapters.settings import Settings
from adapters.shown_dashboard import shown
from adapters.stores.registry import store_type
from adapters.valkey.client import Valkey
from adapters.valkey.document_reader import DocumentReader, Unreachable
from domain.fact import Fact
from projections.engine.diff.lineage import needs_of
from projections.engine.distribution import owner_of, partitioned_tables, segment_of_key
from projections.engine.live import Exclusions, OwnedSegments, fold_batch
from projections.engine.memory import MemoryStore
from projections.engine.projection import Projection, RowKey
from projections.learner_dashboard import LearnerDashboard

SHOWN: Mapping[str, Callable[[bytes, datetime], bytes]] = {LearnerDashboard.name: shown}
"""How the documents of a read model are shown at a time, where not as they are."""

_encode = msgspec.json.Encoder().encode


class Document(NamedTuple):
    """The JSON text of a document, the position for which it is true, and whether any fact has made it."""

    body: bytes
    position: int
    exists: bool = True


class NotServable(Exception):
    """A read model in Valkey whose documents cannot be looked up by one key."""


class Documents:
    """The documents of one read model: those of its first table."""

    def __init__(self, client: Valkey, settings: Settings, log: PostgresLog, projection: Projection) -> None:
        table = projection.tables[0]
        if len(table.key) != 1 or (table.distribution != "partitioned" and projection.segments > 1):
            raise NotServable(
                f"read model {projection.name}: its first table, {table.name}, needs a key of one field and whole rows"
                " in one segment; put the table of its documents first"
            )
        self._table = table
        self._clock = log.clock
        self._shown = SHOWN.get(projection.name)
        self._reader = DocumentReader(client, settings, projection)
        self._folder = DocumentFolder(log, projection)

    async def get(self, key: str) -> Document:
        """The document with this key as it is shown; a blank one if there is none."""
        document = await self.stored(key)
        if self._shown is None:
            return document
        return Document(self._shown(document.body, self._clock.now()), document.position, document.exists)

    async def stored(self, key: str) -> Document:
        """The document with this key as facts have made it; a blank one if there is none."""
        try:
            body, position = await self._reader.get(key)
        except Unreachable:
            body, position = await self._folder.fold(key)
            self._reader.know_head(position)
        return Document(_encode(self._table.row(key)) if body is None else body, position, body is not None)

    async def position(self) -> int:
        """
        The checkpoint of the read model.

        Raises:
            Unreachable: Valkey cannot say.
        """
        return await self._reader.position()


def served_documents(
    client: Valkey, settings: Settings, log: PostgresLog, projections: Iterable[Projection]
) -> dict[str, Documents]:
    """The documents of every read model in Valkey, by the name of the read model."""
    return {
        projection.name: Documents(client, settings, log, projection)
        for projection in projections
        if store_type(projection).WITH_DOCUMENTS
    }


class DocumentFolder:
    """
    Folds one document from the log, as the projector would.

    Its facts are those of its key and the reference facts that these need; or, if the projection says so, the
    `newest` ones that it reads. A fact that fails leaves the document as it was before.
    """

    def __init__(self, log: PostgresLog, projection: Projection) -> None:
        self._log = log
        self._projection = projection
        self._reference = ReferenceFacts(projection)

    async def fold(self, key: str) -> tuple[bytes | None, int]:
        """The JSON text of a document, None if there is none; and the head of the log, for which this is true."""
        head = await self._log.head()
        owner = owner_of(partitioned_tables(self._projection).get(self._projection.tables[0]), key)
        facts = await self._log.link.run(lambda connection: self._facts(connection, key, owner, head))
        segment = segment_of_key(owner, self._projection.segments)
        share = OwnedSegments(self._projection.segments, (segment,))
        folded = await fold_batch(self._projection, facts, Exclusions(), MemoryStore(share), share)
        row = folded.rows[segment].rows.get(RowKey(self._projection.tables[0], (key,)))
        return None if row is None else _encode(row), head

    async def _facts(self, connection: Connection, key: str, owner: str, head: int) -> Sequence[Fact]:
        types = self._projection.handlers.keys()
        if self._projection.newest is not None:
            return await newest_facts(connection, sorted(types), head, self._projection.newest)
        own = [fact for fact in await history_of(connection, owner, head) if fact.type in types]
        await self._reference.read(connection, head)
        needed = {RowKey(self._projection.tables[0], (key,))}
        needed.update(row for fact in own for row in needs_of(self._projection, fact))
        reference = [fact for fact in self._reference.relevant_to(needed) if fact.position <= head]
        return sorted(own + reference, key=attrgetter("position"))
