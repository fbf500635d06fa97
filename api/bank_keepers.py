"""Whose a question bank is, over HTTP: moved from one course to another, and shared with others."""

from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command
from api.http.routing import router as strict_router
from api.http.types import ID, Id
from commands.question_bank import MoveQuestionBank, ShareQuestionBank, UnshareQuestionBank
from domain.question_bank import OF_CAMPUS

router = strict_router("question_bank", "/v1/question-banks")

BankId = Annotated[str, Path(pattern=ID, max_length=64, description="The bank.", examples=["algebra"])]


class NewKeeper(Body):
    """The course that gets a bank; none for the campus, which is for staff of the whole campus."""

    model_config = example(course_id="geometry")

    course_id: Annotated[Id | None, Field(description="One that the user teaches.")] = None


class OtherCourse(Body):
    """Another course."""

    model_config = example(course_id="geometry")

    course_id: Id


@router.post("/{bank_id}/move", status_code=202, response_model=Accepted, responses=command(403, 404))
async def move_question_bank(bank_id: BankId, body: NewKeeper, dispatch: Dispatch) -> Response:
    """Give a question bank to another course; who taught the one before reads it no more, unless it is shared."""
    await dispatch.check.permit(bank_id=bank_id)
    await dispatch.check.permit(course_id=body.course_id)
    return await dispatch(MoveQuestionBank(bank_id, body.course_id or OF_CAMPUS))


@router.post("/{bank_id}/share", status_code=202, response_model=Accepted, responses=command(403, 404))
async def share_question_bank(bank_id: BankId, body: OtherCourse, dispatch: Dispatch) -> Response:
    """Let another course draw from a question bank; who teaches it reads the bank with its keys."""
    return await dispatch(ShareQuestionBank(bank_id, body.course_id))


@router.post("/{bank_id}/unshare", status_code=202, response_model=Accepted, responses=command(403, 404))
async def unshare_question_bank(bank_id: BankId, body: OtherCourse, dispatch: Dispatch) -> Response:
    """Let another course draw from a question bank no more; its quizzes keep what they have."""
    return await dispatch(UnshareQuestionBank(bank_id, body.course_id))
