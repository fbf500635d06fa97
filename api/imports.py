"""Imports of data from elsewhere: which file, who, when, and what has become of its rows."""

import msgspec
from fastapi import Request, Response

from adapters.postgres.log.imports import imports_before
from adapters.postgres.log.postgres_log import END
from adapters.postgres.ops.refused_commands import refused_imports
from adapters.postgres.queries.reader import RowPage
from adapters.postgres.trace.answer import REFUSED, CommandRefused, command_refused
from adapters.postgres.trace.imported import EXAMPLE, ImportRecord, record_of
from api.http import paging
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import Limit

router = strict_router("imports", "/v1")


class ImportPage(msgspec.Struct, kw_only=True):
    """
    Imports, the newest first; `refused` has the latest files that were refused, on the first page, for 90 days.
    """

    items: list[ImportRecord]
    refused: list[CommandRefused]
    next: str | None


MOST_REFUSED = 100  # files in an answer
REFUSED_FILE = msgspec.structs.replace(
    REFUSED,
    command="ImportFile",
    actor="ada@campus-1",
    source="cli",
    code="Malformed",
    sentence=f"anonymisedData.zip (SHA-256 {EXAMPLE.sha256}) was not imported: it lacks studentInfo.csv",
)


@router.get("/imports", responses=query(ImportPage(items=[EXAMPLE], refused=[REFUSED_FILE], next=paging.NEXT), 403))
async def list_imports(*, request: Request, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50) -> Response:
    """What was imported, or refused: which file, and by whom; imports of earlier versions did not record it."""
    (before,) = paging.after("imports", cursor, [int]) or [END]
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    found = await log.link.run(lambda connection: imports_before(connection, min(before, head + 1), limit + 1))
    records = [record_of(facts) for facts in found]
    rows = [(each.position, msgspec.json.encode(each).decode()) for each in records]
    refused = [] if cursor else await log.link.run(lambda connection: refused_imports(connection, MOST_REFUSED))
    members = b'"refused":%b,' % msgspec.json.encode([command_refused(each) for each in refused])
    return paging.reply(request, ask, RowPage(rows, head), "imports", limit, members=members)
