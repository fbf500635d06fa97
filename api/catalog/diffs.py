"""How two versions of a course differ, or its draft and a version, and what that would mean for learners."""

from functools import partial
from typing import Annotated

import msgspec
from fastapi import Query, Response

from adapters.version_diff import EXAMPLE, version_diff
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import CourseId

router = strict_router("catalog", "/v1")

Of = Annotated[int | None, Query(ge=1, le=100_000, examples=[1], description="The version; the newest if left out.")]
To = Annotated[int | None, Query(ge=1, le=100_000, examples=[2], description="The version; the draft if left out.")]


@router.get("/courses/{course_id}/diff", responses=query(EXAMPLE, 403, 404))
async def get_diff(course_id: CourseId, ask: QueryDep, from_version: Of = None, to_version: To = None) -> Response:
    """How two versions differ, or the draft from a version, and how many learners that would affect, and how."""
    read = partial(ask.read_at_least, "course_dashboard")
    log, reader = ask.services.log, ask.services.reader
    versions = {"from_version": from_version, "to_version": to_version}
    found, position = await version_diff(log, reader, read, course_id, **versions)
    return ask.reply(msgspec.json.encode(found), position)
