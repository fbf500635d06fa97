"""Where in Valkey a read model is: the names of its keys, and the fields that are no documents."""

from collections.abc import Sequence
from typing import NamedTuple

from adapters.settings import Settings

POSITION = "@position"  # the checkpoint
EPOCH = "@epoch"
HEALED = "@healed"  # id of the parked key that was made good last
REDONE = "@redone"  # how often documents have changed although the checkpoint stayed: keys made good, rows repaired
COUNTS = ("applied", "ignored", "parked", "skipped")
COUNT_FIELDS = tuple(f"@{name}" for name in COUNTS)

OWN = frozenset(name.encode() for name in (POSITION, EPOCH, HEALED, REDONE, *COUNT_FIELDS))
"""The fields of the hash of a segment's first table that are no documents."""


class Served(NamedTuple):
    """The generation that readers look at, and into how many segments it is divided."""

    generation: int
    segments: int

    def stored(self) -> str:
        """As it stands in Valkey."""
        return f"{self.generation}/{self.segments}"

    @classmethod
    def parsed(cls, stored: bytes | None) -> "Served | None":
        """From what stands in Valkey."""
        return None if stored is None else cls(*map(int, stored.split(b"/")))


def live_key(settings: Settings, projection: str) -> str:
    """The key that says which generation is served."""
    return f"{settings.name}:{projection}:live"


def hash_key(settings: Settings, projection: str, generation: int, segment: int, table: str) -> str:
    """The hash that holds a segment of a table of a generation."""
    return f"{settings.name}:{projection}:{generation}:{segment}:{table}"


def field_of(key: Sequence[str | int]) -> str:
    """The field of a row: the parts of its key, joined by colons, which no id contains."""
    return ":".join(map(str, key))
