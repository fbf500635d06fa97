"""When a learner's work on a run is due, with extensions: folded from the facts of run, course and enrollment."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec

from adapters.command_bus.replay import replayed
from adapters.postgres.log.postgres_log import PostgresLog
from domain.catalog import Course, Run, RunNotFound, course_stream, run_stream
from domain.deadlines import FROM_ENROLLMENT, OfQuiz, days_count_from, deadline_of, latest_of
from domain.enrollment import Enrollment, NotEnrolled, enrollment_stream
from domain.progress import CourseProgress, progress_stream
from domain.quiz import Quiz
from domain.tags import QueryItem, tag

AT = datetime(2026, 2, 15, 22, 59, tzinfo=UTC)


class UnitDeadline(msgspec.Struct, kw_only=True):
    """
    When work on a unit is due for a learner.

    Attributes:
        due_at: the last moment that is in time; null for no deadline.
        due_for_all: the deadline without an extension.
        accepted_until: the last moment at which late work is accepted; null for as long as the run lasts.
        off_bp: basis points of the possible points that are taken off for each day that has begun after `due_at`.
    """

    unit_id: str
    title: str
    due_at: datetime | None
    due_for_all: datetime | None
    accepted_until: datetime | None
    off_bp: int


class DeadlineList(msgspec.Struct, kw_only=True):
    """
    The deadlines of a learner on a run, in the order of its units.

    Attributes:
        cohort_id: the cohort of the learner; null for none.
        counts_from: from when the days count: from the start of the run, from when the cohort begins, or from when the
            learner got a place; null where the learner has none yet.
    """

    learner_id: str
    run_id: str
    time_zone: str
    cohort_id: str | None
    counts_from: datetime | None
    items: list[UnitDeadline]


EXAMPLE = DeadlineList(
    learner_id="28400",
    run_id="algebra-2026",
    time_zone="Europe/Berlin",
    cohort_id="spring",
    counts_from=AT - timedelta(days=14),
    items=[
        UnitDeadline(
            unit_id="q1",
            title="Equations",
            due_at=AT + timedelta(days=3),
            due_for_all=AT,
            accepted_until=AT + timedelta(days=8),
            off_bp=1_000,
        )
    ],
)


async def deadlines_of(log: PostgresLog, learner_id: str, run_id: str) -> tuple[DeadlineList, int]:
    """
    The deadlines of a learner on a run, and a position for which they are true.

    Raises:
        RunNotFound, NotEnrolled: there is no such run, or the learner never asked for a place on it.
    """
    position = await log.head()
    run = await replayed(log, Run, run_stream(run_id))
    if not run.exists:
        raise RunNotFound(run_id=run_id)
    enrollment = await replayed(log, Enrollment, enrollment_stream(learner_id, run_id))
    if not enrollment.exists:
        raise NotEnrolled(learner_id=learner_id, run_id=run_id)
    placed_at = await _placed_at(log, run, enrollment)
    found = DeadlineList(
        learner_id=learner_id,
        run_id=run_id,
        time_zone=run.time_zone,
        cohort_id=enrollment.cohort_id,
        counts_from=days_count_from(run, placed_at),
        items=await _items(log, run, enrollment, placed_at),
    )
    return found, position


async def accepted_until_of(log: PostgresLog, learner_id: str, run_id: str) -> dict[str, datetime]:
    """Until when late work of a learner is accepted, by unit; not for units where that is as long as the run lasts."""
    run, enrollment = await asyncio.gather(
        replayed(log, Run, run_stream(run_id)), replayed(log, Enrollment, enrollment_stream(learner_id, run_id))
    )
    items = await _items(log, run, enrollment, await _placed_at(log, run, enrollment))
    return {each.unit_id: each.accepted_until for each in items if each.accepted_until is not None}


async def _items(log: PostgresLog, run: Run, enrollment: Enrollment, placed_at: datetime | None) -> list[UnitDeadline]:
    """The deadlines of the units of the version that the learner follows."""
    learner_id, run_id = enrollment.learner_id, enrollment.run_id
    course, progress = await asyncio.gather(
        replayed(log, Course, course_stream(run.course_id)),
        replayed(log, CourseProgress, progress_stream(learner_id, run_id)),
    )
    of_quizzes, items = await _of_quizzes(log, run_id), []
    for unit in course.versions[progress.follows(run.versions)]:
        quizzes = of_quizzes.get(unit.unit_id, [OfQuiz()])
        for_all = latest_of([deadline_of(unit, run, {}, quiz, placed_at) for quiz in quizzes])
        deadline = latest_of([deadline_of(unit, run, enrollment.extensions, quiz, placed_at) for quiz in quizzes])
        if deadline.due_at is not None:
            items.append(
                UnitDeadline(
                    unit_id=unit.unit_id,
                    title=unit.title,
                    due_at=deadline.due_at,
                    due_for_all=for_all.due_at,
                    accepted_until=deadline.accepted_until,
                    off_bp=deadline.off_bp,
                )
            )
    return items


async def _placed_at(log: PostgresLog, run: Run, enrollment: Enrollment) -> datetime | None:
    """When the cohort of the learner begins, or when the learner first got a place, if days count from that."""
    if run.due_from != FROM_ENROLLMENT or enrollment.cohort_begins_at is not None:
        return enrollment.cohort_begins_at
    placed = (fact for fact in await log.stream(enrollment.id))
    return next((fact.occurred_at for fact in placed if fact.type == "enrollment.activated"), None)


async def _of_quizzes(log: PostgresLog, run_id: str) -> dict[str, list[OfQuiz]]:
    """What the quizzes of the run say themselves about their deadlines, by their units."""
    streams, _ = await log.streams_matching((QueryItem(("quiz.published",), (tag("run", run_id),)),))
    found: dict[str, list[OfQuiz]] = {}
    for quiz in await asyncio.gather(*(replayed(log, Quiz, stream) for stream in streams)):  # in one statement
        found.setdefault(quiz.unit_id, []).append(quiz.current.of_quiz)
    return found
