"""What the grade of an attempt makes of the score of its unit in the rows of read models."""

from typing import Any

import msgspec
import pytest

from domain.score import Score
from domain.unit_scores import note_changed, note_graded


class Row(msgspec.Struct):
    """The part of a row that keeps scores."""

    completed: list[str] = []
    excused: list[str] = []
    scores: dict[str, int] = {}
    exact: dict[str, Score] = {}


def graded(points: int, unit: tuple[int, int] | None = None, rule: str | None = None) -> dict[str, Any]:
    """The fields of a grade of so many of 10,000 points."""
    unit_points, unit_possible = unit or (None, None)
    said = {"unit_id": "q1", "score_bp": points, "points": points, "possible": 10_000}
    return said | {
        "unit_points": unit_points,
        "unit_possible": unit_possible,
        "counted": None if rule is None else {"rule": rule},
    }


@pytest.mark.parametrize(
    ("facts", "score"),
    [
        ([graded(8_000), graded(3_000)], 8_000),
        ([graded(8_000, (8_000, 10_000), "last"), graded(3_000, (3_000, 10_000), "last")], 3_000),
        ([graded(8_000, (8_000, 10_000), "average"), graded(3_000, (55, 100), "average")], 5_500),
        ([graded(8_000, None, "first")], None),
        ([{"unit_id": "q1", "score_bp": 8_000}], 8_000),
    ],
)
def test_a_grade(facts: list[dict[str, Any]], score: int | None) -> None:
    """The best of what each fact says, or else what the last one says of the unit; a fact of old has no unit."""
    row = Row()
    for data in facts:
        note_graded(row, data)
    assert row.scores.get("q1") == score


def test_an_override() -> None:
    """It says the score of the unit; without one, the row keeps what it has."""
    row = Row(scores={"q1": 8_000})
    note_changed(row, graded(1, None))
    assert row.scores == {"q1": 8_000}
    note_changed(row, graded(1, (1, 3)))
    assert (row.scores, row.exact) == ({"q1": 3_333}, {"q1": Score(1, 3)})
