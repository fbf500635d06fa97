"""Scores as rows of read models keep them: basis points, and beside them those that these do not say exactly."""

from collections.abc import Mapping
from typing import Protocol

from domain.score import FULL, Score


class CompletedUnits(Protocol):
    """What the rows of read models keep of units."""

    completed: list[str]
    excused: list[str]
    scores: dict[str, int]
    exact: dict[str, Score]


def keep_best(scores: dict[str, int], exact: dict[str, Score], unit_id: str, score: Score) -> None:
    """
    Keep the best score of a unit in a row of a read model.

    Args:
        scores: basis points of each unit.
        exact: the scores that basis points do not say exactly.
    """
    if score.possible == FULL and unit_id not in exact:  # the usual case, and a rebuild has very many
        if score.points > scores.get(unit_id, -1):
            scores[unit_id] = score.points
        return
    if score.beats(best_of(scores, exact, unit_id)):
        set_score(scores, exact, unit_id, score)


def set_score(scores: dict[str, int], exact: dict[str, Score], unit_id: str, score: Score) -> None:
    """Keep a score of a unit in a row of a read model, whatever it had before."""
    scores[unit_id] = score.bp
    if score.bp * score.possible == score.points * FULL:
        exact.pop(unit_id, None)
    else:
        exact[unit_id] = score


def note_completed(row: CompletedUnits, unit_id: str, score: Score | None) -> None:
    """Note in a row of a read model that a unit is completed; without any score, the learner is excused from it."""
    if score is not None:
        keep_best(row.scores, row.exact, unit_id, score)
        if unit_id in row.excused:
            row.excused.remove(unit_id)
    if unit_id not in row.completed:
        row.completed.append(unit_id)
        if score is None:
            row.excused.append(unit_id)


def best_of(scores: Mapping[str, int], exact: Mapping[str, Score], unit_id: str) -> Score | None:
    """The score of a unit in a row of a read model."""
    if unit_id in exact:
        return Score(*exact[unit_id])
    return Score(scores[unit_id]) if unit_id in scores else None


def scores_of(row: CompletedUnits) -> dict[str, Score]:
    """The exact scores of a row of a read model."""
    return {unit_id: Score(*row.exact.get(unit_id, (score_bp, FULL))) for unit_id, score_bp in row.scores.items()}
