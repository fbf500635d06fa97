"""The campus in numbers (read model overview), and its latest facts (read model recent_activity)."""

from fastapi import Response

from adapters.postgres.queries import overview
from api.http.openapi import query
from api.http.query import StaffQueryDep
from api.http.routing import router as strict_router
from projections.recent_activity import CAMPUS, RecentActivity, RecentFacts

router = strict_router("overview", "/v1")


@router.get("/overview", responses=query(overview.EXAMPLE, 403))
async def campus_overview(ask: StaffQueryDep) -> Response:
    """People, enrollments, outcomes, submissions and activity: in all, by source (seed, import, API), and by run."""
    answer = await ask.read_at_least("overview", lambda: overview.overview(ask.services.reader))
    return ask.reply(answer.body or b"", answer.position)


@router.get("/activity", responses=query(RecentFacts(CAMPUS), 403))
async def recent_activity(ask: StaffQueryDep) -> Response:
    """The latest facts of the campus that are worth showing, newest first."""
    return await ask.document(RecentActivity.name, CAMPUS)
