"""
The SQL by which a fold over the whole log reads it: which facts, in which ranges, in which form.

A range is an interval of positions, with about PAGE_FACTS facts and at most a few megabytes; or a list of positions, if
the wanted facts are on few streams.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import psycopg
from psycopg import sql

from adapters.postgres.log.postgres_log import COLUMNS
from domain.codec import version_of
from domain.progress import CourseProgress
from domain.registry import AGGREGATES, FACTS
from domain.streams import PARTITIONS
from projections.engine.bulk.pages import FactFilter

PAGE_FACTS = 1_024  # larger pages do not fit into the processor's caches
PAGE_BYTES = 4 << 20
FIRST_SPAN, LONGEST_SPAN = 1_024, 262_144  # positions
FEW = 50  # if at most one fact in so many is wanted, a list of positions is faster than reading the log
FREQUENT = CourseProgress.ActivityRecorded.TOPIC  # the type of most facts
UNKNOWN = -1  # newest version of a type that is not in the registry

BLOBS = """
SELECT string_agg(stream_id, E'\\n'), string_agg(data, '\\x0a'::bytea),
       string_agg(int2send(({number} * 64 + partition)::int2), ''::bytea)
       {more}
  FROM (SELECT * FROM events WHERE {piece} AND {wanted} ORDER BY position) AS e
"""
NUMBERS = {
    "position": "string_agg(int8send(position), ''::bytea)",
    "occurred_at": "string_agg(timestamptz_send(occurred_at), ''::bytea)",
}
COLUMN = "SELECT {number} FROM (SELECT * FROM events WHERE {piece} AND {wanted} ORDER BY position) AS e"
ROWS = f"SELECT {COLUMNS} FROM events WHERE {{piece}} AND {{wanted}} ORDER BY position"
RARE = "SELECT position, {column} FROM events WHERE {piece} AND type = {type} ORDER BY position"
RANGE = "position > $1::bigint AND position <= $2::bigint"
LIST = "position = ANY($1::bigint[])"


class PositionRange(NamedTuple):
    """The positions above *after*, up to and with *until*; only those of `among`, if given."""

    after: int
    until: int
    among: tuple[int, ...] | None = None

    @property
    def parameters(self) -> list[int | list[int]]:
        """The parameters of a query for this range."""
        return [self.after, self.until] if self.among is None else [list(self.among)]

    @property
    def piece(self) -> str:
        """The SQL condition of this range."""
        return RANGE if self.among is None else LIST

    def halves(self) -> "tuple[PositionRange, PositionRange]":
        """The same positions in two ranges."""
        middle = (self.after + self.until) // 2
        if self.among is None:
            return PositionRange(self.after, middle), PositionRange(middle, self.until)
        low, high = (tuple(p for p in self.among if (p > middle) == side) for side in (False, True))
        return PositionRange(self.after, middle, low), PositionRange(middle, self.until, high)


def literal(value: str) -> str:
    """A text as an SQL literal."""
    return sql.Literal(value).as_string()


def one_of(values: Iterable[str]) -> str:
    """Texts as an SQL list; NULL for no text, which nothing equals."""
    return ", ".join(map(literal, values)) or "NULL"


def condition(wanted: FactFilter) -> str:
    """The SQL condition for the wanted facts; partitions are bits of a number, which is faster than a list."""
    types = f"type IN ({one_of(wanted.types)})"
    if wanted.valid_at is not None:
        types += f" AND occurred_at <= {literal(wanted.valid_at.isoformat())}::timestamptz"
    if wanted.everywhere.issuperset(wanted.types):
        return types
    bits = sum(1 << partition for partition in wanted.partitions)
    signed = bits - (1 << PARTITIONS) if bits >> (PARTITIONS - 1) else bits
    return f"((('{signed}'::bigint >> partition) & 1) = 1 OR type IN ({one_of(sorted(wanted.everywhere))})) AND {types}"


@lru_cache(maxsize=64)  # hundreds of pages use the same query
def blobs(wanted: FactFilter, piece: str, numbers: tuple[str, ...] = ()) -> str:
    """The query for a page as one row, with some of NUMBERS."""
    return BLOBS.format(
        number=_number(wanted.types),
        more="".join(f", {NUMBERS[name]}" for name in numbers),
        piece=piece,
        wanted=condition(wanted),
    )


def _number(types: Iterable[str]) -> str:
    """The SQL for the number of a row's type, NULL for an old version; the server compares in this order."""
    numbers = sorted(enumerate(types), key=lambda entry: entry[1] != FREQUENT)
    newest = {name: version_of(FACTS[name]) if name in FACTS else UNKNOWN for _, name in numbers}
    cases = (
        f"WHEN {literal(name)} THEN CASE schema_version WHEN {newest[name]} THEN {number} END"
        for number, name in numbers
    )
    return f"CASE type {' '.join(cases)} END"


def ranges(wanted: FactFilter) -> list[str] | None:
    """SQL conditions for the stream ids of the wanted types; None if a type is not in the registry."""
    categories = {
        aggregate.category
        for name in wanted.types
        for aggregate in AGGREGATES
        if name in FACTS and FACTS[name] in vars(aggregate).values()
    }
    if not all(name in FACTS for name in wanted.types):
        return None
    return [f"stream_id >= {literal(c + '-')} AND stream_id < {literal(c + '.')}" for c in sorted(categories)]


def few_positions(connection: psycopg.Connection, wanted: FactFilter, after: int, until: int) -> list[int] | None:
    """The positions of the wanted facts, if they are so few that a list is faster than reading the log."""
    within = ranges(wanted)
    most = (until - after) // FEW
    if not within:
        return None
    some = " UNION ALL ".join(f"SELECT FROM events WHERE {found}" for found in within)
    counted = connection.execute(f"SELECT count(*) FROM ({some} LIMIT {most + 1}) AS e".encode()).fetchone()
    if counted is None or counted[0] > most:
        return None
    columns = "position, type, partition, occurred_at"  # those that `condition` asks for
    inner = " UNION ALL ".join(f"SELECT {columns} FROM events WHERE {found}" for found in within)
    query = f"SELECT position FROM ({inner}) AS e WHERE position > %s AND position <= %s AND {condition(wanted)}"
    return [position for (position,) in connection.execute(f"{query} ORDER BY 1".encode(), (after, until))]


class AdaptiveRanges:
    """Splits a part of the log into ranges, whose length is adapted to give pages of about PAGE_FACTS."""

    def __init__(self, after: int, until: int, among: list[int] | None = None) -> None:
        self._after, self._until, self._among = after, until, among
        self._length = FIRST_SPAN
        self._waiting: list[PositionRange] = []

    def following(self) -> PositionRange | None:
        """The next range; None after the last."""
        if self._waiting:
            return self._waiting.pop(0)
        if self._among is not None:
            some, self._among = self._among[: self._length], self._among[self._length :]
            return PositionRange(some[0] - 1, some[-1], tuple(some)) if some else None
        if self._after >= self._until:
            return None
        span = PositionRange(self._after, min(self._after + self._length, self._until))
        self._after = span.until
        return span

    def push_back(self, spans: Iterable[PositionRange]) -> None:
        """Return these ranges next."""
        self._waiting[:0] = spans

    def adjust(self, facts: int, size: int) -> None:
        """Adapt the length of the next ranges to one that had so many facts and bytes."""
        fitting = min(PAGE_FACTS / max(facts, 1), PAGE_BYTES / max(size, 1))
        longest = PAGE_FACTS if self._among is not None else LONGEST_SPAN
        self._length = int(min(max(self._length * min(max(fitting, 0.25), 2.0), 1), longest))
