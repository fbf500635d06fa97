"""
Grades from tools (AGS 2.0): scores to send, and results to read, by line items (line_items.py).

The score that is latest by the tool's clock is the result.
"""

import asyncio
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from fastapi import Request, Response

from adapters.command_bus.replay import replayed
from api.http.openapi import problems
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import RunId
from api.lti.asking import HERE, Text, UnitId, answers, as_media, asked_about, learners_of, run_url
from api.lti.line_items import LineItem, Most, item_of
from commands.log import Context
from commands.lti import ReceiveToolScore
from domain.enrollment import NoAccess, NotEnrolled
from domain.lti import BadToolScore, ToolResult, ToolScore, result_stream
from domain.personal import PersonErased

router = strict_router("lti", "/v1")
LARGEST_SCORE = 32_768  # bytes
MOST_LISTED = 1_000  # learners whose results are one answer
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
SCORE = "application/vnd.ims.lis.v1.score+json"
RESULT_EXAMPLE = {
    "id": f"{HERE}/line-items/lab/results/7PxvZw",
    "scoreOf": f"{HERE}/line-items/lab",
    "userId": "7PxvZw",
    "resultScore": 83.5,
    "resultMaximum": 100,
}
SCORE_EXAMPLE = {
    "userId": "7PxvZw",
    "timestamp": "2026-02-14T18:00:00.000Z",
    "scoreGiven": 83.5,
    "scoreMaximum": 100,
    "activityProgress": "Completed",
    "gradingProgress": "FullyGraded",
}
SCORE_BODY = {
    "requestBody": {"required": True, "content": {SCORE: {"schema": {"type": "object"}, "example": SCORE_EXAMPLE}}}
}


@router.post(
    "/lti/runs/{run_id}/line-items/{unit_id}/scores",
    responses={**answers("application/json", {"position": 1713}), **problems(401, 403, 404, 409, 413, 503)},
    openapi_extra=SCORE_BODY,
)
async def receive_score(run_id: RunId, unit_id: UnitId, request: Request, services: ServicesDep) -> Response:
    """A score of a learner (AGS 2.0, 3.4.8). One that is older than what is there is refused (409)."""
    asked = await asked_about(request, services, run_id, "scores")
    await item_of(services, asked, unit_id)
    content = await request.body()
    message = score_of(content)
    tool_id = asked.tool.tool_id
    learner_id = await services.platform.sealed.person_of(tool_id, message.user_id)
    if learner_id is None:
        raise BadToolScore(why="userId is that of no person whom the tool was given")
    context = Context(actor=tool_id, at=services.log.clock.now(), correlation_id=request.scope["request_id"])
    command = ReceiveToolScore(learner_id, run_id, unit_id, tool_id, message.score)
    try:
        position = await services.bus.handle(command, context)
    except (NotEnrolled, NoAccess, PersonErased):  # their sentences name a person whom the tool knows by a pseudonym
        raise BadToolScore(why="userId is that of no person who has a place on the run now") from None
    return as_media("application/json", {"position": position})


class ScoreMessage(msgspec.Struct, frozen=True):
    """A score and whose it is, by the tool's name for the person."""

    user_id: str
    score: ToolScore


class _SentScore(msgspec.Struct, rename="camel"):
    user_id: str
    timestamp: str
    activity_progress: str
    grading_progress: str
    score_given: Decimal | None = None
    score_maximum: Decimal | None = None
    comment: str | None = None


def score_of(content: bytes) -> ScoreMessage:
    """The score in a body, with numbers as they are written; raises BadToolScore."""
    if len(content) > LARGEST_SCORE:
        raise BadToolScore(why=f"it has more than {LARGEST_SCORE:,} bytes")
    try:
        sent = msgspec.json.decode(content, type=_SentScore)
        at = datetime.fromisoformat(sent.timestamp)
        given, maximum = (
            None
            if each is None
            else format(each.normalize(), "f")
            if each.is_finite() and each.adjusted() < 20
            else "-1"
            for each in (sent.score_given, sent.score_maximum)
        )
    except (msgspec.MsgspecError, ValueError, InvalidOperation, RecursionError) as error:
        raise BadToolScore(why=str(error)[:200]) from error
    comment = (sent.comment or "").replace("\0", "")
    return ScoreMessage(
        sent.user_id, ToolScore(at, given, maximum, sent.activity_progress, sent.grading_progress, comment)
    )


@router.get(
    "/lti/runs/{run_id}/line-items/{unit_id}/results", responses=answers(RESULTS, [RESULT_EXAMPLE], 401, 404, 503)
)
async def list_results(
    *,
    run_id: RunId,
    unit_id: UnitId,
    request: Request,
    services: ServicesDep,
    user_id: Text = None,
    limit: Most = None,
) -> Response:
    """What stands as the results of a line item, of all learners or of one."""
    asked, url = await asked_about(request, services, run_id, "results"), run_url(services, run_id)
    item = await item_of(services, asked, unit_id)
    tool_id, sealed = asked.tool.tool_id, services.platform.sealed
    if user_id is not None:
        one = await sealed.person_of(tool_id, user_id)
        learners = [] if one is None else [one]
    else:
        learners = await learners_of(services, run_id, MOST_LISTED)
    streams = (result_stream(learner_id, run_id, unit_id) for learner_id in learners)
    results = await asyncio.gather(*(replayed(services.log, ToolResult, stream) for stream in streams))  # as one query
    there = [each for each in results if each.exists][:limit]
    found = [
        _shown_result(url, item, await sealed.pseudonym(tool_id, each.id_of("learner_id")), each) for each in there
    ]
    return as_media(RESULTS, found)


def _shown_result(url: str, item: LineItem, pseudonym: str, result: ToolResult) -> dict[str, Any]:
    here = f"{url}/line-items/{item.item_id}"
    scored = result.given is not None and result.maximum is not None
    score = {"resultScore": float(result.given or 0), "resultMaximum": float(result.maximum or 1)} if scored else {}
    return {"id": f"{here}/results/{pseudonym}", "scoreOf": here, "userId": pseudonym, **score}
