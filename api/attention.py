"""What on a run needs those who teach it: learners at risk, by a stated rule, and work that waits for a grade."""

import msgspec
from fastapi import Request, Response

from adapters.at_risk import at_risk
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
    reader, now = ask.services.reader, ask.now()
    after = paging.after(f"at_risk:{run_id}", cursor, [int, str])
    found = await ask.read_at_least("course_dashboard", lambda: attention.enrolled(reader, run_id))
    if found.starts_at is None:
        await ask.check_run(run_id)
    everyone = await at_risk(ask.services.log, run_id, found, now)
    listed = sorted(((-len(each.reasons), each.learner_id), each) for each in everyone)
    rest = [(*key, msgspec.json.encode(each).decode()) for key, each in listed if not after or [*key] > [*after]]
    counts = {"run_id": run_id, "rule": RULE, "learners": len(found.rows), "total": len(listed)}
    members = msgspec.json.encode(counts)[1:-1] + b","
    page = RowPage(rest[: limit + 1], found.position)
    return paging.reply(request, ask, page, f"at_risk:{run_id}", limit, members=members)


@router.get("/runs/{run_id}/ungraded", responses=query(UNGRADED, 403, 404))
async def get_ungraded_work(run_id: RunId, ask: QueryDep) -> Response:
    """What was handed in and waits for a grade: by age, and by assessment with its oldest attempt."""
    reader, now = ask.services.reader, ask.now()
    answer = await ask.read_at_least("gradebook", lambda: attention.ungraded_work(reader, run_id, now))
    await ask.check_run(run_id)
    return ask.reply(answer.body or b"null", answer.position)
