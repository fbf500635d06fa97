"""Quizzes and attempts: publishing, reading without the key, submitting, grading."""

from typing import Annotated

import msgspec
from fastapi import Request, Response
from pydantic import Field

from adapters.postgres.queries import catalog
from api.http import paging
from api.http.as_of import AsOf
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import (
    ActingFor,
    AttemptNo,
    BasisPoints,
    Id,
    Limit,
    LongReason,
    QuizId,
    RunId,
    Text,
    Time,
    Title,
    Word,
    one_of,
)
from commands.quiz import GradeAttempt, OverrideGrade, PublishQuiz, SubmitAttempt
from domain.kinds import SCORED_KINDS
from domain.quiz import MAX_ITEMS, Item, QuizNotFound

router = strict_router("quiz", "/v1")
PROJECTION = "catalog"


QUIZ = {
    "quiz_id": "algebra-2026-q1",
    "run_id": "algebra-2026",
    "unit_id": "q1",
    "title": "Equations",
    "items": msgspec.to_builtins(catalog.QUIZ_EXAMPLE.items),
    "key": [1],
}


class QuizPage(msgspec.Struct, kw_only=True):
    """Quizzes, in the order of their ids."""

    items: list[catalog.QuizHead]
    next: str | None


class NewItem(Body):
    """One question and its options."""

    item_id: Id
    text: Text
    options: Annotated[list[Title], Field(min_length=1, max_length=50)]


class NewQuiz(Body):
    """A quiz for a unit of a run; `key` has the index of the right option of each item, counted from 0."""

    model_config = example(**QUIZ)

    quiz_id: Id
    run_id: Id
    unit_id: Id
    title: Title
    kind: Annotated[Word, one_of(SCORED_KINDS)] = "quiz"
    items: Annotated[list[NewItem], Field(max_length=MAX_ITEMS, default_factory=list)]
    key: Annotated[list[Annotated[int, Field(ge=0, lt=50)]], Field(max_length=MAX_ITEMS, default_factory=list)]
    time_limit: Annotated[int, Field(ge=1, le=1_000_000, description="Seconds.")] | None = None
    attempts_allowed: Annotated[int, Field(ge=1, le=1_000)] = 1
    due_at: Annotated[Time | None, Field(description="The unit's own deadline if left out.")] = None
    pass_bp: BasisPoints = 4_000


class NewAttempt(Body):
    """What a learner submits: the chosen option of each item, counted from 0, -1 for none."""

    model_config = example(responses=[1])

    learner_id: ActingFor = None
    responses: Annotated[list[Annotated[int, Field(ge=-1, lt=50)]], Field(max_length=MAX_ITEMS, default_factory=list)]


class NewGrade(Body):
    """The score of an attempt, in basis points; by its key if left out."""

    model_config = example(learner_id="28400", score_bp=7_500)

    learner_id: Id
    score_bp: BasisPoints | None = None


class NewOverride(Body):
    """Another score for a graded attempt, in basis points, and why."""

    model_config = example(learner_id="28400", score_bp=7_500, reason="appeal 12: question 3 was ambiguous")

    learner_id: Id
    score_bp: BasisPoints
    reason: LongReason


@router.post("/quizzes", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def publish_quiz(body: NewQuiz, handle: Dispatch) -> Response:
    """Publish a quiz; without items, learners submit on paper and staff grade."""
    await handle.check.permit(run_id=body.run_id)
    fields = body.model_dump()
    fields["items"] = [Item(**item) for item in fields["items"]]
    return await handle(PublishQuiz(**fields))


@router.get("/quizzes/{quiz_id}", responses=query(catalog.QUIZ_EXAMPLE, 404))
async def get_quiz(quiz_id: QuizId, ask: QueryDep, moment: AsOf) -> Response:
    """One quiz with its items, without its key."""
    reader = await ask.catalog_at(moment)
    answer = await ask.read_at_least(PROJECTION, lambda: catalog.quiz(reader, quiz_id))
    return ask.or_not_found(answer, QuizNotFound(quiz_id=quiz_id), ask.headers_at(moment, PROJECTION))


@router.get(
    "/runs/{run_id}/quizzes", responses=query(QuizPage(items=[catalog.QUIZ_HEAD_EXAMPLE], next=paging.NEXT), 404)
)
async def list_quizzes(
    *, request: Request, run_id: RunId, ask: QueryDep, moment: AsOf, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """The quizzes of a run, in the order of their ids."""
    (after,) = paging.after("quizzes", cursor, [str]) or [""]
    reader = await ask.catalog_at(moment)
    answer = await ask.read_at_least(PROJECTION, lambda: catalog.quizzes(reader, run_id, after, limit + 1))
    if not answer.rows:
        await ask.check_run(run_id, reader)
    return paging.reply(request, ask, answer, "quizzes", limit, headers=ask.headers_at(moment, PROJECTION))


@router.post(
    "/quizzes/{quiz_id}/attempts/{attempt_no}/submit",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def submit_attempt(quiz_id: QuizId, attempt_no: AttemptNo, body: NewAttempt, handle: Dispatch) -> Response:
    """Submit an attempt; one with answers is graded by the key soon after."""
    learner_id = await handle.acts_for(body.learner_id, quiz_id=quiz_id)
    return await handle(SubmitAttempt(learner_id, quiz_id, attempt_no, body.responses), learner_id)


@router.post(
    "/quizzes/{quiz_id}/attempts/{attempt_no}/grade",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def grade_attempt(quiz_id: QuizId, attempt_no: AttemptNo, body: NewGrade, handle: Dispatch) -> Response:
    """Grade a submitted attempt."""
    return await handle(GradeAttempt(body.learner_id, quiz_id, attempt_no, body.score_bp), body.learner_id)


@router.post(
    "/quizzes/{quiz_id}/attempts/{attempt_no}/override",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def override_grade(quiz_id: QuizId, attempt_no: AttemptNo, body: NewOverride, handle: Dispatch) -> Response:
    """Replace the score of a graded attempt, for a reason; grade and outcome follow, completed units stay so."""
    command = OverrideGrade(body.learner_id, quiz_id, attempt_no, body.score_bp, body.reason)
    return await handle(command, body.learner_id)
