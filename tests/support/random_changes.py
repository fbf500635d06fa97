"""Changes of a log by chance, as the owner of its database could make them, with the first position that is spoilt."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from adapters.postgres.log.decoding import LogRow
from domain.proofs.leaf import EPOCH, MICROSECOND

POSITION, STREAM, VERSION, TYPE, SCHEMA, PARTITION, DATA, META, OCCURRED, RECORDED = range(10)
BITS = {POSITION: 62, VERSION: 31, SCHEMA: 15, PARTITION: 6, OCCURRED: 50, RECORDED: 50}  # that a column can have


class Changed(NamedTuple):
    """
    A log that was changed.

    Attributes:
        rows: in no order.
        head: where the log says that it ends.
        first: the first position whose fact is not that of before.
    """

    rows: list[LogRow]
    head: int
    first: int


Change = Callable[[random.Random, Sequence[LogRow]], Changed]


def with_value(row: LogRow, column: int, value: object) -> LogRow:
    """A row with another value in one column."""
    return (*row[:column], value, *row[column + 1 :])


def a_bit(chance: random.Random, rows: Sequence[LogRow]) -> Changed:
    """One bit of one column of one row; in a text so that it is one still, as PostgreSQL wants it."""
    at, column = chance.randrange(len(rows)), chance.randrange(10)
    value = rows[at][column]
    if column in BITS:
        number = value if isinstance(value, int) else (value - EPOCH) // MICROSECOND
        number ^= 1 << chance.randrange(BITS[column])
        if column == POSITION and 0 < number <= len(rows):
            return a_bit(chance, rows)  # another fact is there
        changed = number if isinstance(value, int) else EPOCH + timedelta(microseconds=number)
    else:
        stored = bytearray(value.encode() if isinstance(value, str) else value)
        stored[chance.randrange(len(stored))] ^= 1 << chance.randrange(8)
        try:
            changed = stored.decode() if isinstance(value, str) else bytes(stored)
        except UnicodeDecodeError:
            return a_bit(chance, rows)
        if isinstance(changed, str) and "\0" in changed:
            return a_bit(chance, rows)
    row = with_value(rows[at], column, changed)
    return Changed([*rows[:at], row, *rows[at + 1 :]], len(rows), at + 1)


def deleted(chance: random.Random, rows: Sequence[LogRow]) -> Changed:
    """A row is gone."""
    at = chance.randrange(len(rows))
    return Changed([*rows[:at], *rows[at + 1 :]], len(rows), at + 1)


def closed(chance: random.Random, rows: Sequence[LogRow]) -> Changed:
    """A row is gone, and those after it have moved up."""
    at = chance.randrange(len(rows))
    moved = [with_value(row, POSITION, row[POSITION] - 1) for row in rows[at + 1 :]]
    return Changed([*rows[:at], *moved], len(rows) - 1, at + 1)


def inserted(chance: random.Random, rows: Sequence[LogRow]) -> Changed:
    """A row of a new stream stands between others."""
    at = chance.randrange(len(rows))
    moved = [with_value(row, POSITION, row[POSITION] + 1) for row in rows[at:]]
    new = with_value(with_value(rows[at], STREAM, f"progress-new-{chance.randrange(10**9)}:run"), VERSION, 1)
    return Changed([*rows[:at], new, *moved], len(rows) + 1, at + 1)


def swapped(chance: random.Random, rows: Sequence[LogRow]) -> Changed:
    """Two rows have changed their places."""
    one, other = sorted(chance.sample(range(len(rows)), 2))
    changed = list(rows)
    changed[one] = with_value(rows[other], POSITION, one + 1)
    changed[other] = with_value(rows[one], POSITION, other + 1)
    return Changed(changed, len(rows), one + 1)


def moved(chance: random.Random, rows: Sequence[LogRow]) -> Changed:
    """A row belongs to another stream, as its last fact."""
    at = chance.randrange(len(rows))
    stream = chance.choice([row[STREAM] for row in rows if row[STREAM] != rows[at][STREAM]])
    like = [row for row in rows if row[STREAM] == stream]
    row = with_value(with_value(rows[at], STREAM, stream), VERSION, max(each[VERSION] for each in like) + 1)
    return Changed([*rows[:at], with_value(row, PARTITION, like[0][PARTITION]), *rows[at + 1 :]], len(rows), at + 1)


def cut_off(chance: random.Random, rows: Sequence[LogRow]) -> Changed:
    """The end is gone, and the log says that it ends before it."""
    at = chance.randrange(len(rows))
    return Changed(list(rows[:at]), at, at + 1)


def rewritten(chance: random.Random, rows: Sequence[LogRow]) -> Changed:
    """Some rows in a row, often from the first one on, say something else."""
    first = chance.choice([0, chance.randrange(len(rows))])
    end = chance.randrange(first + 1, len(rows) + 1)
    new = [with_value(row, DATA, row[DATA] + b" ") for row in rows[first:end]]
    return Changed([*rows[:first], *new, *rows[end:]], len(rows), first + 1)


CHANGES: list[Change] = [a_bit, deleted, closed, inserted, swapped, moved, cut_off, rewritten]
