"""
Which of several attempts is the score of a quiz, and what that makes of the score of its unit.

Of the attempts of a learner at a quiz the best one counts, or the last, or the first, or the mean of all. The rule is
that of the version of the learner's newest graded attempt: who has taken it knew the rule. If a unit has several
quizzes, the best of them is its score.

    last      the graded attempt with the highest number; a newer one without a grade leaves it so
    first     the first that was submitted; there is no score as long as it is not graded
    average   the exact mean of the graded ones
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

import msgspec

from domain.quiz.rules import Counts
from domain.score import Score

BEST: Counts = "best"


class Tried(NamedTuple):
    """
    An attempt that was submitted.

    Attributes:
        counts, pass_bp: of the version with which it was started.
        score: None as long as it is not graded.
    """

    no: int
    counts: Counts = BEST
    pass_bp: int = 0
    score: Score | None = None
    passed: bool = False


class Counted(msgspec.Struct, frozen=True):
    """
    What a quiz is worth to a learner by another rule than the best attempt, in the facts that change it.

    Attributes:
        points: of so many *possible*; None as long as the attempt that counts is not graded.
    """

    rule: Counts
    points: int | None
    possible: int | None
    passed: bool

    @property
    def score(self) -> Score | None:
        """None as long as the attempt that counts is not graded."""
        return None if self.points is None or self.possible is None else Score(self.points, self.possible)


def count(tries: Iterable[Tried]) -> Counted:
    """What the attempts at one quiz are worth together."""
    submitted = sorted(tries, key=lambda tried: tried.no)
    graded = [(each, each.score) for each in submitted if each.score is not None]
    if not graded:
        return _worth(BEST, None, passed=False)
    newest, last = graded[-1]
    if newest.counts == "average":
        mean = mean_of([score for _, score in graded])
        return _worth("average", mean, passed=mean.reaches(newest.pass_bp))
    if newest.counts == "last":
        return _worth("last", last, passed=newest.passed)
    if newest.counts == "first":
        return _worth("first", submitted[0].score, passed=submitted[0].passed)
    best = last
    for _, score in graded:
        if score.beats(best):
            best = score
    return _worth(BEST, best, passed=any(each.passed for each, _ in graded))


def _worth(rule: Counts, score: Score | None, *, passed: bool) -> Counted:
    points, possible = (None, None) if score is None else score
    return Counted(rule, points, possible, passed)


def mean_of(scores: list[Score]) -> Score:
    """The exact mean of one score or more."""
    mean = sum((Fraction(*each) for each in scores), Fraction()) / len(scores)
    return Score(mean.numerator, mean.denominator)


@dataclass(frozen=True)
class UnitTries:
    """A learner's attempts at the quizzes of one unit, by quiz and by number."""

    quizzes: Mapping[str, Mapping[int, Tried]] = field(default_factory=dict)

    @property
    def score(self) -> Score | None:
        """The score of the unit, None for none: the best of its quizzes."""
        best: Score | None = None
        for tries in self.quizzes.values():
            score = count(tries.values()).score
            if score is not None and score.beats(best):
                best = score
        return best

    @property
    def passed(self) -> bool:
        """Whether one of its quizzes is passed."""
        return any(count(tries.values()).passed for tries in self.quizzes.values())

    def with_score(self, quiz_id: str, no: int, score: Score, *, passed: bool) -> "UnitTries":
        """The same once an attempt has this score."""
        tries = self.quizzes.get(quiz_id, {})
        tried = tries.get(no, Tried(no))._replace(score=score, passed=passed)
        return replace(self, quizzes={**self.quizzes, quiz_id: {**tries, no: tried}})

    def counted(self, quiz_id: str) -> Counted | None:
        """What one of the quizzes is worth by another rule than the best attempt; None where that one counts."""
        counted = count(self.quizzes[quiz_id].values())
        return None if counted.rule == BEST else counted
