"""Scores, which every context writes in basis points: 0 to 10,000."""

from domain.errors import Rejected

FULL = 10_000  # basis points


class BadScore(Rejected):
    """A score outside of 0 to 10,000 basis points."""

    code = "bad_score"
    template = f"a score is 0 to {FULL} basis points, not {{score_bp}}"


def check_score(score_bp: int) -> None:
    """
    Check the range of a score.

    Raises:
        BadScore: *score_bp* is outside of 0 to 10,000.
    """
    if not 0 <= score_bp <= FULL:
        raise BadScore(score_bp=score_bp)
