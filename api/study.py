"""On which days and for how long a learner has studied, beside the dashboard; for the learner alone."""

from datetime import date

import msgspec
from fastapi import Response

from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from domain.progress.study import Study, StudyDay

router = strict_router("study", "/v1")

EXAMPLE = Study(
    time_zone="Europe/London",
    streak=3,
    longest_streak=12,
    days=40,
    seconds=86_400,
    today_seconds=1_500,
    recent=[StudyDay(date(2026, 3, 2), 1_500)],
)


@router.get("/me/study", responses=query(EXAMPLE))
async def my_study(ask: QueryDep) -> Response:
    """Streaks and study time of the user over all runs, by the time zone of the profile."""
    found, position = await ask.services.study.of(ask.user.subject, ask.now())
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(found), position)
