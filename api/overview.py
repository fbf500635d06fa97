"""The campus in numbers (read model overview), and its latest facts (read model recent_activity)."""

from datetime import UTC, datetime

import msgspec
from fastapi import Response

from adapters.postgres.queries import overview
from api.http.openapi import query
from api.http.query import StaffQueryDep
from api.http.routing import router as strict_router
from domain.words import FactType, Outcome
from projections.recent_activity import CAMPUS, Entry, RecentActivity

router = strict_router("overview", "/v1")


class ActivityEntry(Entry, frozen=True, omit_defaults=True):
    """One fact, in short."""

    type: FactType
    outcome: Outcome | None = None


class LatestActivity(msgspec.Struct, kw_only=True):
    """The latest facts of the campus, newest first; `position` is that of the latest."""

    key: str
    position: int
    entries: list[ActivityEntry]


LATEST = ActivityEntry(
    position=1713,
    type="attempt.graded",
    at=datetime(2026, 2, 14, 18, tzinfo=UTC),
    learner_id="28400",
    run_id="algebra-2026",
    unit_id="q1",
    score_bp=7_500,
)
ACTIVITY = LatestActivity(key=CAMPUS, position=1713, entries=[LATEST])


@router.get("/overview", responses=query(overview.EXAMPLE, 403))
async def campus_overview(ask: StaffQueryDep) -> Response:
    """People, enrollments, outcomes, submissions and activity: in all, by source (seed, import, API), and by run."""
    answer = await ask.read_at_least("overview", lambda: overview.overview(ask.services.reader))
    return ask.reply(answer.body or b"", answer.position)


@router.get("/activity", responses=query(ACTIVITY, 403))
async def recent_activity(ask: StaffQueryDep) -> Response:
    """The latest facts of the campus that are worth showing, newest first."""
    return await ask.document(RecentActivity.name, CAMPUS)
