"""
Text of a CSV file to numbers, strictly; each distinct text of a column is parsed once.

Whole numbers may be written as `19.0`: pandas writes them so in a column that has a gap. A gap may have a word for it
(`MISSING`): `?` of the UCI repository and of OpenML, `NA` of R, `NaN` of numpy, `NULL` and `\\N` of databases.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

T = TypeVar("T")

WHOLE = re.compile(r"(-?[0-9]{1,9})(\.0*)?", re.ASCII)
PERCENTAGE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2}0*)?", re.ASCII)
ID = re.compile(r"([0-9]{1,18})(\.0*)?", re.ASCII)
MISSING = frozenset({"", "?", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "\\N"})


class BadValue(ValueError):
    """A value cannot be used; the sentence says which and why."""


class Whole(dict[str, int]):
    """The whole numbers from *low* to *high* in one column, by their text: a dictionary that fills itself."""

    def __init__(self, column: str, low: int, high: int) -> None:
        super().__init__()
        self._column, self._low, self._high = column, low, high

    def __missing__(self, text: str) -> int:
        written = WHOLE.fullmatch(text.strip())
        number = int(written[1]) if written else None
        if number is None or not self._low <= number <= self._high:
            raise BadValue(f"{self._column} is {text!r}, not a whole number from {self._low} to {self._high}")
        self[text] = number
        return number

    def optional(self, text: str) -> int | None:
        """The number, None for a gap."""
        return None if text in MISSING else self[text]


class BasisPoints(dict[str, int]):
    """Percentages in one column, 0 to 100 with at most two decimals, by their text, in basis points."""

    def __init__(self, column: str) -> None:
        super().__init__()
        self._column = column

    def __missing__(self, text: str) -> int:
        number = int(100 * Decimal(text.strip())) if PERCENTAGE.fullmatch(text.strip()) else None
        if number is None or number > 10_000:
            raise BadValue(f"{self._column} is {text!r}, not a percentage from 0 to 100")
        self[text] = number
        return number

    def optional(self, text: str) -> int | None:
        """The number, None for a gap."""
        return None if text in MISSING else self[text]


class Ids(dict[str, str]):
    """The ids of one column, which are numbers, by their text: `11391` for `11391` and for `11391.0`."""

    def __init__(self, column: str) -> None:
        super().__init__()
        self._column = column

    def __missing__(self, text: str) -> str:
        written = ID.fullmatch(text.strip())
        if not written:
            raise BadValue(f"{self._column} is {text!r}, not a number of digits")
        return self.setdefault(text, written[1])


def one_of(column: str, values: Mapping[str, T], text: str) -> T:
    """Look *text* up in *values*, which lists what the column may hold; a flag may be written as `1.0`."""
    found = values.get(text, values.get(text.strip().removesuffix(".0")))
    if found is None:
        raise BadValue(f"{column} is {text!r}, not one of {', '.join(values)}")
    return found
