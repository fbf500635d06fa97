"""How the changes of a field are distributed."""

import statistics
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.engine.diff.report import Bin, FieldDiff, PartChange, Spread, Transition
from projections.engine.diff.statistics import MOST_BINS, MOST_NAMED, round_step
from projections.engine.projection import RowKey, Table
from tests.support.diffs import DiffInput, compare


class Row(msgspec.Struct):
    """A row with one field that may hold anything."""

    no: int
    value: Any = None


TABLE = Table("rows", Row, ("no",))


def field_of(changes: list[tuple[Any, Any]]) -> FieldDiff:
    """The distribution of these changes of the field `value`."""
    sides = (
        DiffInput((TABLE,), [(RowKey(TABLE, (no,)), Row(no, pair[side])) for no, pair in enumerate(changes)])
        for side in (0, 1)
    )
    with compare(*sides) as diff:
        (field,) = diff.tables[0].fields
        return field


_numbers = st.integers(-1_000, 1_000) | st.floats(-1e6, 1e6).map(lambda number: round(number, 3))


@given(st.lists(st.tuples(_numbers, _numbers).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=30))
def test_numbers_are_summed_up_exactly(changes: list[tuple[float, float]]) -> None:
    """Least, median, mean and greatest are those of the standard library; every difference is in one bin."""
    numbers = field_of(changes).numbers
    assert numbers is not None
    differences = [new - old for old, new in changes]
    for spread, values in ((numbers.old, [c[0] for c in changes]), (numbers.new, [c[1] for c in changes])):
        assert spread is not None
        assert msgspec.structs.astuple(spread) == pytest.approx(summed_up(values))
    assert numbers.difference is not None
    assert msgspec.structs.astuple(numbers.difference) == pytest.approx(summed_up(differences))
    bins = numbers.histogram
    assert sum(each.rows for each in bins) == len(changes)
    assert 1 <= len(bins) <= MOST_BINS + 1
    assert bins[0].rows > 0
    assert bins[-1].rows > 0


def summed_up(values: list[float]) -> tuple[float, float, float, float]:
    """Least, median, mean, greatest."""
    return min(values), statistics.median(values), statistics.fmean(values), max(values)


@given(st.floats(-1e9, 1e9), st.floats(0.001, 1e9))
def test_the_steps_of_a_histogram_are_few_and_round(low: float, width: float) -> None:
    """At most `MOST_BINS` steps reach from one end to the other, and no more than four of them would do."""
    high = low + width
    step = round_step(low, high)
    assert (high - low) / step <= MOST_BINS + 1
    assert f"{step:.0e}"[0] in "125"


def test_numbers_that_appear_or_vanish_have_no_difference() -> None:
    """They are counted, and stand in the spread of the side on which they are."""
    numbers = field_of([(None, 5), (None, 7), (3, None), (1, 11), (2, 22)]).numbers
    assert numbers is not None
    assert (numbers.appeared, numbers.vanished) == (2, 1)
    assert numbers.old == Spread(1, 2, 2, 3)
    assert numbers.new == Spread(5, 9, 11.25, 22)
    assert numbers.difference == Spread(10, 15, 15, 20)
    assert numbers.histogram == [Bin(low, low + 1, int(low in {10, 20})) for low in range(10, 21)]


def test_numbers_beyond_64_bits_are_taken_as_floats() -> None:
    """They do not break the comparison."""
    numbers = field_of([(2**70, 2**71), (-(2**70), 0)]).numbers
    assert numbers is not None
    assert numbers.difference == Spread(2.0**70, 2.0**70, 2.0**70, 2.0**70)
    assert numbers.histogram == [Bin(2.0**70, 2.0**70, 2)]


def test_the_most_frequent_transitions_come_first() -> None:
    """Texts, yes and no, and values that change their type; the rest is counted."""
    changes = [("active", "withdrawn")] * 3 + [(False, True)] * 2 + [("7", 7)] + [(f"a{n}", f"b{n}") for n in range(9)]
    transitions = field_of(changes).transitions
    assert transitions is not None
    assert transitions.top[:3] == [
        Transition("active", "withdrawn", 3),
        Transition(old=False, new=True, rows=2),
        Transition("7", 7, 1),
    ]
    assert len(transitions.top) == MOST_NAMED
    assert transitions.others == len(changes) - sum(each.rows for each in transitions.top)


def test_documents_grow_shrink_or_change() -> None:
    """The names whose values changed are counted once a row; nothing at all counts as empty."""
    changes = [({"a": 1}, {"a": 2, "b": 1}), ({"a": 1, "b": 2}, {"a": 2}), ({"c": 1}, {"c": 1.0}), (None, {"a": {}})]
    collections = field_of(changes).collections
    assert collections is not None
    assert (collections.grew, collections.shrank, collections.same_size) == (2, 1, 1)
    assert collections.parts == [PartChange("a", 3), PartChange("b", 2), PartChange("c", 1)]


def test_lists_name_the_items_that_came_or_went() -> None:
    """An item that moved is none; of lists of documents the names are shown."""
    collections = field_of([(["u1"], ["u1", "u2"]), (["u2", "u1"], ["u1"]), (["u1", "u2"], ["u2", "u1"])]).collections
    assert collections is not None
    assert (collections.grew, collections.shrank, collections.same_size) == (1, 1, 1)
    assert collections.parts == [PartChange("u2", 2)]
    documents = field_of([([{"id": 1, "done": False}], [{"id": 1, "done": True}])]).collections
    assert documents is not None
    assert documents.parts == [PartChange("[].done", 1)]


def test_a_field_may_change_in_more_than_one_way() -> None:
    """Numbers, texts and lists of one field are distinguished."""
    field = field_of([(1, 2), (1, "one"), ([], [1])])
    assert field.rows == 3
    assert field.numbers is not None
    assert field.transitions is not None
    assert field.collections is not None
