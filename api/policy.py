"""Who may do what: the table that every route asks, to read."""

import msgspec
from fastapi import Response

from api.http.openapi import open_query
from api.http.policy.rows.progress import PROGRESS
from api.http.policy.shown import PolicyTable, shown, table
from api.http.query import JSON
from api.http.routing import router as strict_router
from api.http.security import CurrentUser

router = strict_router("policy", "/v1")

EXAMPLE = PolicyTable(second_factor=["instructor", "admin"], rows=[shown(PROGRESS[0], "Progress and grades")])


@router.get("/policy", responses=open_query(EXAMPLE, 401, 403))
async def policy(_: CurrentUser) -> Response:
    """The table by which every request is allowed or refused, for admins and auditors."""
    return Response(msgspec.json.encode(table()), media_type=JSON)
