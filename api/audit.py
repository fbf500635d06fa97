"""
What the staff have done, for auditors and admins: facts with actor, role, reason and ticket, and what was refused.

Reasons open as those of histories do, as long as the key of the person lasts whom they are about. Reading this is no
look at a person: it says what the staff did, and nothing of what the person is or does.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import msgspec
from fastapi import Depends, Query, Request, Response

from adapters.personal.opening import with_words
from adapters.postgres.as_of.moments import position_at
from adapters.postgres.log import audit
from adapters.postgres.log.postgres_log import END
from adapters.postgres.queries.reader import RowPage
from api.http import csv_pages, paging
from api.http.csv_pages import CsvTable
from api.http.openapi import open_query, query
from api.http.query import JSON, QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, NO_NUL, Limit, Time
from domain.admin.tickets import TICKET_PATTERN
from domain.fact import Fact
from domain.streams import learner_of

router = strict_router("audit", "/v1")

LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
FAR = datetime(9999, 1, 1, tzinfo=UTC)
AT = datetime(2026, 2, 14, 18, tzinfo=UTC)


class StaffAct(msgspec.Struct, kw_only=True):
    """
    A fact that one of the staff, or an operator at a machine, has recorded.

    Attributes:
        role: in which role; null in facts from before this was recorded.
        about: the person whom it is about, if it is about one.
        action: the type of the fact.
        reason: as it was given; null if none was.
        request_id: names the request, also in its trace.
    """

    position: int
    at: datetime
    actor: str
    role: str | None
    on_behalf_of: str | None
    about: str | None
    action: str
    stream_id: str
    reason: str | None
    ticket: str | None
    source: str
    request_id: str | None


class StaffActPage(msgspec.Struct, kw_only=True):
    """What the staff have done, the newest first."""

    items: list[StaffAct]
    next: str | None


class RefusedAct(msgspec.Struct, kw_only=True):
    """A command of the staff that a rule has refused, and in which words; `action` is the name of the command."""

    at: datetime
    actor: str
    role: str
    about: str | None
    action: str
    code: str
    sentence: str
    ticket: str | None
    request_id: str | None


class RefusedActPage(msgspec.Struct, kw_only=True):
    """What the staff were refused in the last 90 days, the newest first."""

    items: list[RefusedAct]
    next: str | None


ACT = StaffAct(
    position=1713,
    at=AT,
    actor="3f0c0a52a2d94b0ab4d3b5d55c0e3f3a",
    role="admin",
    on_behalf_of="28400",
    about="28400",
    action="role.granted",
    stream_id="roles-28400",
    reason="teaches algebra this term",
    ticket="HELP-123",
    source="api",
    request_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
)
REFUSED = RefusedAct(
    at=AT,
    actor="3f0c0a52a2d94b0ab4d3b5d55c0e3f3a",
    role="admin",
    about="28400",
    action="RevokeRole",
    code="role_not_granted",
    sentence="28400 does not have the role instructor for campus",
    ticket="HELP-123",
    request_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
)
CSV_EXAMPLE = "position,at,actor,role,on_behalf_of,about,action,stream_id,reason,ticket,source,request_id\r\n"


class Asked(NamedTuple):
    """The filters of a request, and the time after which nothing is wanted."""

    wanted: audit.Wanted
    until: datetime | None


async def _asked(
    *,
    actor: Annotated[
        str | None, Query(max_length=128, pattern=NO_NUL, description="Who did it.", examples=["admin"])
    ] = None,
    about: Annotated[
        str | None, Query(pattern=ID, max_length=64, description="About this person.", examples=["28400"])
    ] = None,
    action: Annotated[
        str | None,
        Query(
            pattern=r"^[A-Za-z_.]+$",
            max_length=100,
            description="Facts of this type; of refusals the name of the command.",
            examples=["role.granted"],
        ),
    ] = None,
    ticket: Annotated[
        str | None,
        Query(pattern=f"^{TICKET_PATTERN.pattern[:-2]}$", description="Under this ticket.", examples=["HELP-123"]),
    ] = None,
    since: Annotated[
        Time | None, Query(alias="from", description="Recorded then or later.", examples=["2026-02-01T00:00:00Z"])
    ] = None,
    until: Annotated[
        Time | None, Query(alias="to", description="Recorded by then.", examples=["2026-03-01T00:00:00Z"])
    ] = None,
) -> Asked:
    return Asked(audit.Wanted(actor, about, action, ticket, since), until)


AskedDep = Annotated[Asked, Depends(_asked)]


@router.get("/audit", responses=query(StaffActPage(items=[ACT], next=paging.NEXT), 403, csv=CSV_EXAMPLE))
async def list_audit(
    *, request: Request, ask: QueryDep, asked: AskedDep, cursor: paging.Cursor = None, limit: Limit | None = None
) -> Response:
    """What the staff have done, the newest first; all of it as CSV, where no `limit` is given."""
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    (place,) = paging.after("audit", cursor, [int]) or [END]
    end = head if asked.until is None else min(head, await position_at(log, asked.until))
    since = asked.wanted.since
    begin = 0 if since is None else await position_at(log, since - timedelta(microseconds=1))
    size = limit or (csv_pages.PART if csv_pages.is_wanted(request) else 50)

    async def following(after: Sequence[Any]) -> tuple[RowPage, int]:
        return await _page(ask, asked.wanted, (begin, after[0]), size, head), size

    first = await following([min(place, end + 1)])
    if csv_pages.is_wanted(request):
        rest = None if limit is not None or cursor is not None else following
        return csv_pages.reply(request, ask, TABLE, first, rest)
    return paging.reply(request, ask, first[0], "audit", size, headers=csv_pages.VARY)


@router.get("/audit/refusals", responses=open_query(RefusedActPage(items=[REFUSED], next=paging.NEXT), 401, 403))
async def list_audit_refusals(
    *, request: Request, ask: QueryDep, asked: AskedDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Commands of the staff that rules have refused, the newest first; they are kept for 90 days."""
    (at, last) = paging.after("refusals", cursor, [str, str]) or [(asked.until or FAR).isoformat(), LAST]
    try:
        before = datetime.fromisoformat(at), str(UUID(last))
    except ValueError as error:
        raise paging.BadCursor from error
    found = await ask.services.log.link.run(
        lambda connection: audit.refused_acts(connection, asked.wanted, before, limit + 1)
    )
    items = [RefusedAct(**{name: getattr(each, name) for name in RefusedAct.__struct_fields__}) for each in found]
    more = len(items) > limit
    following = paging.cursor_to("refusals", [found[limit - 1].at.isoformat(), found[limit - 1].id]) if more else None
    answer = RefusedActPage(items=items[:limit], next=following)
    headers = {"cache-control": "no-store", **paging.link_to(request, following)}
    return Response(msgspec.json.encode(answer), headers=headers, media_type=JSON)


async def _page(ask: QueryContext, wanted: audit.Wanted, bounds: tuple[int, int], size: int, head: int) -> RowPage:
    log = ask.services.log
    facts = await log.link.run(lambda connection: audit.acts(connection, wanted, bounds, size + 1))
    opened = await with_words(log.keys, facts)
    return RowPage([(fact.position, msgspec.json.encode(shown(fact)).decode()) for fact in opened], head)


def shown(fact: Fact) -> StaffAct:
    """A fact as what one of the staff has done."""
    meta, reason = fact.meta, fact.data.get("reason")
    return StaffAct(
        position=fact.position,
        at=fact.recorded_at,
        actor=meta.actor,
        role=meta.role,
        on_behalf_of=meta.on_behalf_of,
        about=learner_of(fact.stream_id, fact.data),
        action=fact.type,
        stream_id=fact.stream_id,
        reason=str(reason) if reason else meta.reason,
        ticket=meta.ticket,
        source=meta.source,
        request_id=meta.correlation_id,
    )


_decode = msgspec.json.Decoder(StaffAct).decode


def _cells(text: str) -> list[str | int | None]:
    act = _decode(text)
    values = msgspec.structs.astuple(act)
    return [value.isoformat() if isinstance(value, datetime) else value for value in values]


TABLE = CsvTable("audit", "audit", StaffAct.__struct_fields__, _cells)
