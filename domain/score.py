"""
Scores: points out of those that are possible, exact; shown in basis points, 0 to 10,000.

A score is compared and added up as it is. It is rounded once, half up, where a number is shown or stored beside it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from domain.errors import Rejected

FULL = 10_000  # basis points


class BadScore(Rejected):
    """A score outside of 0 to 10,000 basis points."""

    code = "bad_score"
    template = f"a score is 0 to {FULL} basis points, not {{score_bp}}"


class Score(NamedTuple):
    """*points* of *possible* ones, such as 2 of 3; basis points are points of 10,000."""

    points: int
    possible: int = FULL

    @property
    def bp(self) -> int:
        """Basis points, rounded half up."""
        return rounded_bp(self.points, self.possible)

    def reaches(self, mark_bp: int) -> bool:
        """Whether it is at least *mark_bp* basis points; nothing is rounded."""
        return self.points * FULL >= mark_bp * self.possible

    def beats(self, other: "Score | None") -> bool:
        """Whether it is more than *other*, or there is no other."""
        return other is None or self.points * other.possible > other.points * self.possible


def rounded_bp(part: int, whole: int) -> int:
    """*part* of *whole* in basis points, rounded half up; neither is negative, and *whole* is not 0."""
    return (2 * FULL * part + whole) // (2 * whole)


def score_in(data: Mapping[str, Any]) -> Score | None:
    """The score that the fields of a fact say: its points, or its basis points where it has no more; None for none."""
    points = data.get("points")
    if points is not None:
        return Score(points, data["possible"])
    score_bp = data["score_bp"]
    return None if score_bp is None else Score(score_bp)


def check_score(score: Score) -> None:
    """
    Check the range of a score.

    Raises:
        BadScore: *score* is outside of 0 to 10,000 basis points.
    """
    if score.possible < 1 or not 0 <= score.points <= score.possible:
        raise BadScore(score_bp=FULL * score.points // max(score.possible, 1))
