"""
Question banks over HTTP, for who teaches their course: questions with their keys, added, changed, retired.

A bank is folded from its facts when it is asked for. No learner is sent anything of one; quizzes take from it.
Whose bank it is, and with which courses it is shared: api/bank_keepers.py.
"""

from typing import Annotated, Any

import msgspec
import uuid_utils
from fastapi import Path, Query, Response
from pydantic import Field

from adapters.questions.banks import Bank, BankItem, all_banks, question_of
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.policy.guard import Check
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, NO_NUL, Id, Limit, Title
from commands.question_bank import (
    AddQuestion,
    ChangeQuestion,
    CreateQuestionBank,
    RenameQuestionBank,
    RestoreQuestion,
    RetireQuestion,
)
from domain.question_bank import LONGEST_CATEGORY, LONGEST_TAG, LONGEST_TITLE, MOST_TAGS, OF_CAMPUS
from domain.questions import key_from, question_from
from domain.questions.sections import Label, is_within

router = strict_router("question_bank", "/v1/question-banks")

ASKED = {"kind": "true_false", "text": "Is 2 prime?", "points": "2"}
KEY = {"kind": "true_false", "right": True}
BankId = Annotated[str, Path(pattern=ID, max_length=64, description="The bank.", examples=["algebra"])]
QuestionId = Annotated[str, Path(pattern=ID, max_length=64, description="The question.", examples=["q1"])]


class BankHead(msgspec.Struct, kw_only=True):
    """
    A question bank.

    Attributes:
        course_id: the course whose teachers keep it; none for a bank of the campus.
        shared_with: other courses, whose teachers read it and draw from it.
        may_change: whether the user may change it.
    """

    bank_id: str
    title: str
    course_id: str | None
    shared_with: list[str]
    may_change: bool


class BankList(msgspec.Struct, kw_only=True):
    """The question banks that the user may read, in the order of their ids."""

    items: list[BankHead]


class ShownQuestion(msgspec.Struct, kw_only=True):
    """
    A question of a bank in its newest version.

    Attributes:
        question: what learners are shown; its `kind` says which members it has.
        key: what is right.
    """

    question_id: str
    version: int
    title: str
    category: str
    tags: list[str]
    retired: bool
    question: dict[str, Any]
    key: dict[str, Any]


class QuestionPage(msgspec.Struct, kw_only=True):
    """Questions of a bank, in the order in which they were added; `next` is the `after` of the page that follows."""

    bank_id: str
    title: str
    course_id: str | None
    shared_with: list[str]
    may_change: bool
    items: list[ShownQuestion]
    next: str | None


SHOWN = ShownQuestion(
    question_id="q1",
    version=1,
    title="Primes",
    category="Numbers/Primes",
    tags=["easy"],
    retired=False,
    question={"question_id": "q1", **ASKED},
    key=KEY,
)


HEAD = BankHead(bank_id="algebra", title="Algebra", course_id="algebra", shared_with=["geometry"], may_change=True)


class NewBank(Body):
    """A question bank; without a course it is of the campus, which is for staff of the whole campus."""

    model_config = example(bank_id="algebra", title="Algebra", course_id="algebra")

    bank_id: Id
    title: Title
    course_id: Annotated[Id | None, Field(description="One that the user teaches.")] = None


class BankTitle(Body):
    """The title of a bank."""

    model_config = example(title="Algebra I")

    title: Title


class QuestionContent(Body):
    """
    A question with its key, and how the staff find it; both have the same `kind`.

    Kinds: single_choice, multiple_choice, true_false, numeric, short_text, ordering, matching, cloze, essay and
    file_upload.
    """

    model_config = example(title="Primes", category="Numbers/Primes", tags=["easy"], question=ASKED, key=KEY)

    title: Annotated[str, Field(max_length=LONGEST_TITLE, pattern=NO_NUL)] = ""
    category: Annotated[str, Field(max_length=LONGEST_CATEGORY, pattern=NO_NUL)] = ""
    tags: Annotated[
        list[Annotated[str, Field(max_length=LONGEST_TAG, pattern=NO_NUL)]],
        Field(max_length=MOST_TAGS, default_factory=list),
    ]
    question: dict[str, Any]
    key: dict[str, Any]


class AddedQuestion(Accepted):
    """The id of what was added."""

    model_config = example(position=1713, question_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f")

    question_id: str


class WhyChanged(Body):
    """Why a question is retired or restored."""

    model_config = example(reason="twice in the bank")

    reason: ClearReason


@router.get("", responses=query(BankList(items=[HEAD])))
async def list_question_banks(ask: QueryDep) -> Response:
    """The question banks of the courses that the user teaches, and those shared with them; for the campus, all."""
    taught = await ask.check.courses()
    position, banks = await all_banks(ask.services.log)
    ask.must_reach(position)
    seen = [each for each in banks if taught is None or not taught.isdisjoint(each.courses)]
    heads = [await _head(each, ask.check) for each in seen]
    return ask.reply(msgspec.json.encode(BankList(items=heads)), position)


@router.post("", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def create_question_bank(body: NewBank, dispatch: Dispatch) -> Response:
    """Create a question bank of a course, or of the campus."""
    await dispatch.check.permit(course_id=body.course_id)
    return await dispatch(CreateQuestionBank(body.bank_id, body.title, body.course_id or OF_CAMPUS))


@router.post("/{bank_id}", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def rename_question_bank(bank_id: BankId, body: BankTitle, dispatch: Dispatch) -> Response:
    """Give a question bank another title."""
    return await dispatch(RenameQuestionBank(bank_id, body.title))


@router.get(
    "/{bank_id}/questions",
    responses=query(QuestionPage(**msgspec.structs.asdict(HEAD), items=[SHOWN], next="q1"), 404),
)
async def list_questions(
    *,
    bank_id: BankId,
    ask: QueryDep,
    category: Annotated[
        str,
        Query(
            max_length=LONGEST_CATEGORY, pattern=NO_NUL, description="Only of it and within it.", examples=["Numbers"]
        ),
    ] = "",
    tag: Annotated[
        str, Query(max_length=LONGEST_TAG, pattern=NO_NUL, description="Only with it.", examples=["easy"])
    ] = "",
    retired: Annotated[bool, Query(description="Also those that are retired.")] = False,
    after: Annotated[
        str,
        Query(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$", description="`next` of the page before.", examples=["q1"]),
    ] = "",
    limit: Limit = 100,
) -> Response:
    """Questions of a bank with their keys."""
    bank = await ask.services.question_banks.bank_of(bank_id)
    ask.must_reach(bank.position)
    found = [
        item
        for item in bank.items.values()
        if (retired or not item.is_retired)
        and is_within(item.label.category, category.strip("/"))
        and (not tag or tag in item.label.tags)
    ]
    start = next((place for place, item in enumerate(found, 1) if item.question_id == after), 0)
    page, more = found[start : start + limit], len(found) > start + limit
    shown = QuestionPage(
        **msgspec.structs.asdict(await _head(bank, ask.check)),
        items=[_view(item) for item in page],
        next=page[-1].question_id if page and more else None,
    )
    return ask.reply(msgspec.json.encode(shown), bank.position)


@router.get("/{bank_id}/questions/{question_id}", responses=query(SHOWN, 404))
async def get_question(bank_id: BankId, question_id: QuestionId, ask: QueryDep) -> Response:
    """One question of a bank with its key."""
    position, item = await question_of(ask.services.log, bank_id, question_id)
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(_view(item)), position)


@router.post("/{bank_id}/questions", status_code=202, response_model=AddedQuestion, responses=command(403, 404, 409))
async def add_question(bank_id: BankId, body: QuestionContent, dispatch: Dispatch) -> Response:
    """Put a question into a bank; without a `question_id` in it, it gets one."""
    name = body.question.get("question_id") or uuid_utils.uuid7().hex
    added = AddQuestion(bank_id, *_content(body, name))
    position = await dispatch.position(added)
    answer = msgspec.json.encode({"position": position, "question_id": added.question.question_id})
    return Response(answer, 202, media_type=JSON)


@router.post(
    "/{bank_id}/questions/{question_id}", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def change_question(
    bank_id: BankId, question_id: QuestionId, body: QuestionContent, dispatch: Dispatch
) -> Response:
    """Make a new version of a question, or change how it is found; attempts keep the version that they began with."""
    return await dispatch(ChangeQuestion(bank_id, *_content(body, question_id)))


@router.post(
    "/{bank_id}/questions/{question_id}/retire",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def retire_question(bank_id: BankId, question_id: QuestionId, body: WhyChanged, dispatch: Dispatch) -> Response:
    """Draw a question no more; quizzes and attempts that have it keep it."""
    return await dispatch(RetireQuestion(bank_id, question_id, body.reason))


@router.post(
    "/{bank_id}/questions/{question_id}/restore",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def restore_question(bank_id: BankId, question_id: QuestionId, body: WhyChanged, dispatch: Dispatch) -> Response:
    """Draw a retired question again."""
    return await dispatch(RestoreQuestion(bank_id, question_id, body.reason))


def _content(body: QuestionContent, question_id: str) -> tuple[Label, Any, Any]:
    """The label, the question and the key of a body; raises UnreadableQuestion."""
    question = question_from({**body.question, "question_id": question_id})
    return Label(title=body.title, category=body.category, tags=body.tags), question, key_from(body.key)


async def _head(bank: Bank, check: Check) -> BankHead:
    course_id = bank.course_id or None
    return BankHead(
        bank_id=bank.bank_id,
        title=bank.title,
        course_id=course_id,
        shared_with=sorted(bank.shared_with),
        may_change=await check.may("changeQuestion", course_id),
    )


def _view(item: BankItem) -> ShownQuestion:
    return ShownQuestion(
        question_id=item.question_id,
        version=item.version,
        title=item.label.title,
        category=item.label.category,
        tags=item.label.tags,
        retired=item.is_retired,
        question=msgspec.to_builtins(item.question),
        key=msgspec.to_builtins(item.key),
    )
