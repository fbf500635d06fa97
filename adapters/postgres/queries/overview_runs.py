"""
The counts of each run and their sums, kept in the process; only runs whose parts have changed are read again.

A row's `xmin` is the transaction that wrote it. A look remembers the oldest transaction that was under way (`since`),
and which from that one on it has seen (`seen`): what is of a later transaction and not seen is new, in whatever order
transactions are committed. Rows that were deleted show by the number of those that are left.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.connection import LIFE
from adapters.postgres.queries.overview_sums import BY_NAME, CAMPUS, LOOK, NUMBERS
from adapters.postgres.queries.reader import CHECKPOINT, Reader
from adapters.postgres.store.row_tables import physical_name, quoted
from projections.overview import OVERVIEW, RUNS, Counts

MOST_PARTS = 40_000  # of runs that are kept in a process: 4 of each run, which is 2 kB

# Numbers of transactions can be compared as long as the table is the same, the server has lost none of them (another
# life; a crash, after which it makes a checkpoint), and half of all numbers are not used up.
ORIGIN = f"""
SELECT concat_ws(' ', ({LIFE}), checkpoint_lsn, '{{table}}'::regclass::oid,
                 pg_snapshot_xmin(pg_current_snapshot())::text::bigint >> 30)
  FROM pg_control_checkpoint()
"""
CHANGES = f"""
WITH version AS (SELECT FROM {{sources}} LIMIT 0),
look (generation, rows) AS ({LOOK}),
origin (origin) AS ({ORIGIN}),
since (since) AS (SELECT pg_snapshot_xmin(pg_current_snapshot())),
bounds (is_other, asked_age, since_age) AS MATERIALIZED (
    SELECT origin IS DISTINCT FROM %(origin)s, age(%(since)s::xid8::xid), age(since::xid) FROM origin, since),
scanned AS MATERIALIZED (
    SELECT count(*) AS parts,
           array_agg(run_id) FILTER (
               WHERE is_other OR age(xmin) <= asked_age AND age(xmin) >= 0 AND xmin <> ALL (%(seen)s::xid[])) AS runs,
           array_agg(xmin::text) FILTER (WHERE age(xmin) <= since_age AND age(xmin) >= 0) AS seen
      FROM {{table}}, bounds WHERE run_id <> '{CAMPUS}')
SELECT (SELECT generation FROM look), (SELECT rows FROM look), {CHECKPOINT.format("overview")},
       (SELECT origin FROM origin), (SELECT since::text FROM since), parts,
       (SELECT coalesce(array_agg(DISTINCT number), '{{{{}}}}')::text FROM unnest(seen) AS number),
       (SELECT coalesce(json_agg(part ORDER BY run_id), '[]')::text FROM {{table}} AS part
         WHERE run_id = ANY (runs) AND parts <= %(most)s)
  FROM scanned
"""


@cache
def _changes(generation: int) -> str:
    table, sources = (quoted(physical_name(table, generation)) for table in (OVERVIEW, RUNS))
    return CHANGES.format(table=table, sources=sources)


class Rows(NamedTuple):
    """Of which rows an overview is made: their generation, and what changes whenever one of them does."""

    generation: int | None
    state: str | None


NO_ROWS = Rows(None, None)


class Look(NamedTuple):
    """What a look has found."""

    rows: Rows
    position: int
    origin: str | None
    since: str | None
    seen: str


NO_LOOK = Look(NO_ROWS, 0, None, None, "{}")


class Run(NamedTuple):
    """Of one run: its counts, the number of parts of which they are the sum, and its entry in an answer."""

    counts: Counts
    parts: int
    entry: bytes


class TooManyRuns(Exception):
    """The campus has more runs than a process keeps."""


class KeptRuns:
    """
    The runs of one generation, and their sums.

    Args:
        entry: the JSON text of what is counted of a run.
    """

    def __init__(self, reader: Reader, entry: Callable[[Counts], bytes]) -> None:
        self._reader = reader
        self._entry = entry
        self._forget()

    def _forget(self) -> None:
        self.look = NO_LOOK
        self.campus = Counts(CAMPUS)
        self.sources: dict[str, Counts] = {}
        self._runs: dict[str, Run] = {}
        self._runs_of: Counter[str] = Counter()
        self._ids: list[str] = []
        self._parts = 0

    async def follow(self, generation: int) -> bool:
        """
        Read what has changed in a generation; returns False, and keeps nothing, if another one is live.

        Raises:
            TooManyRuns: and nothing is kept.
            NotBuilt: the generation is no longer there, or is of version 3. Further errors as `Reader.rows`.
        """
        while True:
            known = self.look
            asked = {"origin": known.origin, "since": known.since, "seen": known.seen, "most": MOST_PARTS}
            ((live, state, position, origin, since, parts, seen, found),) = await self._reader.rows(
                _changes(generation), asked
            )
            if origin != known.origin or live != generation:
                self._forget()
            if live != generation:
                return False
            if parts > MOST_PARTS:
                self._forget()
                raise TooManyRuns
            self._take(msgspec.json.decode(found, type=list[Counts]))
            if self._parts == parts:
                self.look = Look(Rows(live, state), position or 0, origin, since, seen)
                return True
            self._forget()  # parts were deleted

    def page(self, after: str, limit: int) -> tuple[list[bytes], str | None]:
        """The entries of the runs that follow, by their ids; and the id of the last of them if others follow."""
        first = bisect_right(self._ids, after)
        ids = self._ids[first : first + limit]
        return [self._runs[run_id].entry for run_id in ids], ids[-1] if first + limit < len(self._ids) else None

    def _take(self, changed: Iterable[Counts]) -> None:
        """Put runs, by their ids, in the place of what is kept of them."""
        known = len(self._runs)
        for run_id, parts in groupby(changed, lambda part: part.run_id):
            self._put(run_id, list(parts))
        if len(self._runs) != known:
            self._ids = sorted(self._runs)

    def _put(self, run_id: str, parts: list[Counts]) -> None:
        counts = Counts(run_id, max(part.source for part in parts))
        for part in parts:
            add(counts, part)
        before, after = self._runs.get(run_id), Run(counts, len(parts), self._entry(counts))
        if before is not None:
            self._count(before, -1)
        self._runs[run_id] = after
        self._count(after, 1)

    def _count(self, run: Run, sign: int) -> None:
        source = run.counts.source
        add(self.campus, run.counts, sign)
        add(self.sources.setdefault(source, Counts(CAMPUS, source)), run.counts, sign)
        self._parts += sign * run.parts
        self._runs_of[source] += sign
        if not self._runs_of[source]:
            del self._runs_of[source], self.sources[source]


def add(counts: Counts, more: Counts, sign: int = 1) -> None:
    """Add *more* to *counts*, or take it away; nothing stays under a name where there is nothing left."""
    for name in NUMBERS:
        setattr(counts, name, getattr(counts, name) + sign * getattr(more, name))
    for name in BY_NAME:
        numbers: dict[str, Any] = getattr(counts, name)
        for key, number in getattr(more, name).items():
            numbers[key] = numbers.get(key, 0) + sign * number
            if not numbers[key]:
                del numbers[key]
