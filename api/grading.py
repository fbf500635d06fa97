"""What people have to grade: the queue of a quiz or of a run, oldest first, and the marks that they give."""

from typing import Annotated

import msgspec
from fastapi import Path, Response
from pydantic import Field

from adapters.grading_queue import EXAMPLE, GradingQueue, queue_of_quiz, queue_of_run, started
from adapters.personal.opening import with_words
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, open_bytes, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.saved_file import saved_file
from api.http.services import ServicesDep
from api.http.types import ID, NO_NUL, Id, Limit, QuizId, RunId
from commands.quiz import GradeItem
from commands.quiz.answers import answers_in, file_names
from domain.quiz_errors import FileNotFound

router = strict_router("grading", "/v1")

Handle = Annotated[
    str, Path(pattern=r"^[0-9a-f]{16}$", description="The attempt, without whose it is.", examples=["5f1c" * 4])
]
ItemId = Annotated[str, Path(pattern=ID, max_length=64, description="The item.", examples=["essay"])]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes.", examples=["0" * 64])]


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


@router.get("/quizzes/{quiz_id}/grading", responses=query(GradingQueue(waiting=1, items=[EXAMPLE]), 403, 404))
async def get_grading_queue(quiz_id: QuizId, ask: QueryDep, limit: Limit = 50) -> Response:
    """What waits for people who grade, of at most *limit* attempts."""
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    return ask.reply(msgspec.json.encode(await queue_of_quiz(log, quiz_id, ask.user.by, limit)), head)


@router.get("/runs/{run_id}/grading", responses=query(GradingQueue(waiting=1, items=[EXAMPLE]), 403, 404))
async def get_grading_queue_of_run(run_id: RunId, ask: QueryDep, limit: Limit = 50) -> Response:
    """What waits for people who grade in all quizzes of a run, of at most *limit* attempts, the oldest first."""
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    return ask.reply(msgspec.json.encode(await queue_of_run(log, run_id, ask.user.by, limit)), head)


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
    fact = await started(services.log, quiz_id, handle)
    learner_id, attempt_no = fact.id("learner_id"), int(fact.id("attempt_no"))
    await send.check.permit(learner_id=learner_id, quiz_id=quiz_id)
    mark = GradeItem(learner_id, quiz_id, attempt_no, item_id, body.earned, body.levels, body.comment)
    return await send(mark, learner_id)


@router.get(
    "/quizzes/{quiz_id}/grading/{handle}/files/{sha256}", responses=open_bytes("A file of an answer.", 401, 403)
)
async def get_file_to_grade(quiz_id: QuizId, handle: Handle, sha256: Sha256, ask: QueryDep) -> Response:
    """A file that an answer of an attempt names, under its hash: the learner's own name for it may say whose it is."""
    services, fact = ask.services, await started(ask.services.log, quiz_id, handle)
    facts = await with_words(services.log.keys, await services.log.stream(fact.stream_id))
    if sha256 not in file_names(answers_in(facts).values()):
        raise FileNotFound(attempt_no=handle, sha256=sha256)
    content = await services.attempt_files.read(fact.stream_id, sha256)
    if content is None:
        raise FileNotFound(attempt_no=handle, sha256=sha256)
    return saved_file(content, sha256)
