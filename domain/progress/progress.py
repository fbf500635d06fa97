"""
Progress: what a learner has opened, done and completed on a course run, and how it ended.

Percent, grade and outcome are computed in domain/grading. An outcome is decided once; what changes it later is a
fact of its own, with the reason.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from domain.aggregate import Aggregate, event, stream_id
from domain.grading import FAILED, OUTCOMES, PASSING_OUTCOMES, Decision
from domain.progress import progress_facts
from domain.progress.completion import Completing
from domain.progress.errors import (
    BadAmount,
    CredentialNotEarned,
    OutcomeDecided,
    OutcomeOpen,
    UnknownOutcome,
)
from domain.score import Score

BY_RULE = "weighted_mean"  # the policy of outcomes that follow from the final grade
BY_STAFF = "instructor"  # the policy of outcomes that a person decides; no rule changes these
TRANSFERRED = "transferred"  # the rule of units that were completed on another run of the course
WATCHED = "watched"  # the rule of units of which enough was watched; the facts of the viewing are the evidence
TOOL_SCORED = "tool_scored"  # the rule of units that a score of a tool completes (LTI)
IMPORTED = "imported"  # the policy of outcomes that were decided elsewhere
OTHER_OUTCOME = "after a later score or completion the rule has another outcome"
OTHER_GRADE = "a later score or completion changed the grade"
OUTCOME_REVISED = "outcome revised"  # why a credential is revoked that says what is not so any more


def progress_stream(learner_id: str, run_id: str) -> str:
    return stream_id("progress", learner_id, run_id)


class CourseProgress(Completing, Aggregate):
    """One learner's way through one course run."""

    category = "progress"
    ids = ("learner_id", "run_id")
    keyed_by = "learner_id"
    snapshot_every = 200
    snapshot_fields: ClassVar = {
        "course_version": int,
        "opened": set[str],
        "completed": set[str],
        "scores": dict[str, Score],
        "recognised": dict[str, Score],
        "outcome": str,
        "grade_bp": int | None,
        "letter": str | None,
        "policy": str,
        "credential_id": str,
        "certified": Decision | None,
        "withheld": bool,
    }
    state_version = 6

    Rebased = progress_facts.Rebased
    UnitOpened = progress_facts.UnitOpened
    ActivityRecorded = progress_facts.ActivityRecorded
    UnitCompleted = progress_facts.UnitCompleted
    Recognised = progress_facts.Recognised
    CourseOutcomeDecided = progress_facts.CourseOutcomeDecided
    CourseOutcomeRevised = progress_facts.CourseOutcomeRevised
    CredentialIssued = progress_facts.CredentialIssued
    CredentialRevoked = progress_facts.CredentialRevoked

    def initial_state(self) -> None:
        self.course_version = 0  # that which the run had at first, as long as no fact says another
        self.opened: set[str] = set()
        self.completed: set[str] = set()
        self.scores: dict[str, Score] = {}
        self.recognised: dict[str, Score] = {}  # scores that were reached on another run
        self.outcome = ""
        self.grade_bp: int | None = None
        self.letter: str | None = None
        self.policy = ""
        self.credential_id = ""
        self.certified: Decision | None = None
        self.withheld = False

    @property
    def excused(self) -> set[str]:
        """The units that are completed without a score: they have no part in the grade."""
        return self.completed - self.scores.keys()

    def follows(self, versions: Sequence[int]) -> int:
        """The version that the learner follows, of those that the run has followed: who begins, the newest."""
        return self.course_version or versions[0 if self.exists else -1]

    def begin(self, versions: Sequence[int]) -> None:
        """Note which version a learner begins with, on a run that had another one before."""
        if not self.exists and len(versions) > 1:
            self._rebased(from_version=None, to_version=versions[-1])

    def rebase(self, from_version: int, to_version: int) -> None:
        """Follow another version: what was done there counts here where the unit is the same."""
        if self.course_version != to_version:
            self._rebased(from_version=from_version, to_version=to_version)

    @event(Rebased)
    def _rebased(self, from_version: int | None, to_version: int) -> None:
        self.course_version = to_version

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

    @event(UnitCompleted)
    def _unit_completed(
        self,
        unit_id: str,
        course_version: int,
        rule: str,
        score_bp: int | None,
        points: int | None,
        possible: int | None,
        at_least_bp: int | None,
        evidence: str | None,
    ) -> None:
        self.completed.add(unit_id)
        if points is not None and possible is not None:
            score = Score(points, possible)
            if score.beats(self.scores.get(unit_id)):
                self.scores[unit_id] = score
            if rule == TRANSFERRED:
                self.recognised[unit_id] = score

    def recognise(self, from_run: str, from_version: int, to_version: int, units: Mapping[str, Score | None]) -> None:
        """
        Complete units that were completed on another run of the course; what is as good here stays as it is.

        Args:
            units: the best score of each unit there, None for a unit without one.
        """
        new = {unit_id: score for unit_id, score in sorted(units.items()) if self._is_better(unit_id, score)}
        if new:
            self._recognised(from_run=from_run, from_version=from_version, to_version=to_version, units=[*new])
        for unit_id, score in new.items():
            self.complete_unit(unit_id, to_version, TRANSFERRED, score)

    def _is_better(self, unit_id: str, score: Score | None) -> bool:
        return unit_id not in self.completed or (score is not None and score.beats(self.scores.get(unit_id)))

    @event(Recognised)
    def _recognised(self, from_run: str, from_version: int, to_version: int, units: list[str]) -> None:
        pass  # evidence: the units are completed by facts of their own

    def decide_by_rule(self, decision: Decision, through_position: int) -> None:
        """Take over what the rule says, by the facts up to *through_position*; what a person decided stays."""
        if not self.outcome:
            self._decide(decision, BY_RULE, through_position, "")
        elif self.policy == BY_RULE:
            reason = OTHER_GRADE if decision.outcome == self.outcome else OTHER_OUTCOME
            self._revise(decision, BY_RULE, reason, through_position)
        elif self.policy == BY_STAFF:
            self._revise(decision._replace(outcome=self.outcome), BY_STAFF, OTHER_GRADE, through_position)

    def decide_outcome(
        self,
        decision: Decision,
        through_position: int,
        *,
        policy: str = BY_STAFF,
        reason: str = "",
        can_still_pass: bool = False,
    ) -> None:
        """Decide how the course ended, as a person or the records say; *reason* is needed to revise an outcome."""
        reason = reason.strip()
        if decision.outcome not in OUTCOMES:
            raise UnknownOutcome(outcome=decision.outcome)
        if self.outcome == decision.outcome and not (reason and self.policy != policy):
            return
        names = {"learner_id": self.id_of("learner_id"), "run_id": self.id_of("run_id")}
        if self.outcome and (self.importing or not reason):
            self.refuse(OutcomeDecided(**names, outcome=self.outcome))
        if decision.outcome == FAILED and can_still_pass and not reason:
            self.refuse(OutcomeOpen(**names))
        if self.outcome and not self.importing:
            self._revise(decision, policy, reason, through_position)
            return
        self._decide(decision, policy, through_position, reason)

    def _decide(self, decision: Decision, policy: str, through_position: int, reason: str) -> None:
        said = {**decision._asdict(), "formula": _formula(decision)}
        self._outcome_decided(**said, policy=policy, through_position=through_position, reason=reason)

    @event(CourseOutcomeDecided)
    def _outcome_decided(
        self,
        outcome: str,
        grade_bp: int | None,
        policy: str,
        through_position: int,
        formula: str | None,
        reason: str,
        letter: str | None,
    ) -> None:
        self.outcome, self.grade_bp, self.letter, self.policy = outcome, grade_bp, letter, policy

    def _revise(self, decision: Decision, policy: str, reason: str, through_position: int) -> None:
        other_letter = self.letter is not None and decision.letter != self.letter
        is_same = (decision.outcome, decision.grade_bp) == (self.outcome, self.grade_bp) and not other_letter
        if is_same and policy == self.policy:
            return
        self._outcome_revised(
            old=self.outcome,
            new=decision.outcome,
            old_grade_bp=self.grade_bp,
            new_grade_bp=decision.grade_bp,
            policy=policy,
            formula=_formula(decision),
            reason=reason,
            through_position=through_position,
            old_letter=self.letter,
            new_letter=decision.letter,
        )

    @event(CourseOutcomeRevised)
    def _outcome_revised(
        self,
        old: str,
        new: str,
        old_grade_bp: int | None,
        new_grade_bp: int | None,
        policy: str,
        formula: str | None,
        reason: str,
        through_position: int,
        old_letter: str | None,
        new_letter: str | None,
    ) -> None:
        self.outcome, self.grade_bp, self.letter, self.policy = new, new_grade_bp, new_letter, policy
        self.withheld = False

    def follow_outcome(self, credential_id: str, course_id: str, course_version: int, course_title: str) -> None:
        """
        Let the credential say what the outcome says: issue the first, replace one that says something else.

        What staff have revoked stays so until the outcome is revised, or they issue another one.
        """
        if not self.withheld:
            self._certify(credential_id, course_id, course_version, course_title)

    def issue_credential(self, credential_id: str, course_id: str, course_version: int, course_title: str) -> None:
        """Issue a credential because staff say so; one that is valid stays the only one."""
        if self.outcome not in PASSING_OUTCOMES:
            raise CredentialNotEarned(learner_id=self.id_of("learner_id"), run_id=self.id_of("run_id"))
        self._certify(credential_id, course_id, course_version, course_title)

    def _certify(self, credential_id: str, course_id: str, course_version: int, course_title: str) -> None:
        passed = Decision(self.outcome, self.grade_bp, self.letter) if self.outcome in PASSING_OUTCOMES else None
        if passed == self.certified:
            return
        if self.credential_id:
            self._credential_revoked(self.credential_id, BY_RULE, OUTCOME_REVISED)
        if passed is not None:
            self._credential_issued(
                credential_id, passed.outcome, passed.grade_bp, course_id, course_version, course_title, passed.letter
            )

    @event(CredentialIssued)
    def _credential_issued(
        self,
        credential_id: str,
        outcome: str,
        grade_bp: int | None,
        course_id: str,
        course_version: int,
        course_title: str,
        letter: str | None,
    ) -> None:
        self.credential_id, self.certified, self.withheld = credential_id, Decision(outcome, grade_bp, letter), False

    def revoke_credential(self, credential_id: str, reason: str) -> None:
        """Revoke a credential, for a *reason*; a second time changes nothing."""
        if credential_id == self.credential_id:
            self._credential_revoked(credential_id, BY_STAFF, reason)

    @event(CredentialRevoked)
    def _credential_revoked(self, credential_id: str, policy: str, reason: str) -> None:
        self.credential_id, self.certified, self.withheld = "", None, policy == BY_STAFF


def _formula(decision: Decision) -> str | None:
    """The name of what the grade was computed by; none without a grade."""
    return None if decision.grade_bp is None else decision.formula
