"""
What completes a unit, and what comes before it: the rules that a version of a course stores for each of its units.

    None        an attempt that passes, for kinds with a score; else the learner says so (as before there were rules)
    opened      it was opened
    by_hand     the learner says so
    watched     so much of it was watched (domain/progress/watching.py)
    submitted   something was handed in
    scored      that has a score, whatever it is
    passed      its score is high enough, by the mark of the rule
    by_staff    the staff say so

The staff complete a unit by any rule. What was completed stays so.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import ClassVar, NamedTuple

from domain.errors import DomainError
from domain.kinds import has_score
from domain.progress.errors import NeedsAttempt, NotByHand, UnitLocked
from domain.score import Score, check_score

BY_HAND = "learner"  # the rule by which learners complete a unit themselves
QUIZ_PASSED = "quiz_passed"  # the rule of units that an attempt completes where the course has no other
OPENED, SUBMITTED, SCORED, PASSED = "opened", "submitted", "scored", "passed"
BY_ATTEMPTS = (None, SUBMITTED, SCORED, PASSED)
WORDS = {
    "opened": "when it is opened",
    "watched": "when enough of it was watched",
    "submitted": "when something is handed in",
    "scored": "when that has a score",
    "passed": "when its score is high enough",
    "by_staff": "by the staff",
}


class Asked(NamedTuple):
    """
    What a version of the course asks for a unit.

    Attributes:
        rule: one of the words above.
        at_least_bp: the mark of `passed` and `watched`, in basis points.
        after: units that must be completed before it.
    """

    rule: str | None = None
    at_least_bp: int | None = None
    after: Sequence[str] = ()


NOTHING = Asked()


class Taken(NamedTuple):
    """
    How the learner's attempts at a unit went.

    Attributes:
        passed: whether they pass, by the rules of its quizzes.
        evidence: the stream of the attempt that was looked at.
    """

    score: Score | None
    passed: bool
    evidence: str


def units_before(unit_id: str, after: Iterable[str], completed: Collection[str]) -> list[str]:
    """Of the units *after* which a unit comes, those that keep it locked; what was completed stays open."""
    return [] if unit_id in completed else [each for each in after if each not in completed]


def completed_by(asked: Asked, taken: Taken) -> str | None:
    """The rule by which the learner's attempts complete a unit that asks for this; None if they do not."""
    score = taken.score
    reached = score is not None and asked.at_least_bp is not None and score.reaches(asked.at_least_bp)
    return {
        None: QUIZ_PASSED if taken.passed else None,
        SUBMITTED: SUBMITTED,
        SCORED: SCORED if score is not None else None,
        PASSED: PASSED if reached else None,
    }.get(asked.rule)


class Completing:
    """What decides about the completion of units, in the place of `CourseProgress`, which remembers it."""

    id: str
    id_of: Callable[[str], str]
    refuse: Callable[[DomainError], None]
    ids: ClassVar[tuple[str, ...]]
    completed: set[str]
    scores: dict[str, Score]
    _unit_completed: Callable[..., None]

    def must_be_open(self, unit_id: str, after: Collection[str]) -> None:
        """Refuse a unit as long as not all units *after* which it comes are completed; raises UnitLocked."""
        if missing := units_before(unit_id, after, self.completed):
            self.refuse(UnitLocked(unit_id=unit_id, missing=" and ".join(missing)))

    def complete_by_hand(
        self, unit_id: str, kind: str, course_version: int, *, has_quiz: bool = False, asked: Asked = NOTHING
    ) -> None:
        """Complete a unit because the learner says so; units with a score, a quiz or another rule refuse it."""
        self.must_be_open(unit_id, asked.after)
        if has_quiz or has_score(kind):
            self.refuse(NeedsAttempt(unit_id=unit_id, kind=kind))
        if asked.rule in WORDS and unit_id not in self.completed:
            self.refuse(NotByHand(unit_id=unit_id, how=WORDS[asked.rule]))
        self.complete_unit(unit_id, course_version, BY_HAND)

    def complete_by_attempts(self, unit_id: str, course_version: int, asked: Asked, taken: Taken) -> None:
        """Complete a unit if the learner's attempts do what it asks for; the attempt stands in the fact."""
        rule = completed_by(asked, taken)
        if rule is not None:
            mark = asked.at_least_bp if rule == PASSED else None
            self.complete_unit(unit_id, course_version, rule, taken.score, at_least_bp=mark, evidence=taken.evidence)

    def complete_unit(
        self,
        unit_id: str,
        course_version: int,
        rule: str,
        score: Score | None = None,
        *,
        at_least_bp: int | None = None,
        evidence: str | None = None,
    ) -> None:
        """
        Complete a unit by *rule*; a better score is recorded, the same or a lower one changes nothing.

        Args:
            at_least_bp: the mark that the rule asks for.
            evidence: the stream of what was looked at: an attempt, or what was watched.
        """
        if score is not None:
            check_score(score)
        if unit_id in self.completed and (score is None or not score.beats(self.scores.get(unit_id))):
            return
        self._unit_completed(
            unit_id=unit_id,
            course_version=course_version,
            rule=rule,
            score_bp=None if score is None else score.bp,
            points=None if score is None else score.points,
            possible=None if score is None else score.possible,
            at_least_bp=at_least_bp,
            evidence=evidence,
        )
