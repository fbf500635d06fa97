"""
A score as a tool sends it (AGS 2.0, Score Publish Service), exact: points are decimal numbers, never binary ones.

`given` above `maximum` is allowed there; it stays in the result as it is, and counts as all points of the unit.
"""

from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import msgspec

from domain.errors import Rejected
from domain.lti.errors import BadToolScore
from domain.score import Score

ACTIVITY_WORDS = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
HANDED_IN = ("Submitted", "Completed")
GRADING_WORDS = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")
GRADED = "FullyGraded"
MOST = Decimal(1_000_000_000)
MOST_PLACES = 6  # digits after the point
LONGEST_COMMENT = 2_000  # characters
MOST_AHEAD = timedelta(minutes=5)
"""By which the clock of a tool may be before ours: a score of a later time would refuse all that follow until then."""


class ToolScore(msgspec.Struct, frozen=True):
    """
    What a tool says of a learner's work on a unit.

    Attributes:
        scored_at: when the score was set, by the clock of the tool; a later one replaces it.
        given: points, as decimal text; None where the tool has none, or takes back what it sent.
        maximum: points of all, as decimal text; None only without *given*.
        activity: how far the learner is, of `ACTIVITY_WORDS`.
        grading: how far the tool is, of `GRADING_WORDS`; only `FullyGraded` counts.
        comment: for the learner.
    """

    scored_at: datetime
    given: str | None
    maximum: str | None
    activity: str
    grading: str
    comment: str = ""

    def check(self, now: datetime) -> None:
        """Refuse what the specification does not allow, and what is of a time to come; raises BadToolScore."""
        if self.scored_at.tzinfo is None:
            raise BadToolScore(why="timestamp has no time zone")
        if not MINYEAR < self.scored_at.year < MAXYEAR:  # such a time may be none in UTC
            raise BadToolScore(why="timestamp is of no year in which a score can be given")
        if self.scored_at > now + MOST_AHEAD:
            minutes = MOST_AHEAD.seconds // 60
            raise BadToolScore(why=f"timestamp is more than {minutes} minutes after {now.isoformat()}, our time")
        if self.activity not in ACTIVITY_WORDS:
            raise BadToolScore(why=f"activityProgress is one of {', '.join(ACTIVITY_WORDS)}")
        if self.grading not in GRADING_WORDS:
            raise BadToolScore(why=f"gradingProgress is one of {', '.join(GRADING_WORDS)}")
        if len(self.comment) > LONGEST_COMMENT:
            raise BadToolScore(why=f"comment has more than {LONGEST_COMMENT} characters")
        if self.given is not None and self.maximum is None:
            raise BadToolScore(why="scoreMaximum is missing")
        if self.maximum is not None and not points_in(self.maximum, "scoreMaximum"):
            raise BadToolScore(why="scoreMaximum is 0")
        if self.given is not None:
            points_in(self.given, "scoreGiven")

    @property
    def score(self) -> Score | None:
        """The part of all points that counts, at most all of them; None as long as the tool has not graded."""
        if self.given is None or self.maximum is None or self.grading != GRADED:
            return None
        part = min(Fraction(self.given) / Fraction(self.maximum), Fraction(1))
        return Score(part.numerator, part.denominator)

    def completes(self, rule: str, at_least_bp: int | None) -> bool:
        """Whether it completes a unit of this rule (domain.catalog.unit_rules); empty for a unit without one."""
        score = self.score
        if rule == "submitted":
            return score is not None or self.activity in HANDED_IN
        if rule == "passed":
            return score is not None and score.reaches(at_least_bp or 0)
        return rule in ("", "scored") and score is not None


def points_in(text: str, name: str, error: type[Rejected] = BadToolScore) -> Decimal:
    """The number of points in a text, which is a number; raises *error*, with the *name* of the field."""
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if not number.is_finite() or not 0 <= number <= MOST or not isinstance(exponent, int) or exponent < -MOST_PLACES:
        raise error(why=f"{name} is a number from 0 to {MOST:,}, with at most {MOST_PLACES} decimal places")
    return number
