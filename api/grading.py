"""What people have to grade: the queue of a quiz or of a run, oldest first, and the marks that they give."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import Path, Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from adapters.personal.opening import with_words
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, open_bytes, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.saved_file import saved_file
from api.http.services import Services, ServicesDep
from api.http.types import ID, NO_NUL, Id, Limit, QuizId, RunId
from commands.quiz import GradeItem
from commands.quiz.answers import answers_in, file_names
from domain.catalog import Run, RunNotFound, run_stream
from domain.fact import Fact
from domain.questions.key import Criterion, EssayKey, FileUploadKey
from domain.quiz import Quiz, QuizAttempt, QuizNotFound, quiz_stream
from domain.quiz_errors import AttemptNotFound, FileNotFound
from domain.tags import QueryItem, tag

router = strict_router("grading", "/v1")

HANDLE = 16  # hexadecimal digits
Handle = Annotated[
    str, Path(pattern=r"^[0-9a-f]{16}$", description="The attempt, without whose it is.", examples=["5f1c" * 4])
]
ItemId = Annotated[str, Path(pattern=ID, max_length=64, description="The item.", examples=["essay"])]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes.", examples=["0" * 64])]
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


WAITING = WaitingItem(
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


class NewMark(Body):
    """
    What a person gives for an item: levels of the rubric by criterion, and words to the learner.

    The levels say the points, if there is one of each criterion; `earned` is needed where there is no rubric, and
    counts instead of the levels where both are given.
    """

    model_config = example(earned="3.5", levels={"reasons": "two"}, comment="A third reason is missing.")

    earned: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[0-9./e-]+$")] | None = None
    levels: Annotated[dict[Id, Id], Field(max_length=200, default_factory=dict)]
    comment: Annotated[str, Field(max_length=10_000, pattern=NO_NUL)] = ""


def handle_of(attempt: QuizAttempt) -> str:
    """What stands for an attempt to those who grade it: nothing that they know leads from a learner to it."""
    return _handle(attempt.id, attempt.seed)


def _handle(stream: str, seed: str) -> str:
    return hashlib.sha256(f"{seed}:{stream}".encode()).hexdigest()[:HANDLE]


@router.get("/quizzes/{quiz_id}/grading", responses=query(GradingQueue(waiting=1, items=[WAITING]), 403, 404))
async def get_grading_queue(quiz_id: QuizId, ask: QueryDep, limit: Limit = 50) -> Response:
    """What waits for people who grade, of at most *limit* attempts."""
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    quiz = await replayed(log, Quiz, quiz_stream(quiz_id))
    if not quiz.exists:
        raise QuizNotFound(quiz_id=quiz_id)
    return ask.reply(msgspec.json.encode(await _queue(ask, {quiz_id: quiz}, limit)), head)


@router.get("/runs/{run_id}/grading", responses=query(GradingQueue(waiting=1, items=[WAITING]), 403, 404))
async def get_grading_queue_of_run(run_id: RunId, ask: QueryDep, limit: Limit = 50) -> Response:
    """What waits for people who grade in all quizzes of a run, of at most *limit* attempts, the oldest first."""
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    if not (await replayed(log, Run, run_stream(run_id))).exists:
        raise RunNotFound(run_id=run_id)
    streams, _ = await log.streams_matching((QueryItem(("quiz.published",), (tag("run", run_id),)),))
    quizzes = await asyncio.gather(*(replayed(log, Quiz, stream) for stream in streams))
    return ask.reply(
        msgspec.json.encode(await _queue(ask, {each.id_of("quiz_id"): each for each in quizzes}, limit)), head
    )


async def _queue(ask: QueryContext, quizzes: Mapping[str, Quiz], limit: int) -> GradingQueue:
    """What waits in some quizzes, the oldest attempts first."""
    if not quizzes:
        return GradingQueue(waiting=0, items=[])
    types = ("attempt.submitted", "attempt.marked", "attempt.graded")
    about = tuple(QueryItem(types, (tag("quiz", quiz_id),)) for quiz_id in quizzes)
    facts, _ = await ask.services.log.matching(about)
    no_key = {fact.stream_id for fact in facts if fact.type == types[1] and _needs_person(fact)}
    submitted = {fact.stream_id: fact for fact in facts if fact.type == types[0] and fact.stream_id in no_key}
    for fact in facts:
        if fact.type == types[2]:
            submitted.pop(fact.stream_id, None)
    oldest = sorted(submitted.values(), key=lambda fact: (fact.occurred_at, fact.position))[:limit]
    found = await asyncio.gather(
        *(_waiting(ask.services, quizzes[fact.id("quiz_id")], fact, ask.user.by) for fact in oldest)
    )
    return GradingQueue(waiting=len(submitted), items=[item for of_attempt in found for item in of_attempt])


def _needs_person(marked: Fact) -> bool:
    """Whether there are items that no key can mark: before it is marked, an attempt waits for nothing but that."""
    return any(mark["earned"] is None for mark in marked.data["marks"])


async def _waiting(services: Services, quiz: Quiz, submitted: Fact, user: str) -> list[WaitingItem]:
    """The items of one attempt that wait."""
    attempt = await replayed(services.log, QuizAttempt, submitted.stream_id)
    waiting = [mark for mark in attempt.marks.values() if mark.earned is None]
    if not waiting:
        return []
    version, now = quiz.version_of(attempt.quiz_version), services.log.clock.now()
    answers = answers_in(await with_words(services.log.keys, await services.log.stream(attempt.id)))
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


@router.post(
    "/quizzes/{quiz_id}/grading/{handle}/items/{item_id}",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def grade_item(
    *, quiz_id: QuizId, handle: Handle, item_id: ItemId, body: NewMark, send: Dispatch, services: ServicesDep
) -> Response:
    """Give points for an item that waits; the attempt has its grade when none waits any more."""
    fact = await _started(services, quiz_id, handle)
    learner_id, attempt_no = fact.id("learner_id"), int(fact.id("attempt_no"))
    await send.check.permit(learner_id=learner_id, quiz_id=quiz_id)
    mark = GradeItem(learner_id, quiz_id, attempt_no, item_id, body.earned, body.levels, body.comment)
    return await send(mark, learner_id)


async def _started(services: Services, quiz_id: str, handle: str) -> Fact:
    """The start of the attempt that has the handle."""
    facts, _ = await services.log.matching((QueryItem(("attempt.started",), (tag("quiz", quiz_id),)),))
    fact = next((fact for fact in facts if _handle(fact.stream_id, fact.data["seed"]) == handle), None)
    if fact is None:
        raise AttemptNotFound(attempt_no=handle, quiz_id=quiz_id)
    return fact


@router.get(
    "/quizzes/{quiz_id}/grading/{handle}/files/{sha256}", responses=open_bytes("A file of an answer.", 401, 403)
)
async def get_file_to_grade(quiz_id: QuizId, handle: Handle, sha256: Sha256, ask: QueryDep) -> Response:
    """A file that an answer of an attempt names, under its hash: the learner's own name for it may say whose it is."""
    services, fact = ask.services, await _started(ask.services, quiz_id, handle)
    facts = await with_words(services.log.keys, await services.log.stream(fact.stream_id))
    if sha256 not in file_names(answers_in(facts).values()):
        raise FileNotFound(attempt_no=handle, sha256=sha256)
    content = await services.attempt_files.read(fact.stream_id, sha256)
    if content is None:
        raise FileNotFound(attempt_no=handle, sha256=sha256)
    return saved_file(content, sha256)
