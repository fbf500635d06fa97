"""How an attempt gets its grade: by the key, by people, by a regrade, or by one who overrides it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from domain.deadlines import Deadline
from domain.late_policy import LatePolicy
from domain.quiz.attempt_end import seconds_late
from domain.quiz.counting import Counted, UnitTries
from domain.quiz.items import mark
from domain.quiz.marks import GivenMark, ItemMark, after_hints, decide_mark, points_given, score_of
from domain.quiz.quiz import Quiz
from domain.quiz.regrade import BROUGHT, Foreseen
from domain.quiz.version import Version
from domain.quiz_errors import AlreadyGraded, NotGraded, NotMarked, NotSubmitted, ReasonNeeded, UnknownItem
from domain.score import Score, check_score

BY_KEY, BY_PEOPLE = "key", "item_marks"


class Then(NamedTuple):
    """The score of a unit, null for none, and what a quiz of it is worth by another rule than the best attempt."""

    unit_points: int | None
    unit_possible: int | None
    counted: Counted | None


class Graded:
    """What decides about marks and grades, in the place of `QuizAttempt`, which remembers them."""

    id: str
    ids: ClassVar[tuple[str, ...]]
    id_of: Callable[[str], str]
    run_id: str
    unit_id: str
    submitted: bool
    late_by: int
    days_late: int
    quiz_version: int
    items: list[str]
    responses: list[int]
    score: Score | None
    given_score: Score | None
    graded_by: str
    overridden: bool
    marks: dict[str, ItemMark]
    given: dict[str, list[GivenMark]]
    hints: dict[str, int]
    passed: bool
    regraded: int
    _lateness_changed: Callable[..., None]
    _marked: Callable[..., None]
    _item_graded: Callable[..., None]
    _graded: Callable[..., None]
    _grade_overridden: Callable[..., None]
    _regraded: Callable[..., None]

    def mark(
        self,
        marks: Sequence[ItemMark],
        version: Version,
        tries: UnitTries | None = None,
        late: LatePolicy | None = None,
    ) -> None:
        """Take the marks of all items by the key; the attempt is graded if no person has to grade one; see `grade`."""
        self._must_be_submitted()
        if not self.marks:
            self._marked(marks=list(marks), regrade_no=version.regrade_no)
        self._grade_if_marked(version, BY_KEY, tries, late)

    def grade_item(
        self,
        version: Version,
        item_id: str,
        earned: str | None,
        *,
        grader: str,
        levels: dict[str, str],
        comment: str,
        tries: UnitTries | None = None,
        late: LatePolicy | None = None,
    ) -> None:
        """
        Take what a person gives for an item; the same once more changes nothing. The last one grades the attempt.

        Args:
            earned: points, exact, as domain/questions has numbers; None for what the levels are worth.
            levels: of the rubric, by criterion.

        Raises:
            NotMarked: the key comes first.
            BadMark, AlreadyMarked, BadLevels, UnknownItem: see `decide_mark`, `points_given`.
        """
        self._must_be_submitted()
        if not self.marks:
            raise NotMarked(**{name: self.id_of(name) for name in self.ids})
        if item_id not in self.marks:
            raise UnknownItem(attempt_no=int(self.id_of("attempt_no")), item_id=item_id)
        question, key = version.asked(item_id)
        earned = points_given(question, key, earned, levels)
        given = self.given.get(item_id, [])
        if any((each.grader, each.earned) == (grader, earned) for each in given):
            return
        item = self.marks[item_id]
        step, final = decide_mark(item, given, grader, earned, version.rules)
        self._item_graded(
            item_id=item_id,
            earned=earned,
            possible=item.possible,
            final=after_hints(final, question, self.hints.get(item_id, 0)),
            grader=grader,
            step=step,
            levels=levels,
            comment=comment,
        )
        self._grade_if_marked(version, BY_PEOPLE, tries, late)

    def _grade_if_marked(self, version: Version, policy: str, tries: UnitTries | None, late: LatePolicy | None) -> None:
        score = score_of(self.marks[item_id] for item_id in self.items or version.item_ids)
        if score is not None:
            self.grade(score, version.pass_bp, policy, tries, late)

    def grade_by_key(self, quiz: Quiz, tries: UnitTries | None = None, late: LatePolicy | None = None) -> None:
        """Score the attempt by the key of *quiz*; see `grade`."""
        self._must_be_submitted()
        version = quiz.version_of(self.quiz_version)
        self.grade(mark(self.responses, version.key), version.pass_bp, "exact_match", tries, late)

    def grade(
        self,
        given: Score,
        pass_bp: int,
        policy: str,
        tries: UnitTries | None = None,
        late: LatePolicy | None = None,
    ) -> None:
        """
        Record the score: what was *given*, less what *late* takes off.

        Args:
            policy: names the way in which it was found.
            tries: the learner's attempts at the unit; None where the best one counts, and each says its own score.
        """
        self._must_be_submitted()
        check_score(given)
        score = given if late is None else late.lowered(given, self.days_late)
        if self.score is not None:
            if score.beats(self.score) or self.score.beats(score):
                raise AlreadyGraded(attempt=self.id, score_bp=self.score.bp)
            return
        passed = score.reaches(pass_bp)
        then = Then(None, None, None) if tries is None else self._then(tries, score, passed=passed)
        self._graded(
            run_id=self.run_id,
            unit_id=self.unit_id,
            score_bp=score.bp,
            passed=passed,
            policy=policy,
            points=score.points,
            possible=score.possible,
            given_points=given.points,
            given_possible=given.possible,
            **then._asdict(),
        )

    def _then(self, tries: UnitTries, score: Score, *, passed: bool) -> "Then":
        """What the learner's attempts at the unit are worth once this one has a *score*."""
        quiz_id = self.id_of("quiz_id")
        after = tries.with_score(quiz_id, int(self.id_of("attempt_no")), score, passed=passed)
        points, possible = (None, None) if after.score is None else after.score
        return Then(points, possible, after.counted(quiz_id))

    def follow_deadline(self, deadline: Deadline, version: Version, tries: UnitTries, *, at: datetime) -> None:
        """
        Be as late as *deadline* says, which has changed since the attempt was submitted, *at* that time.

        A score that was lowered for that follows, unless a person has overridden or brought it.
        """
        late_by, days_late, before = seconds_late(at, deadline.due_at), deadline.days_late(at), self.days_late
        if not self.submitted or (late_by, days_late) == (self.late_by, before):
            return
        self._lateness_changed(
            run_id=self.run_id,
            unit_id=self.unit_id,
            old_late_by=self.late_by,
            late_by=late_by,
            old_days_late=before,
            days_late=days_late,
        )
        late = deadline.policy
        is_final = self.overridden or self.graded_by == BROUGHT
        if self.score is None or is_final or late is None or late.off_bp is None or before == days_late:
            return
        given = (score_of(self.marks.values()) if self.marks else self.given_score) or self.score
        score = late.lowered(given, days_late)
        self._score_again(score, passed=score.reaches(version.pass_bp), regrade_no=self.regraded, tries=tries)

    def override(self, score: Score, pass_bp: int, reason: str, tries: UnitTries) -> None:
        """Replace the score, for a *reason*; *tries* are the learner's attempts at the unit."""
        if self.score is None:
            self._must_be_submitted()
            raise NotGraded(attempt=self.id)
        check_score(score)
        if not reason.strip():
            raise ReasonNeeded(attempt=self.id)
        if not score.beats(self.score) and not self.score.beats(score):
            return
        passed = score.reaches(pass_bp)
        self._grade_overridden(
            run_id=self.run_id,
            unit_id=self.unit_id,
            old_bp=self.score.bp,
            old_points=self.score.points,
            old_possible=self.score.possible,
            score_bp=score.bp,
            points=score.points,
            possible=score.possible,
            passed=passed,
            reason=reason,
            **self._then(tries, score, passed=passed)._asdict(),
        )

    def regrade(self, foreseen: Foreseen, regrade_no: int, tries: UnitTries) -> None:
        """Take what a regrade makes of the attempt, see `foresee`; *tries* are the learner's attempts at the unit."""
        if self.score is None or self.regraded >= regrade_no:
            return
        if foreseen.marks:
            self._marked(marks=[*foreseen.marks, *foreseen.others], regrade_no=regrade_no)
        self._score_again(foreseen.score, passed=foreseen.passed, regrade_no=regrade_no, tries=tries)

    def _score_again(self, score: Score, *, passed: bool, regrade_no: int, tries: UnitTries) -> None:
        old = self.score
        if old is not None and (score.beats(old) or old.beats(score) or passed != self.passed):
            self._regraded(
                run_id=self.run_id,
                unit_id=self.unit_id,
                regrade_no=regrade_no,
                old_bp=old.bp,
                old_points=old.points,
                old_possible=old.possible,
                score_bp=score.bp,
                points=score.points,
                possible=score.possible,
                passed=passed,
                **self._then(tries, score, passed=passed)._asdict(),
            )

    def _must_be_submitted(self) -> None:
        if not self.submitted:
            raise NotSubmitted(attempt=self.id)
