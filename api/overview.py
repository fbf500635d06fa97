"""The campus in numbers, and what has happened there lately."""

from fastapi import APIRouter, Response

from adapters.postgres.queries import overview
from api.answers import CampusOverview, OverviewCounts
from api.http.openapi import query
from api.http.query import StaffQueryDep
from projections.recent_activity import CAMPUS, RecentActivity, RecentFacts

router = APIRouter(prefix="/v1", tags=["campus"])

COUNTS = OverviewCounts(
    "*",
    "import:oulad",
    28_785,
    32_593,
    10_072,
    45,
    {"pass": 12_361},
    173_912,
    1_909,
    173,
    1_048_575,
    3_516_339,
    4_080,
    {},
)


@router.get("/overview", responses=query(CampusOverview, CampusOverview(COUNTS, [COUNTS], []), 403))
async def campus_overview(ask: StaffQueryDep) -> Response:
    """People, enrollments, outcomes, submissions and activity: in all, by source (seed, import, API), and by run."""
    answer = await ask.read_at_least("overview", lambda: overview.overview(ask.services.reader))
    return ask.reply(answer.body or b"", answer.position)


@router.get("/activity", responses=query(RecentFacts, RecentFacts(CAMPUS), 403))
async def recent_activity(ask: StaffQueryDep) -> Response:
    """The latest facts of the campus that are worth showing, newest first."""
    return await ask.document(RecentActivity.name, CAMPUS)
