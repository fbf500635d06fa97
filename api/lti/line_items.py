"""
Line items for tools (AGS 2.0): those that are units of the course, to read, and those that a tool makes itself.

A unit of the tool that has a score is a line item: the editors of the course say which these are, and they count for
the grade. What a tool makes beside them belongs to one of its units, and counts for nothing (domain/lti/line_items.py).
"""

from decimal import Decimal
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

import msgspec
from fastapi import Query, Request, Response

from adapters.command_bus.replay import replayed
from api.http.openapi import Responses, problems
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import RunId
from api.lti.asking import HERE, Text, ToolRun, UnitId, answers, as_media, asked_about, run_url
from commands.log import Context
from commands.lti import AddLineItem, ChangeLineItem, RemoveLineItem
from domain.lti import BadLineItem, LineItemOfCourse, NoLineItem, ToolItem, ToolItems, items_stream

router = strict_router("lti", "/v1")
LARGEST = 32_768  # bytes
READ, MAKE = ("line_items", "own_line_items"), "own_line_items"
LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
Most = Annotated[int | None, Query(ge=1, le=1_000)]
EXAMPLE = {
    "id": f"{HERE}/line-items/lab",
    "label": "Lab",
    "scoreMaximum": 100,
    "resourceLinkId": "lab",
    "resourceId": "",
    "tag": "",
}
BODY = {"requestBody": {"required": True, "content": {LINE_ITEM: {"schema": {"type": "object"}, "example": EXAMPLE}}}}


class LineItem(NamedTuple):
    """A line item: a unit, whose id it has then, or what a tool has made for one."""

    item_id: str
    unit_id: str
    label: str
    maximum: float
    resource_id: str
    tag: str

    def shown(self, url: str) -> dict[str, Any]:
        """As the specification has it; *url* is that of the run."""
        return {
            "id": f"{url}/line-items/{self.item_id}",
            "label": self.label,
            "scoreMaximum": self.maximum,
            "resourceLinkId": self.unit_id,
            "resourceId": self.resource_id,
            "tag": self.tag,
        }


class _Sent(msgspec.Struct, rename="camel"):
    label: str
    score_maximum: Decimal
    resource_link_id: str | None = None
    resource_id: str = ""
    tag: str = ""


async def items_of(services: Services, asked: ToolRun) -> dict[str, LineItem]:
    """The line items of a tool on a run: its units that have a score, then those that it has made."""
    found = {}
    for unit_id, unit in asked.items.items():
        link = unit.lti
        known = (100, "", "") if link is None else (link.maximum, link.resource_id, link.tag)
        found[unit_id] = LineItem(unit_id, unit_id, unit.title, *known)
    own = await replayed(services.log, ToolItems, items_stream(asked.run_id, asked.tool.tool_id))
    for item_id, item in own.items.items():
        maximum = Decimal(item.maximum)
        number = int(maximum) if maximum == int(maximum) else float(maximum)
        found[item_id] = LineItem(item_id, item.unit_id, item.label, number, item.resource_id, item.tag)
    return found


async def item_of(services: Services, asked: ToolRun, item_id: str) -> LineItem:
    """A line item of a tool on a run; raises NoLineItem."""
    found = (await items_of(services, asked)).get(item_id)
    if found is None:
        raise NoLineItem(tool_id=asked.tool.tool_id, run_id=asked.run_id, unit_id=item_id)
    return found


@router.get("/lti/runs/{run_id}/line-items", responses=answers(LINE_ITEMS, [EXAMPLE], 401, 404, 503))
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
    """The line items of a tool on a run: its units for which it gives a score, and those that it has made."""
    asked, url = await asked_about(request, services, run_id, *READ), run_url(services, run_id)
    wanted = {"resourceLinkId": resource_link_id, "resourceId": resource_id, "tag": tag}
    items = [item.shown(url) for item in (await items_of(services, asked)).values()]
    found = [each for each in items if all(value is None or each[name] == value for name, value in wanted.items())]
    return as_media(LINE_ITEMS, found[:limit])


@router.get("/lti/runs/{run_id}/line-items/{unit_id}", responses=answers(LINE_ITEM, EXAMPLE, 401, 404, 503))
async def get_line_item(run_id: RunId, unit_id: UnitId, request: Request, services: ServicesDep) -> Response:
    """A line item."""
    asked = await asked_about(request, services, run_id, *READ)
    return as_media(LINE_ITEM, (await item_of(services, asked, unit_id)).shown(run_url(services, run_id)))


def _made() -> Responses:
    found = answers(LINE_ITEM, EXAMPLE, 401, 404, 409, 413, 503)
    return {201: found.pop(200), **found}


@router.post("/lti/runs/{run_id}/line-items", status_code=201, responses=_made(), openapi_extra=BODY)
async def add_line_item(run_id: RunId, request: Request, services: ServicesDep) -> Response:
    """Make a line item for a unit of the tool (AGS 2.0, 3.2.8). Its results count for no grade."""
    asked = await asked_about(request, services, run_id, MAKE)
    sent = _sent(await request.body())
    item_id, item = f"item-{uuid4().hex}", _item(sent, sent.resource_link_id or "")
    await services.bus.handle(
        AddLineItem(run_id, asked.tool.tool_id, item_id, item), _context(request, services, asked)
    )
    shown = (await item_of(services, asked, item_id)).shown(run_url(services, run_id))
    answer = as_media(LINE_ITEM, shown, {"location": shown["id"]})
    answer.status_code = 201
    return answer


@router.put(
    "/lti/runs/{run_id}/line-items/{unit_id}",
    responses=answers(LINE_ITEM, EXAMPLE, 401, 403, 404, 409, 413, 503),
    openapi_extra=BODY,
)
async def change_line_item(run_id: RunId, unit_id: UnitId, request: Request, services: ServicesDep) -> Response:
    """Say something else of a line item that the tool has made; it stays with its unit."""
    asked = await asked_about(request, services, run_id, MAKE)
    old = await _own(services, asked, unit_id)
    sent = _sent(await request.body())
    item = _item(sent, old.unit_id if sent.resource_link_id is None else sent.resource_link_id)
    change = ChangeLineItem(run_id, asked.tool.tool_id, unit_id, item)
    await services.bus.handle(change, _context(request, services, asked))
    return as_media(LINE_ITEM, (await item_of(services, asked, unit_id)).shown(run_url(services, run_id)))


@router.delete(
    "/lti/runs/{run_id}/line-items/{unit_id}",
    status_code=204,
    responses={204: {"description": "It is no more."}, **problems(401, 403, 404, 406, 409, 422, 503)},
)
async def remove_line_item(run_id: RunId, unit_id: UnitId, request: Request, services: ServicesDep) -> Response:
    """Remove a line item that the tool has made; no score is taken for it any more."""
    asked = await asked_about(request, services, run_id, MAKE)
    await _own(services, asked, unit_id)
    removal = RemoveLineItem(run_id, asked.tool.tool_id, unit_id)
    await services.bus.handle(removal, _context(request, services, asked))
    return Response(status_code=204, headers={"cache-control": "no-store"})


async def _own(services: Services, asked: ToolRun, item_id: str) -> LineItem:
    """A line item that the tool has made; raises NoLineItem, LineItemOfCourse."""
    if item_id in asked.items:
        raise LineItemOfCourse(unit_id=item_id)
    return await item_of(services, asked, item_id)


def _context(request: Request, services: Services, asked: ToolRun) -> Context:
    return Context(actor=asked.tool.tool_id, at=services.log.clock.now(), correlation_id=request.scope["request_id"])


def _sent(content: bytes) -> _Sent:
    if len(content) > LARGEST:
        raise BadLineItem(why=f"it has more than {LARGEST:,} bytes")
    try:
        return msgspec.json.decode(content, type=_Sent)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadLineItem(why=str(error)[:200]) from error


def _item(sent: _Sent, unit_id: str) -> ToolItem:
    """What was sent, with the number as it is written; one that is far too large is refused as any other."""
    number = sent.score_maximum
    fits = number.is_finite() and abs(number.adjusted()) < 20
    maximum = format(number.normalize(), "f") if fits else "0"
    return ToolItem(unit_id, sent.label, maximum, sent.resource_id, sent.tag)
