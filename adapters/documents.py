"""
The read models in Valkey as the API serves them, by name: a learner's dashboard, the recent activity of the campus.

Serves    api.dashboards and api.http.fast_path (learner_dashboard), api.overview (recent_activity), api.http.sse and
          api.http.readiness; a read model with `store = "valkey"` is served once it is registered.
Reads     the document in Valkey (adapters/valkey/document_reader.py). While Valkey cannot answer, the log: the facts
          of which the document is made are folded by the same handlers, in some milliseconds. What is beside the
          documents is joined with them: deadlines and titles of courses that have changed since a dashboard was made.
          A document as of another moment is folded in the same way.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.as_of.folder import KeyFolder
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.shown_dashboard import shown, with_changes
from adapters.stores.registry import store_type
from adapters.valkey.client import Valkey
from adapters.valkey.document_reader import Beside, DocumentReader, Unreachable
from projections.engine.distribution import owner_of, partitioned_tables
from projections.engine.moment import Moment
from projections.engine.projection import RowKey
from projections.learner_dashboard import LearnerDashboard

SHOWN: Mapping[str, Callable[[bytes, datetime], bytes]] = {LearnerDashboard.name: shown}
"""How the documents of a read model are shown at a time, where not as they are."""

JOINED: Mapping[str, Callable[[bytes, Beside], bytes]] = {LearnerDashboard.name: with_changes}
"""How the documents of a read model are joined with the rows beside them."""

_encode = msgspec.json.Encoder().encode


class Document(NamedTuple):
    """The JSON text of a document, the position for which it is true, and whether any fact has made it."""

    body: bytes
    position: int
    exists: bool = True


class NotServable(Exception):
    """A read model in Valkey whose documents cannot be looked up by one key."""


class Documents:
    """
    The documents of one read model: those of its first table.

    Attributes:
        projection: the read model.
    """

    def __init__(self, client: Valkey, settings: Settings, log: PostgresLog, folder: KeyFolder) -> None:
        projection = folder.projection
        table = projection.tables[0]
        if len(table.key) != 1 or (table.distribution != "partitioned" and projection.segments > 1):
            raise NotServable(
                f"read model {projection.name}: its first table, {table.name}, needs a key of one field and whole rows"
                " in one segment; put the table of its documents first"
            )
        self._table = table
        self._log = log
        self._name = projection.name
        self._shown = SHOWN.get(projection.name)
        self._reader = DocumentReader(client, settings, projection)
        self.projection = projection
        self._folder = folder

    async def get(self, key: str, moment: Moment | None = None) -> Document:
        """The document with this key as it is shown, now or at a moment; a blank one if there is none."""
        document = await self.stored(key, moment)
        if self._shown is None:
            return document
        body = self._shown(document.body, moment.now if moment else self._log.clock.now())
        return document if body is document.body else document._replace(body=body)

    async def stored(self, key: str, moment: Moment | None = None) -> Document:
        """The document with this key as facts have made it, with what is beside it; a blank one if there is none."""
        if moment is not None:
            return await self._folded(key, moment)
        try:
            body, position, beside = await self._reader.get(key)
        except Unreachable:
            head = await self._log.head()
            self._reader.know_head(head)
            return await self._folded(key, Moment(head, self._log.clock.now()))
        return self._joined(key, body, position, beside)

    async def _folded(self, key: str, moment: Moment) -> Document:
        """The document as the log has it, with the rows that are joined with it."""
        owner = owner_of(partitioned_tables(self.projection).get(self._table), key)
        this = RowKey(self._table, (key,))
        folded = await self._folder.rows(owner, moment, [this])
        row = folded.rows.get(this)
        beside: dict[str, dict[str, list[Any]]] = {}
        for (table, (first, *_)), found in folded.rows.items():
            if table in self.projection.beside:
                beside.setdefault(table.name, {}).setdefault(str(first), []).append(found)
        return self._joined(key, None if row is None else _encode(row), moment.position, beside)

    def _joined(self, key: str, body: bytes | None, position: int, beside: Beside) -> Document:
        """The document with what is beside it."""
        if beside and body is not None:
            body = JOINED[self._name](body, beside)
        return Document(_encode(self._table.row(key)) if body is None else body, position, body is not None)

    async def position(self) -> int:
        """
        The checkpoint of the read model.

        Raises:
            Unreachable: Valkey cannot say.
        """
        return await self._reader.position()


def served_documents(
    client: Valkey, settings: Settings, log: PostgresLog, folders: Iterable[KeyFolder]
) -> dict[str, Documents]:
    """The documents of every read model in Valkey, by the name of the read model."""
    return {
        folder.projection.name: Documents(client, settings, log, folder)
        for folder in folders
        if store_type(folder.projection).WITH_DOCUMENTS
    }
