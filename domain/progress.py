"""
Progress: what a learner has opened, done and completed on a course run, and how it ended.

Percent and grade are computed here, from the weights of a course's structure, for commands and read models alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, NotFound, Rejected
from domain.score import FULL, check_score

PASS_BP = 4_000  # basis points of the weighted mean from which a course is passed
DISTINCTION_BP = 8_500
SCORED_KINDS = ("quiz", "tma", "cma", "exam")  # kinds of units that carry a score
BY_HAND = "learner"  # the rule by which learners complete a unit themselves
OUTCOMES = ("distinction", "pass", "fail", "withdrawn")
PASSING_OUTCOMES = ("pass", "distinction")


class UnknownUnit(NotFound):
    """The course has no such unit."""

    code = "unknown_unit"
    template = "run {run_id} has no unit {unit_id}"


class OutcomeDecided(Conflict):
    """An outcome is decided once."""

    code = "outcome_decided"
    template = "the outcome of learner {learner_id} on run {run_id} is {outcome} already"


class BadAmount(Rejected):
    """An amount of activity below one."""

    code = "bad_amount"
    template = "an amount of activity is 1 to 1,000,000, not {amount}"


class NeedsAttempt(Conflict):
    """A learner cannot complete a unit with a score by hand: only an attempt that passes does."""

    code = "needs_attempt"
    template = "unit {unit_id} is of kind {kind}: it is completed by an attempt that passes"


class UnknownOutcome(Rejected):
    """Not one of the outcomes that a course can have."""

    code = "unknown_outcome"
    template = f"{{outcome!r}} is no outcome; these are: {', '.join(OUTCOMES)}"


def progress_stream(learner_id: str, run_id: str) -> str:
    return stream_id("progress", learner_id, run_id)


def percent(weights: Mapping[str, int], completed: Iterable[str]) -> int:
    """
    Share of the course that is completed, in basis points.

    Args:
        weights: weight of each unit; only ratios count.
        completed: ids of the completed units; those without weight count for nothing.
    """
    whole = sum(weights.values())
    if not whole:
        return 0
    return FULL * sum(weights.get(unit_id, 0) for unit_id in completed) // whole


def grade(weights: Mapping[str, int], scores: Mapping[str, int], completed: Iterable[str] = ()) -> int | None:
    """
    Mean of the scores in basis points, weighted by unit; what was not handed in counts as 0.

    Args:
        weights: weight of each unit.
        scores: best score of each unit, in basis points.
        completed: ids of the completed units; one that was completed without a score (a page that was read) has no
            part in the grade.

    Returns:
        None as long as nothing with a weight has been scored.
    """
    unscored = {unit_id for unit_id in completed if unit_id not in scores}
    whole = sum(weight for unit_id, weight in weights.items() if unit_id not in unscored)
    if not whole or not any(weights.get(unit_id) for unit_id in scores):
        return None
    return sum(weights.get(unit_id, 0) * score for unit_id, score in scores.items()) // whole


def outcome_of(grade_bp: int | None) -> str:
    """The rule of passing: the outcome of a completed course by its grade in basis points; "pass" without any score."""
    if grade_bp is None or PASS_BP <= grade_bp < DISTINCTION_BP:
        return "pass"
    return "fail" if grade_bp < PASS_BP else "distinction"


class CourseProgress(Aggregate):
    """One learner's way through one course run."""

    category = "progress"
    ids = ("learner_id", "run_id")
    keyed_by = "learner_id"
    snapshot_every = 200
    snapshot_fields: ClassVar = {"opened": set[str], "completed": set[str], "scores": dict[str, int], "outcome": str}

    class UnitOpened(Aggregate.Event):
        TOPIC = "progress.unit_opened"
        unit_id: str

    class ActivityRecorded(Aggregate.Event):
        TOPIC = "progress.activity_recorded"
        unit_id: str
        kind: str
        amount: int

    class UnitCompleted(Aggregate.Event):
        TOPIC = "progress.unit_completed"
        unit_id: str
        course_version: int
        rule: str
        score_bp: int | None

    class CourseOutcomeDecided(Aggregate.Event):
        TOPIC = "progress.course_outcome_decided"
        outcome: str
        grade_bp: int | None
        policy: str
        through_position: int

    def initial_state(self) -> None:
        self.opened: set[str] = set()
        self.completed: set[str] = set()
        self.scores: dict[str, int] = {}
        self.outcome = ""

    def open_unit(self, unit_id: str) -> None:
        """Record the first time that the learner opens a unit."""
        if unit_id not in self.opened:
            self._unit_opened(unit_id=unit_id)

    @event(UnitOpened)
    def _unit_opened(self, unit_id: str) -> None:
        self.opened.add(unit_id)

    def record_activity(self, unit_id: str, kind: str, amount: int) -> None:
        """Record *amount* actions (clicks, seconds, pages: *kind* says which) on a unit."""
        if not 1 <= amount <= 1_000_000:
            raise BadAmount(amount=amount)
        self._activity_recorded(unit_id=unit_id, kind=kind, amount=amount)

    @event(ActivityRecorded)
    def _activity_recorded(self, unit_id: str, kind: str, amount: int) -> None:
        pass  # no later decision needs it

    def complete_by_hand(self, unit_id: str, kind: str, course_version: int) -> None:
        """Complete a unit because the learner says so; units with a score refuse it."""
        if kind in SCORED_KINDS:
            self.refuse(NeedsAttempt(unit_id=unit_id, kind=kind))
        self.complete_unit(unit_id, course_version, BY_HAND)

    def complete_unit(self, unit_id: str, course_version: int, rule: str, score_bp: int | None = None) -> None:
        """Complete a unit by *rule*; a better score is recorded, the same or a lower one changes nothing."""
        if score_bp is not None:
            check_score(score_bp)
        if unit_id in self.completed and (score_bp is None or self.scores.get(unit_id, -1) >= score_bp):
            return
        self._unit_completed(unit_id=unit_id, course_version=course_version, rule=rule, score_bp=score_bp)

    @event(UnitCompleted)
    def _unit_completed(self, unit_id: str, course_version: int, rule: str, score_bp: int | None) -> None:
        self.completed.add(unit_id)
        if score_bp is not None:
            self.scores[unit_id] = max(score_bp, self.scores.get(unit_id, 0))

    def decide_outcome(self, outcome: str, grade_bp: int | None, policy: str, through_position: int) -> None:
        """Decide once how the course ended, by the facts up to *through_position*."""
        if outcome not in OUTCOMES:
            raise UnknownOutcome(outcome=outcome)
        if self.outcome == outcome:
            return
        if self.outcome:
            self.refuse(
                OutcomeDecided(learner_id=self.id_of("learner_id"), run_id=self.id_of("run_id"), outcome=self.outcome)
            )
        self._outcome_decided(outcome=outcome, grade_bp=grade_bp, policy=policy, through_position=through_position)

    @event(CourseOutcomeDecided)
    def _outcome_decided(self, outcome: str, grade_bp: int | None, policy: str, through_position: int) -> None:
        self.outcome = outcome

    def is_done(self, required: Sequence[str]) -> bool:
        """Whether every one of the *required* units is completed."""
        return self.completed.issuperset(required)
