"""Quizzes and attempts: publishing, reading without the key, submitting, grading."""

from typing import Annotated, Any

import msgspec
from fastapi import Request, Response
from pydantic import Field

from adapters.postgres.queries import catalog
from api.http import paging
from api.http.as_of import AsOf
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.late_policy import NewLatePolicy
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import (
    NO_NUL,
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
from domain.questions.sections import Section as BankSection
from domain.quiz import MAX_ITEMS, Item, QuizNotFound, Rules, Section
from domain.quiz.rules import GRACE, LONGEST_GRACE, MAX_NETWORKS, Counts, Hints, Order, When

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


class NewFeedback(Body):
    """When the learner is shown the points of each item, what is said about the answers, and what was right."""

    marks: When = "submitted"
    comments: When = "submitted"
    key: When = "closed"


class NewRules(Body):
    """By which rules a quiz is taken; an attempt keeps those with which it was started."""

    model_config = example(opens_at="2026-02-14T09:00:00Z", order="shuffled", honour="I work alone.")

    opens_at: Time | None = None
    closes_at: Annotated[Time | None, Field(description="Attempts that run end then.")] = None
    grace_seconds: Annotated[int, Field(ge=0, le=LONGEST_GRACE)] = GRACE
    late: Annotated[NewLatePolicy | None, Field(description="As the unit says, or its run, if left out.")] = None
    counts: Annotated[Counts, Field(description="Which of several attempts is the score.")] = "best"
    order: Order = "as_written"
    hints: Annotated[Hints, Field(description="Whether hints are shown, one by one, to who asks.")] = "asked"
    networks: Annotated[
        list[Annotated[str, Field(max_length=50)]], Field(max_length=MAX_NETWORKS, default_factory=list)
    ]
    honour: Annotated[str, Field(max_length=2_000, pattern=NO_NUL)] = ""
    feedback: Annotated[NewFeedback, Field(default_factory=NewFeedback)]
    must_start: bool = False
    anonymous: Annotated[bool, Field(description="Who grades does not see whose attempt it is.")] = False
    markers: Annotated[int, Field(ge=1, le=2, description="How many people grade an item that needs people.")] = 1
    apart_bp: Annotated[BasisPoints, Field(description="By how much of the points two of them may differ.")] = 0


class NewSection(Body):
    """A part of a quiz; `pick` so many of its items are drawn for each attempt, all of them if left out."""

    section_id: Id
    title: Annotated[str, Field(max_length=200, pattern=NO_NUL)] = ""
    items: Annotated[list[Id], Field(min_length=1, max_length=MAX_ITEMS)]
    pick: Annotated[int, Field(ge=1, le=MAX_ITEMS)] | None = None


class NewQuestion(Body):
    """A question and its key, as question banks have them."""

    question: dict[str, Any]
    key: dict[str, Any]


class NewDraw(Body):
    """
    A section drawn from a question bank: `count` of the questions of a category or with tags, as they are now.

    The bank is of the course of the run or shared with it, unless the user is of the staff of the campus.
    """

    section_id: Id
    bank_id: Id
    category: Annotated[str, Field(max_length=500)] = ""
    tags: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=50, default_factory=list)]
    count: Annotated[int, Field(ge=1, le=MAX_ITEMS)] | None = None


class NewQuiz(Body):
    """
    A quiz for a unit of a run; `key` has the index of the right option of each item, counted from 0.

    Published again with other contents it has a new version. Attempts that run keep theirs.
    """

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
    rules: Annotated[NewRules, Field(default_factory=NewRules)]
    sections: Annotated[list[NewSection], Field(max_length=MAX_ITEMS, default_factory=list)]
    questions: Annotated[list[NewQuestion], Field(max_length=MAX_ITEMS, default_factory=list)]
    from_banks: Annotated[list[NewDraw], Field(max_length=50, default_factory=list)]
    password: Annotated[str, Field(max_length=100, description="What it takes to start; a hash of it is kept.")] = ""
    keep_password: Annotated[bool, Field(description="Without a password: that of the version before stays.")] = False


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
    """Publish a quiz, or its next version; without items, learners submit on paper and staff grade."""
    await handle.check.permit(run_id=body.run_id)
    fields = body.model_dump()
    fields["items"] = [Item(**item) for item in fields["items"]]
    fields["sections"] = [Section(**section) for section in fields["sections"]]
    asked = fields.pop("questions")
    fields["questions"] = [each["question"] for each in asked]
    fields["keys"] = [each["key"] for each in asked]
    fields["from_banks"] = [BankSection(**draw) for draw in fields["from_banks"]]
    fields["rules"] = msgspec.convert(fields["rules"], Rules)
    return await handle(PublishQuiz(**fields, from_any_bank=handle.check.reaches_all))


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
    """
    Submit an attempt; one with answers is graded by the key soon after.

    One that was started has its answers already. After its end it is what the server has submitted, as of the deadline.
    """
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
    await handle.check.permit(learner_id=body.learner_id, quiz_id=quiz_id)
    return await handle(GradeAttempt(body.learner_id, quiz_id, attempt_no, body.score_bp), body.learner_id)


@router.post(
    "/quizzes/{quiz_id}/attempts/{attempt_no}/override",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def override_grade(quiz_id: QuizId, attempt_no: AttemptNo, body: NewOverride, handle: Dispatch) -> Response:
    """Replace the score of a graded attempt, for a reason; grade and outcome follow, completed units stay so."""
    await handle.check.permit(learner_id=body.learner_id, quiz_id=quiz_id)
    command = OverrideGrade(body.learner_id, quiz_id, attempt_no, body.score_bp, body.reason)
    return await handle(command, body.learner_id)
