"""Attempts: started, answered item by item, looked at, given more time; api/quiz.py submits and grades."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import Path, Request, Response
from pydantic import BaseModel, Field

from adapters.command_bus.dry_run import DryRun
from adapters.command_bus.replay import replayed
from adapters.personal.opening import with_words
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.door.addresses import client_of
from api.http.openapi import command, query
from api.http.query import JSON, QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, get_services
from api.http.types import ID, ActingFor, AttemptNo, Id, LearnerId, LongReason, QuizId, Time
from commands.log import Context
from commands.quiz import GrantAllowance, SaveAnswer, ShowHint, StartAttempt
from commands.quiz.answers import answers_in
from commands.quiz.closing import closed_for_all
from domain.fact import Fact
from domain.questions.checks import MOST_PARTS
from domain.quiz import Quiz, QuizAttempt, QuizNotFound, attempt_stream, quiz_stream
from domain.quiz.allowance import MOST_ATTEMPTS, MOST_SECONDS
from domain.quiz.answers import SavedAnswer, receipt
from domain.quiz.shown import (
    AskedItem,
    AskedSection,
    AttemptHead,
    ReachedLevel,
    ShownAttempt,
    head_of,
    hints_of,
    shown,
)
from domain.quiz_errors import AttemptNotFound, FileNotHandedIn
from domain.tags import QueryItem, tag

router = strict_router("attempts", "/v1")

LONGEST_PASSWORD = 100  # characters
MOST_SEQ = 2**53 - 1  # the largest whole number that JavaScript counts to
ItemId = Annotated[str, Path(pattern=ID, max_length=64, description="The item.", examples=["i1"])]
HintNo = Annotated[int, Path(ge=1, le=MOST_PARTS, description="The hint, counted from 1.", examples=[1])]

AT = datetime(2026, 2, 14, 18, tzinfo=UTC)
ITEM = AskedItem(
    item_id="i1",
    question={
        "kind": "single_choice",
        "question_id": "i1",
        "text": "6 x 7?",
        "options": [{"option_id": "0", "text": "36"}, {"option_id": "1", "text": "42"}],
    },
    hints=["Half of it is 21."],
    hints_left=1,
    client_seq=3,
    saved_at=AT.replace(minute=1, second=12, microsecond=417),
    response={"kind": "single_choice", "option_id": "1"},
    receipt="5f1c" * 16,
    earned="1",
    possible="1",
    feedback=["Six sevens."],
    rubric=[ReachedLevel(criterion="Shows the way", level="fully", points="1")],
    key={"kind": "single_choice", "option_id": "1"},
)
HEAD: dict[str, Any] = {
    "quiz_id": "algebra-2026-q1",
    "attempt_no": 1,
    "quiz_version": 1,
    "status": "graded",
    "by": "learner",
    "started_at": AT,
    "deadline_at": AT.replace(minute=30),
    "accepts_until": AT.replace(minute=30, second=5),
    "points": 1,
    "possible": 1,
    "score_bp": 10_000,
}
ATTEMPT = ShownAttempt(
    **HEAD,
    run_id="algebra-2026",
    unit_id="q1",
    title="Equations",
    now=AT.replace(minute=31),
    sections=[AskedSection(section_id="basics", title="Basics", items=["i1"])],
    items=[ITEM],
)


class QuizAttemptList(msgspec.Struct, kw_only=True):
    """The attempts of a learner at a quiz, in the order of their numbers."""

    items: list[AttemptHead]


class NewStart(Body):
    """Who starts an attempt, with the password of the quiz if it has one, and whether its statement is accepted."""

    model_config = example(honour=True)

    learner_id: ActingFor = None
    password: Annotated[str, Field(max_length=LONGEST_PASSWORD)] = ""
    honour: bool = False


class StartedAttempt(BaseModel):
    """The attempt that runs now; `attempt_no` is its number."""

    model_config = example(position=1713, attempt_no=1)

    position: int = Field(ge=0, description="Position of the last fact; read with min_position to see it.")
    attempt_no: int = Field(ge=1)


class NewAnswer(Body):
    """
    An answer, by the learner's own count: of several to one item the one with the highest `client_seq` counts.

    `response` names its kind and what was chosen or written; null takes an answer back.
    """

    model_config = example(client_seq=3, response={"kind": "single_choice", "option_id": "1"})

    learner_id: ActingFor = None
    client_seq: Annotated[int, Field(ge=1, le=MOST_SEQ)]
    response: dict[str, Any] | None


class SavedReceipt(BaseModel):
    """
    The answer to the item that counts: this one, or one with a higher `client_seq`, or an earlier one with the same.

    `receipt` is the SHA-256 of its canonical JSON, which docs/facts.md describes.
    """

    model_config = example(
        position=1713, client_seq=3, stands=True, saved_at="2026-02-14T18:01:12.000417Z", receipt="5f1c" * 16
    )

    position: int = Field(ge=0, description="Position of the fact that has the answer.")
    client_seq: int = Field(ge=1)
    stands: bool = Field(description="Whether it is the answer that was sent.")
    saved_at: Time
    receipt: str


class AskedHint(Body):
    """Who asks for a hint."""

    model_config = example()

    learner_id: ActingFor = None


class ShownHint(BaseModel):
    """
    A hint that was shown.

    `penalty` is the share of the item's points that each hint to it costs, as an exact number; `left` says how many
    more there are.
    """

    model_config = example(position=1714, hint_no=1, text="Half of it is 21.", penalty="1/4", left=1)

    position: int = Field(ge=0, description="Position of the fact that it was shown.")
    hint_no: int = Field(ge=1)
    text: str
    penalty: str
    left: int = Field(ge=0)


class NewAllowance(Body):
    """What a learner is allowed beyond the rules of the quiz, in all, and why; what is left out is taken back."""

    model_config = example(learner_id="28400", extra_seconds=900, reason="a quarter more time: nurse's note of 3 March")

    learner_id: Id
    extra_seconds: Annotated[int, Field(ge=0, le=MOST_SECONDS)] = 0
    extra_attempts: Annotated[int, Field(ge=0, le=MOST_ATTEMPTS)] = 0
    closes_at: Annotated[Time | None, Field(description="In the place of the quiz's own end.")] = None
    reason: LongReason


@router.post(
    "/quizzes/{quiz_id}/attempts", status_code=202, response_model=StartedAttempt, responses=command(403, 404, 409)
)
async def start_attempt(quiz_id: QuizId, body: NewStart, request: Request, handle: Dispatch) -> Response:
    """Start the next attempt; while one runs, that is the answer, to a second tab as well."""
    learner_id = await handle.acts_for(body.learner_id, quiz_id=quiz_id)
    start = StartAttempt(learner_id, quiz_id, body.password, _address(request), body.honour)
    position = await handle.position(start, learner_id)
    (fact,) = await get_services(request).log.read(position - 1, 1)
    return _accepted({"position": position, "attempt_no": int(fact.id("attempt_no"))})


def _address(request: Request) -> str:
    proxies = get_services(request).settings.trusted_proxies
    return client_of(request.scope, request.headers.get("x-forwarded-for"), proxies)


@router.put(
    "/quizzes/{quiz_id}/attempts/{attempt_no}/answers/{item_id}",
    status_code=202,
    response_model=SavedReceipt,
    responses=command(403, 404, 409),
)
async def save_answer(
    *, quiz_id: QuizId, attempt_no: AttemptNo, item_id: ItemId, body: NewAnswer, request: Request, handle: Dispatch
) -> Response:
    """Save the answer to one item of an attempt that runs; the receipt is for the learner to keep."""
    learner_id = await handle.acts_for(body.learner_id, quiz_id=quiz_id)
    await _must_be_handed_in(get_services(request), attempt_stream(learner_id, quiz_id, attempt_no), body.response)
    save = SaveAnswer(learner_id, quiz_id, attempt_no, item_id, body.client_seq, body.response)
    position = await handle.position(save, learner_id)
    services, stream = get_services(request), attempt_stream(learner_id, quiz_id, attempt_no)
    answer = answers_in(await with_words(services.log.keys, await services.log.read(position - 1, 1))).get(item_id)
    if answer is None or answer.client_seq < body.client_seq:  # it was known: another fact is the last one
        answer = (await _answers(services, stream))[item_id]
    return _accepted(
        {
            "position": answer.position,
            "client_seq": answer.client_seq,
            "stands": answer.client_seq == body.client_seq and answer.response == body.response,
            "saved_at": answer.saved_at,
            "receipt": receipt(stream, answer),
        }
    )


async def _must_be_handed_in(services: Services, stream: str, response: dict[str, Any] | None) -> None:
    """Refuse an answer with files that the attempt does not have; whether it fits its question is asked later."""
    named = response.get("files") if response else None
    if not isinstance(named, list):
        return
    files = [(str(each.get("sha256")).replace("\0", ""), each.get("size")) for each in named if isinstance(each, dict)]
    sizes = await services.attempt_files.sizes(stream, {sha256 for sha256, _ in files})
    for sha256, size in files:
        if sizes.get(sha256, -1) != size:
            attempt_no = stream.rpartition(":")[2]
            raise FileNotHandedIn(attempt_no=attempt_no, sha256=sha256[:64], size=size)


@router.put(
    "/quizzes/{quiz_id}/attempts/{attempt_no}/items/{item_id}/hints/{hint_no}",
    status_code=202,
    response_model=ShownHint,
    responses=command(403, 404, 409),
)
async def show_hint(
    *,
    quiz_id: QuizId,
    attempt_no: AttemptNo,
    item_id: ItemId,
    hint_no: HintNo,
    body: AskedHint,
    request: Request,
    handle: Dispatch,
) -> Response:
    """Show the next hint to an item of an attempt that runs, which may cost points; a hint costs once."""
    learner_id = await handle.acts_for(body.learner_id, quiz_id=quiz_id)
    position = await handle.position(ShowHint(learner_id, quiz_id, attempt_no, item_id, hint_no), learner_id)
    log = get_services(request).log
    attempt = await replayed(log, QuizAttempt, attempt_stream(learner_id, quiz_id, attempt_no))
    version = (await replayed(log, Quiz, quiz_stream(quiz_id))).version_of(attempt.quiz_version)
    question, hints = version.asked(item_id)[0], hints_of(attempt, version, item_id)
    penalty = question.hint_penalty
    answer = {"position": position, "hint_no": hint_no, "text": question.hints[hint_no - 1], "penalty": penalty}
    return _accepted({**answer, "left": hints.left})


async def _answers(services: Services, stream: str) -> dict[str, SavedAnswer]:
    """The answers of an attempt, with their words opened."""
    return answers_in(await with_words(services.log.keys, await services.log.stream(stream)))


def _accepted(answer: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(answer), 202, media_type=JSON)


@router.post(
    "/quizzes/{quiz_id}/allowances", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def grant_allowance(quiz_id: QuizId, body: NewAllowance, handle: Dispatch) -> Response:
    """Allow a learner more time, more attempts or a later end; an attempt that runs gets the time at once."""
    await handle.check.permit(learner_id=body.learner_id, quiz_id=quiz_id)
    terms = (body.extra_seconds, body.extra_attempts, body.closes_at)
    return await handle(GrantAllowance(body.learner_id, quiz_id, body.reason, *terms), body.learner_id)


@router.get("/me/quizzes/{quiz_id}/attempts", responses=query(QuizAttemptList(items=[AttemptHead(**HEAD)]), 404))
async def list_my_attempts(quiz_id: QuizId, ask: QueryDep) -> Response:
    """Your attempts at a quiz."""
    return await _list(ask, ask.user.subject, quiz_id)


@router.get("/me/quizzes/{quiz_id}/attempts/{attempt_no}", responses=query(ATTEMPT, 404))
async def get_my_attempt(quiz_id: QuizId, attempt_no: AttemptNo, ask: QueryDep) -> Response:
    """Your attempt: what is asked, what you have answered with the receipts, and what the rules let you see by now."""
    return await _show(ask, ask.user.subject, quiz_id, attempt_no)


@router.get(
    "/learners/{learner_id}/quizzes/{quiz_id}/attempts",
    responses=query(QuizAttemptList(items=[AttemptHead(**HEAD)]), 403, 404),
)
async def list_attempts(learner_id: LearnerId, quiz_id: QuizId, ask: QueryDep) -> Response:
    """The attempts of a learner at a quiz."""
    return await _list(ask, learner_id, quiz_id)


@router.get("/learners/{learner_id}/quizzes/{quiz_id}/attempts/{attempt_no}", responses=query(ATTEMPT, 403, 404))
async def get_attempt(learner_id: LearnerId, quiz_id: QuizId, attempt_no: AttemptNo, ask: QueryDep) -> Response:
    """An attempt as its learner sees it."""
    return await _show(ask, learner_id, quiz_id, attempt_no)


async def _list(ask: QueryContext, learner_id: str, quiz_id: str) -> Response:
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    await _quiz(ask.services, quiz_id)
    about = QueryItem(("attempt.started", "attempt.submitted"), (tag("learner", learner_id), tag("quiz", quiz_id)))
    streams, _ = await log.streams_matching((about,))
    attempts = await asyncio.gather(*(replayed(log, QuizAttempt, stream) for stream in streams))
    heads = sorted(map(head_of, attempts), key=lambda attempt: attempt.attempt_no)
    return ask.reply(msgspec.json.encode(QuizAttemptList(items=heads)), head)


async def _show(ask: QueryContext, learner_id: str, quiz_id: str, attempt_no: int) -> Response:
    services, stream = ask.services, attempt_stream(learner_id, quiz_id, attempt_no)
    head = await services.log.head()
    ask.must_reach(head)
    quiz = await _quiz(services, quiz_id)
    attempt = await replayed(services.log, QuizAttempt, stream)
    if not attempt.exists:
        raise AttemptNotFound(attempt_no=attempt_no, quiz_id=quiz_id)
    version, now = quiz.version_of(attempt.quiz_version), services.log.clock.now()
    closed = await closed_for_all(DryRun(services.log, Context(ask.user.subject, now)), quiz, version)
    facts = await with_words(services.log.keys, await services.log.stream(stream))
    comments, levels = _said_in(facts)
    view = shown(attempt, version, answers_in(facts), now=now, closed_at=closed, comments=comments, levels=levels)
    return ask.reply(msgspec.json.encode(view), head)


def _said_in(facts: Sequence[Fact]) -> tuple[dict[str, list[str]], dict[str, dict[str, str]]]:
    """What people have said who graded items, and the levels that count, both by item."""
    comments: dict[str, list[str]] = {}
    levels: dict[str, dict[str, str]] = {}
    for fact in facts:
        if fact.type == "attempt.item_graded":
            item_id = fact.data["item_id"]
            if fact.data["comment"]:
                comments.setdefault(item_id, []).append(fact.data["comment"])
            if fact.data["final"] is not None:
                levels[item_id] = fact.data["levels"]
    return comments, levels


async def _quiz(services: Services, quiz_id: str) -> Quiz:
    quiz = await replayed(services.log, Quiz, quiz_stream(quiz_id))
    if not quiz.exists:
        raise QuizNotFound(quiz_id=quiz_id)
    return quiz
