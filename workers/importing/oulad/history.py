"""
What learners did on one presentation, as facts, day by day.

The rules for live learners apply. A row that breaks one becomes a fact all the same, with the reason as `irregular`
(see domain/aggregate.py). So do rows that contradict each other. What is derived from such a row is not marked.

    before_registration              clicked or handed in before the day of registration; banked results may be
    after_unregistration             clicked or handed in after the day of unregistration; banked results may be
    no_registration_date             the dataset has no day of registration: the day of the first trace is taken
    registered_after_unregistration  the dates are swapped: the day of unregistration is taken
    no_unregistration_date           the result is Withdrawn, and the dataset has no day of unregistration
    result_after_unregistration      the learner unregistered, and has a result other than Withdrawn

Facts of one day stand in this order: registrations, activity, submissions with their grades, units completed,
withdrawals, and on the last day of the presentation results and completed enrollments.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from adapters.oulad.model import Presentation, Submission, unpack
from adapters.oulad.tables import COLUMNS
from domain.aggregate import Aggregate
from domain.enrollment import Enrollment, Status, enrollment_stream
from domain.grading import PASSING_OUTCOMES, Decision
from domain.progress import IMPORTED, CourseProgress, progress_stream
from domain.quiz import Quiz, QuizAttempt, attempt_stream
from domain.score import Score

SOURCE = "import:oulad"
POLICY = IMPORTED  # grades and results were decided elsewhere; the dataset has no grade of a course
PASS_BP = 4_000  # basis points from which an assessment completes its unit
RULE = "quiz_passed"  # as in workers/reactions/quiz.py
HAS_ACCESS = frozenset((Status.ACTIVE, Status.COMPLETED))

AggregateT = TypeVar("AggregateT", bound=Aggregate)
Row = tuple[int, int]  # the number of a table, and of a line in it
Facts = Iterator[tuple[Any, Row]]  # events of aggregates, and where they come from

TABLES = {name: number for number, name in enumerate(COLUMNS, 1)}
INFO, REGISTRATION = TABLES["studentInfo.csv"], TABLES["studentRegistration.csv"]
SUBMISSION, ACTIVITY = TABLES["studentAssessment.csv"], TABLES["studentVle.csv"]


class History:
    """
    One presentation, from its first trace to its last.

    Args:
        diary: registrations and unregistrations by day.
        course_version: the version of the course that the run follows.
        quizzes: as stored in the log, by assessment.
    """

    def __init__(
        self, presentation: Presentation, diary: "Diary", course_version: int, quizzes: dict[str, Quiz]
    ) -> None:
        self._presentation, self._lines = presentation, presentation.lines
        self._course_version = course_version
        self._quizzes = quizzes
        self._diary = diary
        learners = [registration.learner_id for registration in presentation.registrations]
        run_id = presentation.run_id
        self._enrollments = [past(Enrollment, enrollment_stream(learner, run_id)) for learner in learners]
        self._progress = [past(CourseProgress, progress_stream(learner, run_id)) for learner in learners]

    def on(self, day: int) -> Facts:
        """The facts of *day*, each with its row; call it for one day after the other, in order."""
        yield from self._registrations(day)
        yield from self._activity(day)
        submissions = self._presentation.submissions.get(day, ())
        rows = list(zip(submissions, self._lines.submissions.get(day, ()), strict=True))
        for submission, line in rows:
            yield from _from(SUBMISSION, line, self._submission(submission, day))
        for submission, line in sorted(rows, key=lambda row: row[0].learner):
            yield from _from(SUBMISSION, line, self._unit_completed(submission))
        yield from self._withdrawals(day)
        if day == self._presentation.days:
            yield from self._results()

    def _registrations(self, day: int) -> Facts:
        for learner in self._diary.registered[day]:
            enrollment, registration = self._enrollments[learner], self._presentation.registrations[learner]
            if registration.registered_on is None:
                enrollment.mark_irregular("no_registration_date")
            elif registration.registered_on > day:
                enrollment.mark_irregular("registered_after_unregistration")
            enrollment.request("free", SOURCE)
            enrollment.activate()
            yield from _from(REGISTRATION, self._lines.registrations[learner], enrollment.collect_events())

    def _activity(self, day: int) -> Facts:
        sites = self._presentation.sites
        rows, lines = self._presentation.activity.get(day, ()), self._lines.activity.get(day, ())
        for place in sorted(range(len(rows)), key=rows.__getitem__):  # equal rows as they stand in the file
            learner, number, clicks = unpack(rows[place])
            site, progress = sites[number], self._progress[learner]
            self._mark_access(learner, progress)
            progress.record_activity(site.site_id, site.activity_type, clicks)
            yield from _from(ACTIVITY, lines[place], progress.collect_events())

    def _submission(self, submission: Submission, day: int) -> Iterable[Any]:
        learner_id = self._presentation.registrations[submission.learner].learner_id
        quiz = self._quizzes[submission.assessment_id]
        attempt = past(QuizAttempt, attempt_stream(learner_id, submission.assessment_id, 1))
        if not submission.banked:  # a banked result was taken over from an earlier presentation
            self._mark_access(submission.learner, attempt)
        attempt.submit(quiz, (), by="learner", at=self._presentation.at(day), banked=submission.banked)
        if submission.score_bp is not None:
            attempt.grade(Score(submission.score_bp), quiz.pass_bp, POLICY)
        return attempt.collect_events()

    def _unit_completed(self, submission: Submission) -> Iterable[Any]:
        quiz = self._quizzes[submission.assessment_id]
        if submission.score_bp is None or submission.score_bp < quiz.pass_bp:
            return ()
        progress = self._progress[submission.learner]
        progress.complete_unit(quiz.unit_id, self._course_version, RULE, Score(submission.score_bp))
        return progress.collect_events()

    def _withdrawals(self, day: int) -> Facts:
        for learner in self._diary.unregistered[day]:
            enrollment = self._enrollments[learner]
            enrollment.withdraw("unregistered")
            yield from _from(REGISTRATION, self._lines.registrations[learner], enrollment.collect_events())

    def _results(self) -> Facts:
        registrations, lines = self._presentation.registrations, self._lines.infos
        for progress, registration, line in zip(self._progress, registrations, lines, strict=True):
            left = registration.unregistered_on is not None
            if registration.result == "withdrawn" and not left:
                progress.mark_irregular("no_unregistration_date")
            elif registration.result != "withdrawn" and left:
                progress.mark_irregular("result_after_unregistration")
            # No position and no grade: the result comes from the dataset, not from facts of this log.
            progress.decide_outcome(Decision(registration.result, None), 0, policy=POLICY)
            yield from _from(INFO, line, progress.collect_events())
        for enrollment, registration, line in zip(self._enrollments, registrations, lines, strict=True):
            if registration.result in PASSING_OUTCOMES:
                enrollment.complete()
                yield from _from(INFO, line, enrollment.collect_events())

    def _mark_access(self, learner: int, asking: Aggregate) -> None:
        """Mark the next fact of *asking* as irregular where the learner has no place on that day."""
        status = self._enrollments[learner].status
        if status not in HAS_ACCESS:
            asking.mark_irregular("after_unregistration" if status is Status.WITHDRAWN else "before_registration")


def _from(table: int, line: int, events: Iterable[Any]) -> Facts:
    """New facts with the row that they come from."""
    row = table, line
    for event in events:
        yield event, row


class Diary:
    """
    The days with a trace, and the registrations and unregistrations of each.

    Attributes:
        days: every day with a trace, in order, and the last day of the presentation.
    """

    def __init__(self, presentation: Presentation) -> None:
        self.registered: defaultdict[int, list[int]] = defaultdict(list)
        self.unregistered: defaultdict[int, list[int]] = defaultdict(list)
        first_traces = _first_traces(presentation)
        for learner, registration in enumerate(presentation.registrations):
            day, left_on = registration.registered_on, registration.unregistered_on
            day = first_traces[learner] if day is None else day
            if left_on is not None:
                self.unregistered[left_on].append(learner)
                day = min(day, left_on)
            self.registered[day].append(learner)
        traces = (self.registered, self.unregistered, presentation.activity, presentation.submissions)
        self.days = sorted({presentation.days, *(day for trace in traces for day in trace)})


def _first_traces(presentation: Presentation) -> dict[int, int]:
    """The day of the first trace of each learner without a day of registration, day 0 at the latest."""
    registrations = presentation.registrations
    first = {learner: 0 for learner, known in enumerate(registrations) if known.registered_on is None}
    if first:
        for day, submissions in presentation.submissions.items():
            for submission in submissions:
                if first.get(submission.learner, day) > day:
                    first[submission.learner] = day
        for day, rows in presentation.activity.items():
            for learner in {unpack(row)[0] for row in rows}:
                if first.get(learner, day) > day:
                    first[learner] = day
    return first


def facts_to_come(presentation: Presentation) -> int:
    """Number of facts of a presentation, without those of the catalog."""
    registrations, attempts = presentation.registrations, presentation.submissions.values()
    scores = [s.score_bp for submissions in attempts for s in submissions if s.score_bp is not None]
    return (
        3 * len(registrations)  # requested, activated, result
        + sum(registration.unregistered_on is not None for registration in registrations)
        + sum(registration.result in PASSING_OUTCOMES for registration in registrations)
        + sum(map(len, attempts))
        + len(scores)
        + sum(score_bp >= PASS_BP for score_bp in scores)
        + sum(map(len, presentation.activity.values()))
    )


def past(cls: type[AggregateT], stream: str) -> AggregateT:
    """A blank aggregate that records history: it marks facts as irregular instead of refusing them."""
    aggregate = cls.blank(stream)
    aggregate.importing = True
    return aggregate
