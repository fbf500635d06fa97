"""The completed share of a course."""

from collections.abc import Iterable

from domain.grading.outcome import FAILED
from domain.grading.scheme import Scheme
from domain.score import FULL, rounded_bp

PERCENT_OF_FAILED = 9_900  # basis points, the most that is shown of a course that was failed


def percent_bp(scheme: Scheme, completed: Iterable[str], outcome: str | None = None) -> int:
    """The completed share of the course; below 10,000 as long as a unit is missing, or if the *outcome* is `fail`."""
    return _percent_bp(*_completed_share(scheme, completed), outcome)


def percent_and_half(scheme: Scheme, completed: Iterable[str], outcome: str | None = None) -> tuple[int, bool]:
    """The same, and whether at least half of the course is completed; nothing is rounded for that."""
    part, whole = _completed_share(scheme, completed)
    return _percent_bp(part, whole, outcome), whole > 0 and 2 * part >= whole


def _completed_share(scheme: Scheme, completed: Iterable[str]) -> tuple[int, int]:
    """The weight of the completed units, and that of all."""
    weights = scheme.weights
    part = 0
    for unit_id in set(completed):
        part += weights.get(unit_id, 0)
    return part, sum(weights.values())


def _percent_bp(part: int, whole: int, outcome: str | None) -> int:
    if not whole:
        return 0
    share = FULL if part == whole else min(rounded_bp(part, whole), FULL - 1)
    return min(share, PERCENT_OF_FAILED) if outcome == FAILED else share
