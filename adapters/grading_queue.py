"""What people have to grade: the attempts that wait, each of their items with its question, its answer and its key."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from adapters.command_bus.replay import replayed
from adapters.personal.opening import with_words
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.log.waiting_attempts import started_by_handle, waiting_attempts
from commands.quiz.answers import answers_in
from domain.catalog import Run, RunNotFound, run_stream
from domain.fact import Fact
from domain.questions.key import Criterion, EssayKey, FileUploadKey
from domain.quiz import Quiz, QuizAttempt, QuizNotFound, quiz_stream
from domain.quiz_errors import AttemptNotFound
from domain.tags import QueryItem, tag

HANDLE = 16  # hexadecimal digits
AT = datetime(2026, 2, 14, 18, 45, tzinfo=UTC)


class WaitingItem(msgspec.Struct, kw_only=True):
    """
    An item of an attempt that a person has to grade.

    Attributes:
        quiz_id: of which quiz the item is.
        handle: what the mark is sent to; it does not say whose attempt it is.
        learner_id: null where the quiz is graded anonymously.
        question: as in domain/questions.
        response: the answer; null for one that is erased.
        guidance, rubric: what the key says to those who grade.
        marks: what two people have given who are too far apart; empty before, so that each grades by themselves.
        graded_by_me: the user has given a mark, and another person has to.
    """

    quiz_id: str
    handle: str
    learner_id: str | None
    item_id: str
    submitted_at: datetime
    waiting_seconds: int
    question: dict[str, Any]
    response: dict[str, Any] | None
    possible: str
    guidance: str
    rubric: list[Criterion]
    marks: list[str]
    graded_by_me: bool


class GradingQueue(msgspec.Struct, kw_only=True):
    """Items that wait for a person, those of the oldest attempts first; `waiting` counts all attempts that do."""

    waiting: int
    items: list[WaitingItem]


EXAMPLE = WaitingItem(
    quiz_id="algebra-2026-q1",
    handle="5f1c" * 4,
    learner_id="28400",
    item_id="essay",
    submitted_at=AT - timedelta(minutes=15),
    waiting_seconds=900,
    question={"kind": "essay", "question_id": "essay", "text": "Why?", "points": "5"},
    response={"kind": "essay", "text": "Because."},
    possible="5",
    guidance="One point for each reason.",
    rubric=[],
    marks=["2"],
    graded_by_me=False,
)


def handle_of(attempt: QuizAttempt) -> str:
    """What stands for an attempt to those who grade it: nothing that they know leads from a learner to it."""
    return hashlib.sha256(f"{attempt.seed}:{attempt.id}".encode()).hexdigest()[:HANDLE]


async def queue_of_quiz(log: PostgresLog, quiz_id: str, user: str, limit: int) -> GradingQueue:
    """What waits in a quiz for *user*, of at most *limit* attempts; raises QuizNotFound."""
    quiz = await replayed(log, Quiz, quiz_stream(quiz_id))
    if not quiz.exists:
        raise QuizNotFound(quiz_id=quiz_id)
    return await _queue(log, {quiz_id: quiz}, user, limit)


async def queue_of_run(log: PostgresLog, run_id: str, user: str, limit: int) -> GradingQueue:
    """What waits in all quizzes of a run for *user*, of at most *limit* attempts; raises RunNotFound."""
    if not (await replayed(log, Run, run_stream(run_id))).exists:
        raise RunNotFound(run_id=run_id)
    streams, _ = await log.streams_matching((QueryItem(("quiz.published",), (tag("run", run_id),)),))
    quizzes = await asyncio.gather(*(replayed(log, Quiz, stream) for stream in streams))
    return await _queue(log, {each.id_of("quiz_id"): each for each in quizzes}, user, limit)


async def started(log: PostgresLog, quiz_id: str, handle: str) -> Fact:
    """The start of the attempt that has the handle; raises AttemptNotFound."""
    fact = await log.link.run(lambda connection: started_by_handle(connection, quiz_id, handle))
    if fact is None:
        raise AttemptNotFound(attempt_no=handle, quiz_id=quiz_id)
    return fact


async def _queue(log: PostgresLog, quizzes: Mapping[str, Quiz], user: str, limit: int) -> GradingQueue:
    """What waits in some quizzes, the oldest attempts first."""
    if not quizzes:
        return GradingQueue(waiting=0, items=[])
    number, oldest = await log.link.run(lambda connection: waiting_attempts(connection, quizzes, limit))
    found = await asyncio.gather(*(_waiting(log, quizzes[fact.id("quiz_id")], fact, user) for fact in oldest))
    return GradingQueue(waiting=number, items=[item for of_attempt in found for item in of_attempt])


async def _waiting(log: PostgresLog, quiz: Quiz, submitted: Fact, user: str) -> list[WaitingItem]:
    """The items of one attempt that wait."""
    attempt = await replayed(log, QuizAttempt, submitted.stream_id)
    waiting = [mark for mark in attempt.marks.values() if mark.earned is None]
    if not waiting:
        return []
    version, now = quiz.version_of(attempt.quiz_version), log.clock.now()
    answers = answers_in(await with_words(log.keys, await log.stream(attempt.id)))
    items = []
    for mark in waiting:
        question, key = version.asked(mark.item_id)
        answer, given = answers.get(mark.item_id), attempt.given.get(mark.item_id, [])
        guidance, rubric = (key.guidance, key.rubric) if isinstance(key, EssayKey | FileUploadKey) else ("", [])
        items.append(
            WaitingItem(
                quiz_id=quiz.id_of("quiz_id"),
                handle=handle_of(attempt),
                learner_id=None if version.rules.anonymous else attempt.id_of("learner_id"),
                item_id=mark.item_id,
                submitted_at=submitted.occurred_at,
                waiting_seconds=max(0, int((now - submitted.occurred_at).total_seconds())),
                question=msgspec.to_builtins(question),
                response=None if answer is None else answer.response,
                possible=mark.possible,
                guidance=guidance,
                rubric=list(rubric),
                marks=[each.earned for each in given] if len(given) >= version.rules.markers else [],
                graded_by_me=len(given) < version.rules.markers and any(each.grader == user for each in given),
            )
        )
    return items
