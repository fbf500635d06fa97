"""What on a run needs those who teach it: learners at risk, by a stated rule, and work that waits for a grade."""

from bisect import bisect_right
from operator import itemgetter

import msgspec
from fastapi import Request, Response

from adapters.postgres.queries import attention
from adapters.postgres.queries.attention import AT_RISK, UNGRADED, AtRiskPage
from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import Limit, RunId
from domain.progress.at_risk import RULE

router = strict_router("attention", "/v1")

PAGE = AtRiskPage(run_id="algebra-2026", rule=RULE, learners=40, total=1, items=[AT_RISK], next=paging.NEXT)


@router.get("/runs/{run_id}/at-risk", responses=query(PAGE, 403, 404))
async def list_at_risk(
    request: Request, run_id: RunId, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Learners with a place who are at risk, by the rule that the answer says, each with the figures that say so."""
    after, now = paging.after(f"at_risk:{run_id}", cursor, [int, str]), ask.now()
    at_risk = ask.services.at_risk
    found = await ask.read_at_least("course_dashboard", lambda: at_risk.of(run_id, now, ask.min_position))
    if not found.is_known:
        await ask.check_run(run_id)
    first = bisect_right(found.listed, tuple(after), key=itemgetter(0, 1)) if after else 0
    counts = {"run_id": run_id, "rule": RULE, "learners": found.learners, "total": len(found.listed)}
    members = msgspec.json.encode(counts)[1:-1] + b","
    page = RowPage(list(found.listed[first : first + limit + 1]), found.position)
    return paging.reply(request, ask, page, f"at_risk:{run_id}", limit, members=members)


@router.get("/runs/{run_id}/ungraded", responses=query(UNGRADED, 403, 404))
async def get_ungraded_work(run_id: RunId, ask: QueryDep) -> Response:
    """What was handed in and waits for a grade: by age, and by assessment with its oldest attempt."""
    reader, now = ask.services.reader, ask.now()
    answer = await ask.read_at_least("gradebook", lambda: attention.ungraded_work(reader, run_id, now))
    await ask.check_run(run_id)
    return ask.reply(answer.body or b"null", answer.position)
