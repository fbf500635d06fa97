"""What the services for tools have in common: who asks, about which run, and answers in the specifications' types."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from fastapi import Path, Query, Request, Response

from adapters.command_bus.replay import replayed
from adapters.lti import claims as said
from adapters.postgres.queries import roster
from api.http.errors import Unauthenticated
from api.http.openapi import Responses, problems
from api.http.services import Services
from api.http.types import Id
from domain.catalog import Course, Run, RunNotFound, Unit, course_stream, run_stream
from domain.lti import Tool

HAVING_A_PLACE = ("active", "completed")
HERE = "https://campus.example/v1/lti/runs/algebra-2026"
"""Where examples are."""
Text = Annotated[str | None, Query(max_length=2_000)]
UnitId = Annotated[Id, Path(description="The line item: a unit, or what the tool has made.", examples=["lab"])]


def answers(media_type: str, example: object, *further: int) -> Responses:
    content = {media_type: {"schema": {"type": "array" if isinstance(example, list) else "object"}, "example": example}}
    return {200: {"description": "As the specification has it.", "content": content}, **problems(406, 422, *further)}


class ToolRun(msgspec.Struct, frozen=True):
    """
    A run about which a tool asks.

    Attributes:
        run_id: its id.
        course_id, title: of its course.
        units: those of the tool; *items* are those of them that have a line item.
    """

    tool: Tool
    run_id: str
    course_id: str
    title: str
    units: dict[str, Unit]
    items: dict[str, Unit]


async def asked_about(request: Request, services: Services, run_id: str, *scopes: str) -> ToolRun:
    """
    What a tool may ask about a run, which has one of these scopes.

    Raises:
        Unauthenticated: the request has no token of a tool with one of them.
        RunNotFound: there is no such run of a course on which the tool may be used.
    """
    now = services.log.clock.now()
    header, tool = request.headers.get("authorization"), None
    for scope in scopes:
        tool = tool or await services.platform.granted(header, scope, now)
    if tool is None:
        names = " or ".join(said.SCOPE_NAMES[scope] for scope in scopes)
        raise Unauthenticated(f"send the access token of a tool with the scope {names}")
    run = await replayed(services.log, Run, run_stream(run_id))
    if not run.exists or run.course_id not in tool.courses:
        raise RunNotFound(run_id=run_id)
    course = await replayed(services.log, Course, course_stream(run.course_id))
    units = course.versions[run.course_version]
    own = {unit.unit_id: unit for unit in units if unit.lti is not None and unit.lti.tool_id == tool.tool_id}
    items = {name: unit for name, unit in own.items() if unit.has_line_item}
    return ToolRun(tool, run_id, run.course_id, course.title, own, items)


async def learners_of(services: Services, run_id: str, most: int, after: str = "") -> list[str]:
    """Up to *most* learners who have a place on a run, by their ids, which follow *after*; as the roster has them."""
    found: list[str] = []
    last: Sequence[str] | None = [after, after] if after else None
    now = services.log.clock.now()
    while len(found) < most:
        page = await roster.learners_of_run(services.reader, run_id, roster.Asked(), last, most, now=now)
        rows = [msgspec.json.decode(row[-1], type=roster.LearnerOfRun) for row in page.page.rows]
        found += [row.learner_id for row in rows if row.status in HAVING_A_PLACE]
        if len(rows) < most:
            break
        last = [rows[-1].learner_id] * 2
    return found[:most]


def run_url(services: Services, run_id: str) -> str:
    return f"{services.platform.issuer}/v1/lti/runs/{run_id}"


def as_media(media_type: str, content: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(content), headers={"cache-control": "no-store", **(headers or {})}, media_type=media_type
    )
