"""Runs of courses, with the products by which a place is bought."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response
from pydantic import Field

from adapters.postgres.queries import catalog, catalog_lists, products
from adapters.postgres.queries.catalog_lists import Asked
from adapters.postgres.queries.reader import Reader, RowPage
from api.catalog.lists import PROJECTION, Order, Part, Total, listed
from api.http import paging
from api.http.as_of import AsOf
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.late_policy import NewLatePolicy
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import NO_NUL, Id, Limit, RunId, Time, Word, one_of
from commands.catalog import LEFT_OUT, SEAT_OFFER_HOURS, ChangeRunVersion, CloneRun, CloseRun, OpenRun, ScheduleRun
from domain.catalog import PACINGS, RunNotFound
from domain.deadlines import DUE_FROM, UTC_ZONE
from domain.payment.product import granting, is_free, present_prices
from projections.engine.moment import Moment
from projections.orders.rows import ProductRow

router = strict_router("catalog", "/v1")
OF_RUNS = (PROJECTION, "orders")  # the read models of a run with the products by which it is bought


class Offer(msgspec.Struct, kw_only=True):
    """A product by which a run can be bought; `prices` are what it costs now, in minor units by currency."""

    product_id: str
    title: str
    kind: str
    interval: str | None
    interval_count: int | None
    prices: dict[str, int]


class OnSale(msgspec.Struct, kw_only=True):
    """What a run has beside what its row says."""

    must_be_bought: bool
    offers: list[Offer]


class CourseRun(catalog.CourseRun, kw_only=True):
    """
    A course run; times of units are by the clocks of `time_zone`.

    `capacity` and `waitlist_limit` are null where there is no limit, `seat_offer_hours` where seats are given at once.
    With `must_be_bought` a place is bought by one of the `offers`, or given by the staff; without offers it is not sold
    now.
    """

    must_be_bought: bool
    offers: list[Offer]


class _RunOfCourse(msgspec.Struct):
    run_id: str
    course_id: str


OFFER_EXAMPLE = Offer(
    product_id="algebra-monthly",
    title="Algebra",
    kind="plan",
    interval="month",
    interval_count=1,
    prices={"EUR": 1_900},
)
RUN_EXAMPLE = CourseRun(**msgspec.structs.asdict(catalog.RUN_EXAMPLE), must_be_bought=True, offers=[OFFER_EXAMPLE])


class RunPage(msgspec.Struct, kw_only=True):
    """Runs, in the order that was asked for; `total` is null unless asked for, 10001 for more than 10,000."""

    total: int | None
    items: list[CourseRun]
    next: str | None
    prev: str | None


class NewRun(Body):
    """
    A run of a course; without `capacity` the number of seats has no limit.

    A seat that comes free is held for the next in line for `seat_offer_hours`; null or 0: it is given at once. As many
    learners as `waitlist_limit` may wait for a seat; null: no limit, 0: none, a full run refuses them. `late` says what
    becomes of late work where a unit says nothing. Days of deadlines count from the `start` of the run or from the
    `enrollment` of a learner (`due_from`; the latter in a self-paced run, if left out); with that it may have cohorts.
    While the run is open, learners may ask for a place from `registration_opens_at` to `registration_closes_at`. Sent
    again, the same run changes nothing, also where these or `time_zone` are left out.
    """

    model_config = example(
        run_id="algebra-2026",
        course_id="algebra",
        course_version=1,
        starts_at="2026-02-01T00:00:00Z",
        ends_at="2026-06-30T00:00:00Z",
        capacity=100,
        seat_offer_hours=48,
    )

    run_id: Id
    course_id: Id
    course_version: Annotated[int, Field(ge=1, le=100_000)] = 1
    starts_at: Time
    ends_at: Time
    capacity: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    pacing: Annotated[Word, one_of(PACINGS)] = "instructor"
    seat_offer_hours: Annotated[int, Field(ge=0, le=8_760)] | None = SEAT_OFFER_HOURS
    time_zone: Annotated[str, Field(max_length=64, pattern=NO_NUL, description="By whose clocks units are due.")] = (
        UTC_ZONE
    )
    waitlist_limit: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    late: NewLatePolicy | None = None
    registration_opens_at: Time | None = None
    registration_closes_at: Time | None = None
    due_from: Annotated[Word, one_of(DUE_FROM)] | None = None


class NewClone(Body):
    """A run that is planned as another one, from another time on; without a version it follows the newest one."""

    model_config = example(run_id="algebra-2027", starts_at="2027-02-01T00:00:00Z")

    run_id: Id
    starts_at: Time
    course_version: Annotated[int, Field(ge=1, le=100_000)] | None = None


@router.post("/runs", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def schedule_run(body: NewRun, handle: Dispatch) -> Response:
    """Schedule a run of a course; open it to let learners enroll."""
    await handle.check.permit(course_id=body.course_id)
    plan = body.model_dump(exclude=LEFT_OUT.keys() - body.model_fields_set)
    if body.late is not None:
        plan["late"] = body.late.policy()
    return await handle(ScheduleRun(**plan))


@router.post("/runs/{run_id}/clone", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def clone_run(run_id: RunId, body: NewClone, handle: Dispatch) -> Response:
    """Schedule a run as this one was scheduled, with all dates moved; its quizzes are published to it by themselves."""
    return await handle(CloneRun(body.run_id, run_id, body.starts_at, body.course_version))


@router.post("/runs/{run_id}/open", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def open_run(run_id: RunId, handle: Dispatch) -> Response:
    """Open a run for enrollment."""
    return await handle(OpenRun(run_id))


@router.post("/runs/{run_id}/close", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def close_run(run_id: RunId, handle: Dispatch) -> Response:
    """Close a run for enrollment; learners who are enrolled stay."""
    return await handle(CloseRun(run_id))


class NewRunVersion(Body):
    """
    The version of the course that a run follows from now on.

    Learners who have completed the course keep the version by which that was; all others follow, one after the other,
    and what they have done counts where a unit of the same id is there. `GET /v1/courses/ID/diff` says before what that
    means for percentages and grades.
    """

    model_config = example(course_version=2)

    course_version: Annotated[int, Field(ge=1, le=100_000)]


@router.post("/runs/{run_id}/version", status_code=202, response_model=Accepted, responses=command(403, 404))
async def change_run_version(run_id: RunId, body: NewRunVersion, handle: Dispatch) -> Response:
    """Let a run follow another version of its course; one that has ended keeps its own."""
    return await handle(ChangeRunVersion(run_id, body.course_version))


@router.get(
    "/runs",
    responses=query(RunPage(total=1, items=[RUN_EXAMPLE], next=paging.NEXT, prev=paging.NEXT), 404),
)
async def list_runs(
    *,
    request: Request,
    ask: QueryDep,
    moment: AsOf,
    course_id: Annotated[Id | None, Query(description="Runs of this course only.")] = None,
    q: Part = None,
    status: Annotated[
        Literal["scheduled", "open", "closed"] | None, Query(description="Runs that stand there only.")
    ] = None,
    starts_after: Annotated[Time | None, Query(description="Runs that start later than this.")] = None,
    starts_before: Annotated[Time | None, Query(description="Runs that start earlier than this.")] = None,
    ends_after: Annotated[Time | None, Query(description="Runs that end later than this.")] = None,
    ends_before: Annotated[Time | None, Query(description="Runs that end earlier than this.")] = None,
    sort: Annotated[catalog_lists.RunSort, Query(description="What to sort by.")] = "id",
    order: Order = "asc",
    total: Total = False,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """All runs, or those of a course, with a part of the title or id, with a status, or of a time."""
    filters = {
        "course_id": course_id,
        "q": q,
        "status": status,
        "starts_after": starts_after,
        "starts_before": starts_before,
        "ends_after": ends_after,
        "ends_before": ends_before,
    }
    asked = Asked(filters=filters, sort=sort, descending=order == "desc", total=total)
    return await listed(
        request, ask, asked, catalog_lists.runs, moment, cursor=cursor, limit=limit, names=OF_RUNS, dress=with_offers
    )


@router.get("/runs/{run_id}", responses=query(RUN_EXAMPLE, 404))
async def get_run(run_id: RunId, ask: QueryDep, moment: AsOf) -> Response:
    """One run."""
    reader = await ask.catalog_at(moment)
    answer = await ask.read_at_least(PROJECTION, lambda: catalog.run(reader, run_id))
    if answer.body is None:
        raise RunNotFound(run_id=run_id)
    page = await with_offers(ask, RowPage([(answer.body.decode(),)], answer.position), reader, moment)
    return ask.reply(page.rows[0][-1].encode(), page.position, ask.headers_at(moment, *OF_RUNS))


async def with_offers(ask: QueryContext, page: RowPage, reader: Reader, moment: Moment | None) -> RowPage:
    """Runs with the products by which each can be bought then; the position is the lower one of both read models."""
    if not page.rows:
        return page
    runs = [msgspec.json.decode(row[-1], type=_RunOfCourse) for row in page.rows]
    courses = {run.course_id for run in runs}
    sold = await ask.read_at_least("orders", lambda: products.granting(reader, courses))
    at = ask.now(moment)
    rows = [
        (*row[:-1], f"{row[-1][:-1]},{msgspec.json.encode(_on_sale(sold.products, run, at)).decode()[1:]}")
        for row, run in zip(page.rows, runs, strict=True)
    ]
    return RowPage(rows, min(page.position, sold.position))


def _on_sale(sold: Sequence[ProductRow], run: _RunOfCourse, at: datetime) -> OnSale:
    found = granting(sold, run.course_id, run.run_id)
    present = [product for product in found if not product.is_retired]
    offers = [
        Offer(
            product_id=product.product_id,
            title=product.title,
            kind=product.kind,
            interval=product.interval,
            interval_count=product.interval_count,
            prices=prices,
        )
        for product in present
        if (prices := present_prices(product.prices, at))
    ]
    return OnSale(must_be_bought=bool(found) and not any(is_free(each.prices, at) for each in present), offers=offers)
