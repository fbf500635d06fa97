"""The keys of a read model in Valkey, and the fields of its hashes that are not documents."""

from collections.abc import Sequence
from typing import NamedTuple

from adapters.settings import Settings

POSITION = "@position"  # the checkpoint
MARK = "@mark"  # when its fact was recorded: if the log went back, it has another one there
EPOCH = "@epoch"
HEALED = "@healed"  # id of the parked key that healed last
REDONE = "@redone"  # how often documents changed while the checkpoint stayed: a parked key healed, rows repaired
HERE = "@here"  # in every hash of a segment from its claim on: a hash without it was lost, by eviction or by hand
BESIDE = "@beside"  # how often rows were written that are joined with documents; no field if there are none
COUNTS = ("applied", "ignored", "parked", "skipped")
COUNT_FIELDS = tuple(f"@{name}" for name in COUNTS)

OWN = frozenset(name.encode() for name in (POSITION, MARK, EPOCH, HEALED, REDONE, HERE, BESIDE, *COUNT_FIELDS))
"""The fields of a segment's hashes that are not documents; all but HERE are in that of the first table only."""


class Served(NamedTuple):
    """The live generation, and the number of its segments."""

    generation: int
    segments: int

    def stored(self) -> str:
        """As text in Valkey."""
        return f"{self.generation}/{self.segments}"

    @classmethod
    def parsed(cls, stored: bytes | None) -> "Served | None":
        """From the text in Valkey."""
        return None if stored is None else cls(*map(int, stored.split(b"/")))


def live_key(settings: Settings, projection: str) -> str:
    """The key whose value is the live generation, as `Served`."""
    return f"{settings.name}:{projection}:live"


def hash_key(settings: Settings, projection: str, generation: int, segment: int, table: str) -> str:
    """The hash of one table in one segment of a generation."""
    return f"{settings.name}:{projection}:{generation}:{segment}:{table}"


def field_of(key: Sequence[str | int]) -> str:
    """The field of a row: the parts of its key, joined by colons, which no id contains."""
    return ":".join(map(str, key))
