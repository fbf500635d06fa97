"""Exact numbers: as they are stored, and as people type them."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.questions.numbers import BadNumber, exact, read_typed, written


@settings(max_examples=50, deadline=None)
@given(st.fractions())
def test_a_value_has_one_text(value: Fraction) -> None:
    """It is read as the same value."""
    assert exact(written(value)) == value


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("1.50", "1.5"), ("3/6", "0.5"), ("2/6", "1/3"), ("-0.0", "0"), ("6.02e23", "602000000000000000000000")],
)
def test_a_text_is_shortened(text: str, canonical: str) -> None:
    """Decimal where that is exact."""
    assert written(exact(text)) == canonical


def test_very_large_numbers_have_a_power_of_ten() -> None:
    """And are read as the same."""
    assert [written(exact(text)) for text in ("-1e300", "16e-40")] == ["-1e300", "16e-40"]


@pytest.mark.parametrize("text", ["", "1/0", "1e9999", "0x1", "1,5", "½", "1 000", "nan", "1" * 2000, "1\n"])
def test_what_is_no_number(text: str) -> None:
    """The error has the text."""
    with pytest.raises(BadNumber, match="no exact number"):
        exact(text)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("3,14", "3.14", ""),
        (" -1 234.5 ", "-1234.5", ""),
        ("1.234,5", "1234.5", ""),
        ("1,234,567", "1234567", ""),
        ("\u22125", "-5", ""),
        ("6.02 x 10^23", "6.02e23", ""),
        ("6.02e23", "6.02e23", ""),
        ("5 eV", "5", "eV"),
        ("2/4 m", "1/2", "m"),
        (".5", "0.5", ""),
        ("\u0663", "3", ""),
        ("5 km / h", "5", "km / h"),
    ],
)
def test_what_people_type(text: str, value: str, unit: str) -> None:
    """Decimal commas and dots, groups, powers of ten, fractions, units, digits of other scripts."""
    typed = read_typed(text)
    assert typed is not None
    assert (typed.value, typed.unit) == (exact(value), unit)


@pytest.mark.parametrize("text", ["", "m", "1 2", "1.2.3", "12,34,567", "--1", "1" * 101, "."])
def test_what_is_not_read(text: str) -> None:
    """Marks at places where people do not put them are no number."""
    assert read_typed(text) is None


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=100))
def test_any_text_can_be_typed(text: str) -> None:
    """It is a number or it is none."""
    read_typed(text)
