"""
What a comparison of two versions of a read model says: counts and distributions first, then single rows.

All values are plain JSON: times are RFC 3339 text, names within documents are text.
"""

from typing import Any, Literal

import msgspec

from projections.engine.projection import KeyValues

DiffKind = Literal["added", "removed", "changed"]


class Spread(msgspec.Struct, frozen=True):
    """Where numbers lie."""

    min: float
    median: float
    mean: float
    max: float


class Bin(msgspec.Struct, frozen=True):
    """How many rows have a difference of at least `low` and below `high` (equal to both where they are the same)."""

    low: float
    high: float
    rows: int


class Numbers(msgspec.Struct, frozen=True):
    """
    A field's changes between numbers, and between numbers and nothing.

    Attributes:
        appeared: rows where there was nothing and now is a number; `vanished` counts the opposite.
        old: the numbers before, of the changed rows only; None if there are none. `new` likewise.
        difference: new minus old, of rows that have both.
        histogram: of these differences, in steps that are round numbers; empty bins at neither end.
    """

    appeared: int
    vanished: int
    old: Spread | None
    new: Spread | None
    difference: Spread | None
    histogram: list[Bin]


class Transition(msgspec.Struct, frozen=True):
    """In how many rows one value was replaced by another."""

    old: Any
    new: Any
    rows: int


class Transitions(msgspec.Struct, frozen=True):
    """The most frequent replacements of texts and of yes and no; `others` counts the rows of all further ones."""

    top: list[Transition]
    others: int


class PartChange(msgspec.Struct, frozen=True):
    """In how many rows a part of a list or of a document is another: a name, an item, or `[].name` of items."""

    part: str
    rows: int


class Collections(msgspec.Struct, frozen=True):
    """Changes of lists and documents: in how many rows they grew, shrank or kept their size, and what in them most."""

    grew: int
    shrank: int
    same_size: int
    parts: list[PartChange]


class FieldDiff(msgspec.Struct, frozen=True):
    """
    How one field differs over all rows of a table that are on both sides.

    Attributes:
        rows: rows in which it changed.
        numbers: those changes that are between numbers; None if there are none. The other two likewise.
    """

    name: str
    rows: int
    numbers: Numbers | None
    transitions: Transitions | None
    collections: Collections | None


class TableDiff(msgspec.Struct, frozen=True):
    """
    How one table differs.

    Attributes:
        presence: `both`; `only_old` or `only_new` for a table that one version does not have; `other_key` for one whose
            rows are identified otherwise. Only rows of `both` are compared one by one.
        same: rows with the same content in all fields that both versions have.
        fields: those that changed, the most frequent first.
        fields_added: fields that only the new version has, `fields_removed` those that only the old one has; they are
            named here and compared nowhere.
    """

    table: str
    presence: Literal["both", "only_old", "only_new", "other_key"]
    old_rows: int
    new_rows: int
    same: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0
    fields: list[FieldDiff] = []
    fields_added: list[str] = []
    fields_removed: list[str] = []

    @property
    def differing(self) -> int:
        """Rows that differ."""
        return self.added + self.removed + self.changed

    @property
    def is_same(self) -> bool:
        """Whether the table has the same fields and rows in both versions."""
        return self.presence == "both" and not (self.differing or self.fields_added or self.fields_removed)


class RowDiff(msgspec.Struct, frozen=True):
    """
    One row that differs.

    Attributes:
        number: its place among all differing rows in their order, from 1.
        old: its fields before, without the key: all for a removed row, those that changed for a changed one; None for
            an added one. `new` likewise.
    """

    number: int
    table: str
    key: KeyValues
    kind: DiffKind
    old: dict[str, Any] | None
    new: dict[str, Any] | None
