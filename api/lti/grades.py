"""
Grades from tools (AGS 2.0): line items to read, scores to send, results to read.

A line item is a unit of the course that is the tool's and has a score; the editors of the course say which these are,
and no tool makes one. The score that is latest by the tool's clock is the result.
"""

import asyncio
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import msgspec
from fastapi import Path, Query, Request, Response

from adapters.command_bus.replay import replayed
from api.http.openapi import problems
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import Id, RunId
from api.lti.asking import HERE, Text, answers, as_media, asked_about, item_of, learners_of, run_url
from commands.log import Context
from commands.lti import ReceiveToolScore
from domain.catalog import Unit
from domain.enrollment import NoAccess, NotEnrolled
from domain.lti import BadToolScore, ToolResult, ToolScore, result_stream
from domain.personal import PersonErased

router = strict_router("lti", "/v1")
LARGEST_SCORE = 32_768  # bytes
MOST_LISTED = 1_000  # learners whose results are one answer
LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
SCORE = "application/vnd.ims.lis.v1.score+json"
UnitId = Annotated[Id, Path(description="The unit whose line item it is.", examples=["lab"])]
Most = Annotated[int | None, Query(ge=1, le=1_000)]
LINE_ITEM_EXAMPLE = {
    "id": f"{HERE}/line-items/lab",
    "label": "Lab",
    "scoreMaximum": 100,
    "resourceLinkId": "lab",
    "resourceId": "",
    "tag": "",
}
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


def _shown_item(url: str, unit: Unit) -> dict[str, Any]:
    link = unit.lti
    return {
        "id": f"{url}/line-items/{unit.unit_id}",
        "label": unit.title,
        "scoreMaximum": link.maximum if link else 100,
        "resourceLinkId": unit.unit_id,
        "resourceId": link.resource_id if link else "",
        "tag": link.tag if link else "",
    }


@router.get("/lti/runs/{run_id}/line-items", responses=answers(LINE_ITEMS, [LINE_ITEM_EXAMPLE], 401, 404, 503))
async def list_line_items(
    *,
    run_id: RunId,
    request: Request,
    services: ServicesDep,
    resource_link_id: Text = None,
    resource_id: Text = None,
    tag: Text = None,
    limit: Most = None,
) -> Response:
    """The line items of a tool on a run: its units for which it gives a score, as the course was published."""
    asked, url = await asked_about(request, services, "line_items", run_id), run_url(services, run_id)
    wanted = {"resourceLinkId": resource_link_id, "resourceId": resource_id, "tag": tag}
    items = [_shown_item(url, unit) for unit in asked.items.values()]
    found = [each for each in items if all(value is None or each[name] == value for name, value in wanted.items())]
    return as_media(LINE_ITEMS, found[:limit])


@router.get("/lti/runs/{run_id}/line-items/{unit_id}", responses=answers(LINE_ITEM, LINE_ITEM_EXAMPLE, 401, 404, 503))
async def get_line_item(run_id: RunId, unit_id: UnitId, request: Request, services: ServicesDep) -> Response:
    """A line item."""
    asked = await asked_about(request, services, "line_items", run_id)
    return as_media(LINE_ITEM, _shown_item(run_url(services, run_id), item_of(asked, run_id, unit_id)))


@router.post(
    "/lti/runs/{run_id}/line-items/{unit_id}/scores",
    responses={**answers("application/json", {"position": 1713}), **problems(401, 403, 404, 409, 413, 503)},
    openapi_extra=SCORE_BODY,
)
async def receive_score(run_id: RunId, unit_id: UnitId, request: Request, services: ServicesDep) -> Response:
    """A score of a learner (AGS 2.0, 3.4.8). One that is older than what is there is refused (409)."""
    asked = await asked_about(request, services, "scores", run_id)
    item_of(asked, run_id, unit_id)
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
    asked, url = await asked_about(request, services, "results", run_id), run_url(services, run_id)
    unit = item_of(asked, run_id, unit_id)
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
        _shown_result(url, unit, await sealed.pseudonym(tool_id, each.id_of("learner_id")), each) for each in there
    ]
    return as_media(RESULTS, found)


def _shown_result(url: str, unit: Unit, pseudonym: str, result: ToolResult) -> dict[str, Any]:
    item = _shown_item(url, unit)
    scored = result.given is not None and result.maximum is not None
    score = {"resultScore": float(result.given or 0), "resultMaximum": float(result.maximum or 1)} if scored else {}
    return {"id": f"{item['id']}/results/{pseudonym}", "scoreOf": item["id"], "userId": pseudonym, **score}
