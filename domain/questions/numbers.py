"""
Exact numbers as texts: points, shares, tolerances, and what a learner types. Nothing here is ever a float.

A `Number` is kept as a text, since neither JSON nor binary fractions have a third: `3`, `2.5`, `1/3`, `-1.6e-19`.
"""

import re
import unicodedata
from fractions import Fraction
from typing import Annotated, NamedTuple

import msgspec

from domain.errors import Rejected

_DIGITS = "[0-9]{1,1500}"
_PATTERN = rf"\A-?(?:{_DIGITS}(?:\.{_DIGITS})?(?:e-?[0-9]{{1,3}})?|{_DIGITS}/{_DIGITS})\Z"
_NUMBER = re.compile(_PATTERN)
Number = Annotated[str, msgspec.Meta(pattern=_PATTERN)]
"""An exact rational number as a text."""

LONGEST_WRITTEN = 24  # digits that are written out; longer numbers have a power of ten
LONGEST_TYPED = 100  # characters of a number that a learner types
_SIGNS = {"\u2212": "-", "\u2013": "-"}  # minus sign and en dash, as keyboards and documents have them
_TYPED = re.compile(
    r"\s*(?P<sign>[+-]?)\s*(?P<body>[.,]?[0-9][0-9\s'\u2019.,]*)"
    r"(?:(?:[x*\u00d7\u00b7]\s*10\s*(?:\^|\*\*)\s*|[eE])(?P<power>[+-]?[0-9]{1,3})(?![0-9]))?(?P<rest>.*)",
    re.DOTALL,
)
_GROUPED = re.compile(r"[0-9]{1,3}(?:G[0-9]{3})+|[0-9]*")


class BadNumber(Rejected):
    """A text that should be an exact number is none."""

    code = "bad_number"
    template = "{text!r} is no exact number: write it as 3, 2.5, 1/3 or 1.6e-19"


def exact(text: str) -> Fraction:
    """
    The value of a Number.

    Raises:
        BadNumber: the text is none, or divides by 0.
    """
    if not _NUMBER.match(text) or (("/" in text) and not int(text.partition("/")[2])):
        raise BadNumber(text=text[:80])
    return Fraction(text)


def written(value: Fraction | int) -> Number:
    """The one text of a value: a whole or decimal number where that is exact, else a fraction in lowest terms."""
    value = Fraction(value)
    denominator, twos, fives = value.denominator, 0, 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    if denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    places = max(twos, fives)
    sign, digits = "-" if value < 0 else "", str(abs(value.numerator) * (10**places // value.denominator))
    if max(len(digits), places) > LONGEST_WRITTEN:
        significant = digits.rstrip("0")
        return f"{sign}{significant}e{len(digits) - len(significant) - places}"
    digits = digits.rjust(places + 1, "0")
    whole, part = (digits[:-places], digits[-places:]) if places else (digits, "")
    return sign + whole + (f".{part}" if part else "")


class Typed(NamedTuple):
    """What a learner typed: a value, and the text after it, which may be a unit."""

    value: Fraction
    unit: str


def read_typed(text: str) -> Typed | None:
    """
    Read a number as people write it: `3,14`, `1 234.5`, `1.234,5`, `6.02e23`, `6.02 x 10^23`, `1/3`, `5 cm`.

    One comma or one dot is the decimal mark. Where both are there the last one is, and the other groups by thousands.
    None for what is no number, or longer than LONGEST_TYPED characters.
    """
    if len(text) > LONGEST_TYPED:
        return None
    plain = "".join(_SIGNS.get(each) or _digit(each) for each in text)
    found = _TYPED.fullmatch(plain)
    if found is None:
        return None
    value = _value(found["body"].strip())
    if value is None:
        return None
    value *= Fraction(10) ** int(found["power"] or 0)
    rest = found["rest"].strip()
    over = re.match(r"/\s*([0-9]+)(.*)", rest, re.DOTALL)
    if over and value.denominator == 1 and found["power"] is None and int(over[1]):
        value, rest = value / int(over[1]), over[2].strip()
    return Typed(-value if found["sign"] == "-" else value, " ".join(rest.split()))


def _digit(character: str) -> str:
    """A digit of any script as 0 to 9; other characters as they are."""
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _value(body: str) -> Fraction | None:
    """The value of digits with marks between them; None if the marks are not where people put them."""
    body = re.sub(r"[\s'\u2019]+", "G", body.rstrip(".,"))
    marks = [each for each in body if each in ".,"]
    if len(set(marks)) == 1 and len(marks) > 1:
        body, marks = body.replace(marks[0], "G"), []
    mark = marks[-1] if marks else None
    if mark is not None and body.count(mark) > 1:
        return None
    whole, _, part = body.partition(mark) if mark is not None else (body, "", "")
    whole = whole.replace(",", "G").replace(".", "G")
    part = part.replace("G", "")
    if not _GROUPED.fullmatch(whole) or not re.fullmatch("[0-9]*", part) or not (whole or part):
        return None
    return Fraction(f"{whole.replace('G', '') or '0'}.{part or '0'}")
