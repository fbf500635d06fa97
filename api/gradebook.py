"""The gradebook of a run, sorted and in pages, from the read model gradebook."""

from functools import partial
from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response

from adapters.postgres.queries import gradebook
from api.http import paging
from api.http.openapi import query
from api.http.query import QueryContext, QueryDep, StaffQueryDep
from api.http.routing import router as strict_router
from api.http.security import may_act_for
from api.http.types import Id, LearnerId, Limit, RunId

router = strict_router("gradebook", "/v1")


class GradebookPage(msgspec.Struct, kw_only=True):
    """Rows of the gradebook, in the order that was asked for."""

    items: list[gradebook.GradebookRow]
    next: str | None


class GradesOfLearner(msgspec.Struct, kw_only=True):
    """The assessments of a run, in the order of their ids, and how the learner did in them."""

    items: list[gradebook.GradeOfLearner]
    next: str | None


GRADES = GradesOfLearner(items=[gradebook.EXAMPLE_OF_LEARNER], next=paging.NEXT)


@router.get("/me/runs/{run_id}/grades", responses=query(GRADES, 404))
async def list_my_grades(
    request: Request, run_id: RunId, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Each assessment of a run with title, kind, deadline, and the user's score, lateness and attempts left."""
    return await _grades(request, ask, (ask.user.subject, run_id), cursor, limit)


@router.get("/learners/{learner_id}/runs/{run_id}/grades", responses=query(GRADES, 403, 404))
async def list_learner_grades(
    *,
    request: Request,
    learner_id: LearnerId,
    run_id: RunId,
    ask: QueryDep,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Each assessment of a run with title, kind, deadline, and the learner's score, lateness and attempts left."""
    return await _grades(request, ask, (may_act_for(ask.user, learner_id), run_id), cursor, limit)


async def _grades(
    request: Request, ask: QueryContext, place: tuple[str, str], cursor: str | None, limit: int
) -> Response:
    listing = f"grades:{place[1]}"
    (after,) = paging.after(listing, cursor, [str]) or [""]
    reader, now = ask.services.reader, ask.now()
    page = await ask.read_at_least("gradebook", lambda: gradebook.of_learner(reader, place, after, limit + 1, now=now))
    if not page.rows:
        await ask.check_run(place[1])
    await ask.check_learner(place[0])
    return paging.reply(request, ask, page, listing, limit)


@router.get(
    "/runs/{run_id}/gradebook", responses=query(GradebookPage(items=[gradebook.EXAMPLE], next=paging.NEXT), 403, 404)
)
async def run_gradebook(
    *,
    request: Request,
    run_id: RunId,
    ask: StaffQueryDep,
    quiz_id: Annotated[Id | None, Query(description="This assessment only.")] = None,
    learner_id: Annotated[Id | None, Query(description="This learner only.")] = None,
    sort: Annotated[gradebook.Sort, Query(description="What to sort by.")] = "learner",
    order: Annotated[Literal["asc", "desc"], Query(description="Ascending or descending.")] = "asc",
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Scores, lateness and attempts, one row for each learner and assessment."""
    listing = f"gradebook:{run_id}:{sort}:{order}"
    after = paging.after(listing, cursor, [str if sort == "learner" else int, str, str])
    read = partial(
        gradebook.rows,
        ask.services.reader,
        run_id,
        quiz_id=quiz_id,
        learner_id=learner_id,
        sort=sort,
        descending=order == "desc",
        after=after,
        limit=limit + 1,
    )
    page = await ask.read_at_least("gradebook", read)
    if not page.rows:
        await ask.check_run(run_id)
    return paging.reply(request, ask, page, listing, limit)
