"""
What a fact about the grade of an attempt makes of the score of its unit, in a row of a read model.

Where the best attempt counts, each fact says its own score, and the row keeps the best; by any other rule of a quiz
(domain/quiz/counting.py) the fact says the score of the unit.
"""

from collections.abc import Mapping
from typing import Any

from domain.grading import CompletedUnits, keep_best, set_score
from domain.score import Score, score_in


def note_graded(row: CompletedUnits, data: Mapping[str, Any]) -> None:
    """Note an `attempt.graded` by its fields."""
    if data.get("unit_points") is not None:
        note_changed(row, data)
    elif data.get("counted") is None and (score := score_in(data)) is not None:
        keep_best(row.scores, row.exact, data["unit_id"], score)


def note_changed(row: CompletedUnits, data: Mapping[str, Any]) -> None:
    """Note an `attempt.grade_overridden` or `attempt.regraded` by its fields; without a score of the unit, nothing."""
    if data["unit_points"] is not None:
        unit = Score(data["unit_points"], data["unit_possible"])
        set_score(row.scores, row.exact, data["unit_id"], unit)
