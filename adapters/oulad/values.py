"""Text of a CSV file to numbers, strictly; each distinct text of a column is parsed once."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

T = TypeVar("T")

WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
PERCENTAGE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?", re.ASCII)
ID = re.compile(r"[0-9]{1,18}", re.ASCII)


class BadValue(ValueError):
    """A value cannot be used; the sentence says which and why."""


class Whole(dict[str, int]):
    """The whole numbers from *low* to *high* in one column, by their text: a dictionary that fills itself."""

    def __init__(self, column: str, low: int, high: int) -> None:
        super().__init__()
        self._column, self._low, self._high = column, low, high

    def __missing__(self, text: str) -> int:
        number = int(text) if WHOLE.fullmatch(text) else None
        if number is None or not self._low <= number <= self._high:
            raise BadValue(f"{self._column} is {text!r}, not a whole number from {self._low} to {self._high}")
        self[text] = number
        return number

    def optional(self, text: str) -> int | None:
        """The number, None for an empty text."""
        return self[text] if text else None


class BasisPoints(dict[str, int]):
    """Percentages in one column, 0 to 100 with at most two decimals, by their text, in basis points."""

    def __init__(self, column: str) -> None:
        super().__init__()
        self._column = column

    def __missing__(self, text: str) -> int:
        number = int(100 * Decimal(text)) if PERCENTAGE.fullmatch(text) else None
        if number is None or number > 10_000:
            raise BadValue(f"{self._column} is {text!r}, not a percentage from 0 to 100")
        self[text] = number
        return number

    def optional(self, text: str) -> int | None:
        """The number, None for an empty text."""
        return self[text] if text else None


def identifier(column: str, text: str) -> str:
    """Return *text*, which has to be a number: the dataset's ids are numbers."""
    if not ID.fullmatch(text):
        raise BadValue(f"{column} is {text!r}, not a number")
    return text


def one_of(column: str, values: Mapping[str, T], text: str) -> T:
    """Look *text* up in *values*, which lists what the column may hold."""
    if text not in values:
        raise BadValue(f"{column} is {text!r}, not one of {', '.join(values)}")
    return values[text]
