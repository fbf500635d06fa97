"""
One attempt of one learner at one quiz: started, answered item by item, submitted, graded.

The learner submits it, or the server does when its time is over. What is older than starting is a submission of all
answers at once (`responses`), which quizzes without rules still take; exams on paper have no answers at all.
"""

from datetime import datetime, timedelta
from typing import ClassVar

from domain.aggregate import Aggregate, event, stream_id
from domain.deadlines import Deadline
from domain.quiz import attempt_facts as facts
from domain.quiz.admission import Entry, must_admit
from domain.quiz.allowance import Allowance
from domain.quiz.attempt_end import BY_SERVER, Ended, seconds_late
from domain.quiz.attempt_grades import Graded
from domain.quiz.changes import Json
from domain.quiz.counting import Counted
from domain.quiz.marks import GivenMark, ItemMark, Step
from domain.quiz.quiz import Quiz
from domain.quiz.version import Version
from domain.quiz_errors import (
    AttemptEnded,
    AttemptNotFound,
    HintNotFound,
    TimeIsUp,
    UnknownItem,
    said,
)
from domain.score import Score


def attempt_stream(learner_id: str, quiz_id: str, attempt_no: int) -> str:
    """The stream of one attempt of a learner; attempts count from 1."""
    return stream_id("attempt", learner_id, quiz_id, str(attempt_no))


class QuizAttempt(Graded, Ended, Aggregate):
    """One attempt of one learner at one quiz."""

    category = "attempt"
    ids = ("learner_id", "quiz_id", "attempt_no")
    keyed_by = "learner_id"
    snapshot_every = 100
    state_version = 2
    snapshot_fields: ClassVar = {
        "run_id": str,
        "unit_id": str,
        "quiz_version": int,
        "started_at": datetime | None,
        "seed": str,
        "items": list[str],
        "deadline_at": datetime | None,
        "accepts_until": datetime | None,
        "answers": dict[str, int],
        "hints": dict[str, int],
        "submitted": bool,
        "by": str,
        "late_by": int,
        "days_late": int,
        "responses": list[int],
        "score": Score | None,
        "given_score": Score | None,
        "marks": dict[str, ItemMark],
        "given": dict[str, list[GivenMark]],
        "regraded": int,
        "passed": bool,
        "graded_by": str,
        "overridden": bool,
    }

    Started = facts.Started
    DeadlineMoved = facts.DeadlineMoved
    AnswerSaved = facts.AnswerSaved
    HintShown = facts.HintShown
    Submitted = facts.Submitted
    LatenessChanged = facts.LatenessChanged
    Marked = facts.Marked
    ItemGraded = facts.ItemGraded
    Graded = facts.Graded
    GradeOverridden = facts.GradeOverridden
    Regraded = facts.Regraded

    def initial_state(self) -> None:
        self.run_id = ""
        self.unit_id = ""
        self.quiz_version = 0
        self.started_at: datetime | None = None
        self.seed = ""
        self.items: list[str] = []
        self.deadline_at: datetime | None = None
        self.accepts_until: datetime | None = None
        self.answers: dict[str, int] = {}  # the client_seq of each item's answer
        self.hints: dict[str, int] = {}  # how many of each item were shown
        self.submitted = False
        self.by = ""
        self.late_by = self.days_late = 0
        self.responses: list[int] = []
        self.score: Score | None = None
        self.given_score: Score | None = None  # before anything was taken off for being late
        self.marks: dict[str, ItemMark] = {}
        self.given: dict[str, list[GivenMark]] = {}
        self.regraded = 0  # the number of the last regrade
        self.passed = False
        self.graded_by = ""  # the policy of the grade
        self.overridden = False

    @property
    def runs(self) -> bool:
        """Whether it was started and not submitted."""
        return self.started_at is not None and not self.submitted

    def start(
        self, quiz: Quiz, allowance: Allowance, entry: Entry, *, at: datetime, seed: str, deadline: Deadline
    ) -> None:
        """
        Start it at the moment *at*, by the rules of the newest version of *quiz*.

        Args:
            allowance: what the learner is allowed beyond the rules.
            seed: what draws and shuffles the items; unguessable.
            deadline: of the learner, for the newest version.

        Raises:
            QuizNotOpen, QuizClosed, NoAttemptsLeft, WrongNetwork, WrongQuizPassword, HonourNeeded: a rule says no.
        """
        if self.exists:
            return
        version = quiz.current
        must_admit(self.id_of("quiz_id"), self.attempt_no, version, allowance, deadline, entry, at)
        deadline_at = version.ends_at(at, allowance, deadline)
        self._started(
            run_id=quiz.run_id,
            unit_id=quiz.unit_id,
            quiz_version=version.number,
            seed=seed,
            items=version.paper(seed),
            started_at=at,
            deadline_at=deadline_at,
            accepts_until=deadline_at + timedelta(seconds=version.rules.grace_seconds),
            extra_seconds=allowance.extra_seconds,
        )

    @event(facts.Started)
    def _started(
        self,
        run_id: str,
        unit_id: str,
        quiz_version: int,
        seed: str,
        items: list[str],
        started_at: datetime,
        deadline_at: datetime,
        accepts_until: datetime,
        extra_seconds: int,
    ) -> None:
        self.run_id, self.unit_id, self.quiz_version = run_id, unit_id, quiz_version
        self.seed, self.items, self.started_at = seed, items, started_at
        self.deadline_at, self.accepts_until = deadline_at, accepts_until

    def move_deadline(self, version: Version, allowance: Allowance, deadline: Deadline) -> None:
        """Let it end when *allowance* and *deadline* say, which have changed; one that was submitted stays so."""
        if not self.runs or self.started_at is None or self.deadline_at is None:
            return
        deadline_at = version.ends_at(self.started_at, allowance, deadline)
        if deadline_at == self.deadline_at:
            return
        self._deadline_moved(
            old_deadline_at=self.deadline_at,
            deadline_at=deadline_at,
            accepts_until=deadline_at + timedelta(seconds=version.rules.grace_seconds),
        )

    @event(facts.DeadlineMoved)
    def _deadline_moved(self, old_deadline_at: datetime, deadline_at: datetime, accepts_until: datetime) -> None:
        self.deadline_at, self.accepts_until = deadline_at, accepts_until

    def save_answer(self, item_id: str, client_seq: int, response: Json | None, words: str, *, at: datetime) -> None:
        """
        Keep an answer; one that is not newer than the known one, by *client_seq*, changes nothing.

        Args:
            response: what was chosen; None where it is in *words*, or where the answer is taken back.
            words: the JSON text of a response with words of the learner in it; empty for any other.

        Raises:
            AttemptNotFound: it was not started.
            UnknownItem: it does not ask this.
            AttemptEnded, TimeIsUp: it is over.
        """
        self._must_be_started()
        if item_id not in self.items:
            raise UnknownItem(attempt_no=self.attempt_no, item_id=item_id)
        if client_seq <= self.answers.get(item_id, 0):
            return
        self._must_go_on(at)
        self._answer_saved(item_id=item_id, client_seq=client_seq, response=response, words=words)

    def _must_go_on(self, at: datetime) -> None:
        if self.submitted and (self.by != BY_SERVER or self.deadline_at is None or at < self.deadline_at):
            raise AttemptEnded(attempt_no=self.attempt_no, by=self.by)
        if self.submitted or self.is_over(at):
            raise TimeIsUp(
                attempt_no=self.attempt_no,
                deadline_at=said(self.deadline_at),
                late_by=seconds_late(at, self.deadline_at),
            )

    @event(facts.AnswerSaved)
    def _answer_saved(self, item_id: str, client_seq: int, response: Json | None, words: str) -> None:
        self.answers[item_id] = client_seq

    def show_hint(self, version: Version, item_id: str, hint_no: int, *, at: datetime) -> None:
        """
        Show the hint of this number, from 1, to an item; one that was shown already changes nothing.

        Raises:
            AttemptNotFound, UnknownItem, AttemptEnded, TimeIsUp: see `save_answer`.
            HintNotFound: the quiz shows no hints, the item has no such hint, or those before it were not shown.
        """
        self._must_be_started()
        if item_id not in self.items:
            raise UnknownItem(attempt_no=self.attempt_no, item_id=item_id)
        shown = self.hints.get(item_id, 0)
        if 1 <= hint_no <= shown:
            return
        self._must_go_on(at)
        hints = version.asked(item_id)[0].hints if version.rules.hints == "asked" else []
        if hint_no != shown + 1 or hint_no > len(hints):
            raise HintNotFound(item_id=item_id, hint_no=hint_no, shown=shown, left=max(0, len(hints) - shown))
        self._hint_shown(item_id=item_id, hint_no=hint_no)

    @event(facts.HintShown)
    def _hint_shown(self, item_id: str, hint_no: int) -> None:
        self.hints[item_id] = hint_no

    def is_over(self, at: datetime) -> bool:
        """Whether nothing is taken any more at *at*."""
        return self.accepts_until is not None and at >= self.accepts_until

    def _must_be_started(self) -> None:
        if self.started_at is None:
            raise AttemptNotFound(attempt_no=self.attempt_no, quiz_id=self.id_of("quiz_id"))

    @event(facts.Submitted)
    def _submitted(
        self,
        run_id: str,
        unit_id: str,
        by: str,
        late_by: int,
        responses: list[int],
        banked: bool,
        quiz_version: int,
        started_at: datetime | None,
        days_late: int,
    ) -> None:
        self.submitted, self.by, self.late_by, self.days_late = True, by, late_by, days_late
        self.run_id, self.unit_id, self.responses, self.quiz_version = run_id, unit_id, responses, quiz_version

    @event(facts.LatenessChanged)
    def _lateness_changed(
        self, run_id: str, unit_id: str, old_late_by: int, late_by: int, old_days_late: int, days_late: int
    ) -> None:
        self.late_by, self.days_late = late_by, days_late

    @event(facts.Marked)
    def _marked(self, marks: list[ItemMark], regrade_no: int) -> None:
        self.marks |= {each.item_id: each for each in marks}
        self.regraded = regrade_no

    @event(facts.ItemGraded)
    def _item_graded(
        self,
        item_id: str,
        earned: str,
        possible: str,
        final: str | None,
        grader: str,
        step: Step,
        levels: dict[str, str],
        comment: str,
    ) -> None:
        before = [each for each in self.given.get(item_id, []) if each.grader != grader]
        self.given[item_id] = [*before, GivenMark(grader, earned, step)]
        self.marks[item_id] = ItemMark(item_id, final, possible)

    @event(facts.Graded)
    def _graded(
        self,
        run_id: str,
        unit_id: str,
        score_bp: int,
        passed: bool,
        policy: str,
        points: int,
        possible: int,
        given_points: int,
        given_possible: int,
        unit_points: int | None,
        unit_possible: int | None,
        counted: Counted | None,
    ) -> None:
        self.score, self.passed, self.graded_by = Score(points, possible), passed, policy
        self.given_score = Score(given_points, given_possible)

    @event(facts.Regraded)
    def _regraded(
        self,
        run_id: str,
        unit_id: str,
        regrade_no: int,
        old_bp: int,
        old_points: int,
        old_possible: int,
        score_bp: int,
        points: int,
        possible: int,
        passed: bool,
        unit_points: int | None,
        unit_possible: int | None,
        counted: Counted | None,
    ) -> None:
        self.score, self.passed, self.regraded = Score(points, possible), passed, regrade_no

    @event(facts.GradeOverridden)
    def _grade_overridden(
        self,
        run_id: str,
        unit_id: str,
        old_bp: int,
        old_points: int,
        old_possible: int,
        score_bp: int,
        points: int,
        possible: int,
        passed: bool,
        unit_points: int | None,
        unit_possible: int | None,
        reason: str,
        counted: Counted | None,
    ) -> None:
        self.score, self.passed, self.overridden = Score(points, possible), passed, True
