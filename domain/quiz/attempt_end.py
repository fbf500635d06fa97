"""How an attempt ends: the learner hands it in, the server does when its time is over, or all comes at once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from domain.deadlines import Deadline
from domain.errors import DomainError
from domain.quiz.quiz import Quiz
from domain.quiz_errors import (
    AlreadySubmitted,
    AnswerCountMismatch,
    BadAttempt,
    MustStart,
    NoAttemptsLeft,
    QuizNotFound,
    StillRunning,
    WorkTooLate,
    said,
)

BY_LEARNER, BY_SERVER, BY_STAFF = "learner", "server", "staff"


def seconds_late(at: datetime, since: datetime | None) -> int:
    """Whole seconds, cut, from *since* to *at*; 0 if it is before, or if there is no such time."""
    return max(0, int((at - since).total_seconds())) if since else 0


class Ended:
    """What decides about the end, in the place of `QuizAttempt`, which remembers it."""

    ids: ClassVar[tuple[str, ...]]
    id_of: Callable[[str], str]
    refuse: Callable[[DomainError], None]
    is_over: Callable[[datetime], bool]
    importing: bool
    run_id: str
    unit_id: str
    quiz_version: int
    started_at: datetime | None
    deadline_at: datetime | None
    accepts_until: datetime | None
    responses: list[int]
    submitted: bool
    _must_be_started: Callable[[], None]
    _submitted: Callable[..., None]

    @property
    def attempt_no(self) -> int:
        """Its number, from the stream's id."""
        return int(self.id_of("attempt_no"))

    def hand_in(self, deadline: Deadline, *, at: datetime) -> datetime:
        """
        The learner submits what was saved; after the end, that the server does it is recorded instead.

        Returns:
            When it has ended: the fact happened then.
        """
        self._must_be_started()
        if self.submitted:
            return at
        if self.is_over(at):
            return self.end(deadline, at=at)
        self._end_at(at, BY_LEARNER, deadline)
        return at

    def end(self, deadline: Deadline, *, at: datetime) -> datetime:
        """
        The server submits what was saved, since the time is over at *at*; lateness is measured from *deadline*.

        Returns:
            When it has ended: the fact happened then.

        Raises:
            StillRunning: the time is not over.
        """
        self._must_be_started()
        if self.submitted:
            return at
        if self.deadline_at is None or not self.is_over(at):
            raise StillRunning(attempt_no=self.attempt_no, accepts_until=said(self.accepts_until))
        self._end_at(self.deadline_at, BY_SERVER, deadline)
        return self.deadline_at

    def _end_at(self, at: datetime, by: str, deadline: Deadline) -> None:
        late_by = seconds_late(at, deadline.due_at)
        self._submitted(
            self.run_id,
            self.unit_id,
            by,
            late_by,
            [],
            banked=False,
            quiz_version=self.quiz_version,
            started_at=self.started_at,
            days_late=deadline.days_late(at),
        )

    def submit(
        self,
        quiz: Quiz,
        responses: Sequence[int],
        *,
        by: str,
        at: datetime,
        banked: bool = False,
        deadline: Deadline | None = None,
        extra_attempts: int = 0,
    ) -> None:
        """
        Hand the attempt in at the moment *at*; how late it is, in seconds, is part of the fact.

        Args:
            responses: chosen option per item, counted from 0, -1 for none; empty for a quiz without items.
            banked: the result comes from an earlier run.
            deadline: of the learner; None for that of the quiz, after which everything is accepted.
            extra_attempts: that the learner is allowed beyond those of the quiz.
        """
        if not quiz.exists:
            raise QuizNotFound(quiz_id=self.id_of("quiz_id"))
        if quiz.current.rules.must_start and not self.importing and not self.submitted:
            raise MustStart(attempt_no=self.attempt_no, quiz_id=self.id_of("quiz_id"))
        if len(responses) != len(quiz.items):
            raise AnswerCountMismatch(answers=len(responses), questions=len(quiz.items))
        attempt_no = self.attempt_no
        if attempt_no < 1:
            raise BadAttempt(attempt_no=attempt_no)
        if self.submitted:
            if list(responses) != self.responses:
                raise AlreadySubmitted(attempt_no=attempt_no)
            return
        if attempt_no > quiz.attempts_allowed + extra_attempts:
            self.refuse(NoAttemptsLeft(quiz_id=self.id_of("quiz_id"), attempts_allowed=quiz.attempts_allowed))
        deadline = deadline or Deadline(quiz.due_at)
        if not deadline.accepts(at):
            self.refuse(WorkTooLate(unit_id=quiz.unit_id, accepted_until=said(deadline.ends_at)))
        self._submitted(
            quiz.run_id,
            quiz.unit_id,
            by,
            seconds_late(at, deadline.due_at),
            list(responses),
            banked,
            quiz.current.number,
            started_at=None,
            days_late=deadline.days_late(at),
        )
