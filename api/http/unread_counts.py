"""
How many notifications people have not read, as every page asks: kept in a process until a change of it is announced.

A count is kept from a moment on from which every change of the inbox is heard here, so it is true for the position up
to which all changes were announced. A lost announcement is noticed by the next one (api/http/changes.py), and no count
is given for longer than AGE. While announcements may be lost, each count is read.
"""

from collections import OrderedDict
from time import monotonic
from typing import NamedTuple

from adapters.nats.changes import CommittedChange
from adapters.postgres.queries.inbox import UnreadCount, unread_of
from adapters.postgres.queries.reader import Reader
from api.http.changes import Changes
from projections.inbox import Inboxes

AGE = 30.0  # seconds for which a count is given without a look at the rows
MOST = 10_000  # people whose counts a process keeps


class _Kept(NamedTuple):
    """A count, over which connection its changes are heard, and until when it is given."""

    found: UnreadCount
    connection_id: int
    until: float


class UnreadCounts:
    """The counts of one process."""

    def __init__(self, reader: Reader, changes: Changes) -> None:
        self._reader, self._changes = reader, changes
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._changed = 0  # changes of any count that were heard
        changes.add_listener(Inboxes.name, self._on_change)

    async def of(self, learner_id: str, at_least: int = 0) -> UnreadCount:
        """
        How many a person has not read.

        Args:
            at_least: the position for which it has to be true, if the read model is that far.
        """
        connection_id, heard = self._changes.connection_id, self._changes.heard(Inboxes.name)
        kept = self._kept.get(learner_id)
        if kept is not None and kept.connection_id == connection_id and heard >= 0 and monotonic() < kept.until:
            position = max(kept.found.position, heard)
            if position >= at_least:
                return UnreadCount(kept.found.unread, position)
        changed = self._changed
        count = await unread_of(self._reader, learner_id)
        if connection_id is not None and heard >= 0 and changed == self._changed:
            self._keep(learner_id, _Kept(count, connection_id, monotonic() + AGE))
        return count

    def _keep(self, learner_id: str, kept: _Kept) -> None:
        self._kept[learner_id] = kept
        self._kept.move_to_end(learner_id)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def _on_change(self, change: CommittedChange) -> None:
        """Forget the counts that have changed; all of them where it is not known which."""
        self._changed += 1
        if change.keys is None:
            self._kept.clear()
        else:
            for _table, learner_id, *_ in change.keys:
                self._kept.pop(str(learner_id), None)
