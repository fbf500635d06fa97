"""What has become of notifications, for the staff: numbers, and the mails that are in doubt."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import Query, Request, Response

from adapters.postgres.queries import deliveries
from adapters.postgres.queries.deliveries import DoubtfulDelivery
from api.http import paging
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import Limit
from projections.deliveries import Deliveries

router = strict_router("deliveries", "/v1")
LISTING = "doubtful"
LAST = 2**63 - 1  # no position is above it
DAYS = 30


class DoubtfulPage(msgspec.Struct, kw_only=True):
    """Mails in doubt, the latest first."""

    items: list[DoubtfulDelivery]
    next: str | None


@router.get("/notifications/report", responses=query(deliveries.EXAMPLE, 403))
async def get_delivery_report(
    *,
    ask: QueryDep,
    days: Annotated[int, Query(ge=1, le=366, description="Of the last so many days.", examples=[30])] = DAYS,
) -> Response:
    """How many notifications were planned, sent, suppressed and have bounced; opening is not tracked."""
    since = _midnight(ask.now()) - timedelta(days=days)
    reader = ask.services.reader
    answer = await ask.read_at_least(Deliveries.name, lambda: deliveries.report_of(reader, since))
    return ask.reply(answer.body or b"", answer.position)


@router.get(
    "/notifications/doubtful", responses=query(DoubtfulPage(items=[deliveries.DOUBTFUL], next=paging.NEXT), 403)
)
async def list_doubtful_deliveries(
    *, request: Request, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """The mails that may have gone out more often than they should."""
    (before,) = paging.after(LISTING, cursor, [int]) or [LAST]
    reader = ask.services.reader
    page = await ask.read_at_least(Deliveries.name, lambda: deliveries.doubtful_before(reader, before, limit + 1))
    return paging.reply(request, ask, page, LISTING, limit)


def _midnight(at: datetime) -> datetime:
    """So that an answer is the same all day, if nothing has happened."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
