"""When a learner's work on a run is due, with extensions; granting these, and the cohorts from which days count."""

from typing import Annotated

import msgspec
from fastapi import Response
from pydantic import Field

from adapters import deadlines
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import Id, LearnerId, Reason, RunId, Time, Title
from commands.enrollment.cohorts import AssignCohort, PlanCohort
from commands.enrollment.extensions import GrantExtensions, WithdrawExtensions

router = strict_router("deadlines", "/v1")
MOST_LEARNERS = 500  # of one command


class NewExtension(Body):
    """More time for a unit, for one learner or a whole group: all get it, or none."""

    model_config = example(
        unit_id="q1", learner_ids=["28400", "11391"], new_due="2026-02-18T22:59:00Z", reason="was in hospital"
    )

    unit_id: Id
    learner_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_LEARNERS)]
    new_due: Time
    reason: Reason


class LostExtension(Body):
    """Extensions for a unit that are taken back, of one learner or a whole group: all are, or none."""

    model_config = example(unit_id="q1", learner_ids=["28400"], reason="granted to the wrong learner")

    unit_id: Id
    learner_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_LEARNERS)]
    reason: Reason


class NewCohort(Body):
    """A cohort of a run: its name, and when it begins, from the start of the run on and before its end."""

    model_config = example(cohort_id="spring", name="Spring", begins_at="2026-03-01T00:00:00Z")

    cohort_id: Id
    name: Title
    begins_at: Time


class Assignment(Body):
    """Learners, one or a whole group, and their cohort from now on; without one they are in none. All are, or none."""

    model_config = example(cohort_id="spring", learner_ids=["28400", "11391"])

    cohort_id: Id | None = None
    learner_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_LEARNERS)]


@router.post("/runs/{run_id}/cohorts", status_code=202, response_model=Accepted, responses=command(403, 404))
async def plan_cohort(run_id: RunId, body: NewCohort, dispatch: Dispatch) -> Response:
    """
    Make a cohort of a run whose days count from the enrollment, or let it have another name or begin at another time.

    The days of its learners' deadlines count from when it begins; if that changes, they follow, one after the other.
    """
    return await dispatch(PlanCohort(run_id, body.cohort_id, body.name, body.begins_at))


@router.post("/runs/{run_id}/cohort-assignments", status_code=202, response_model=Accepted, responses=command(403, 404))
async def assign_cohort(run_id: RunId, body: Assignment, dispatch: Dispatch) -> Response:
    """Put learners of a run into a cohort, or into another one; attempts and lateness follow their deadlines."""
    await dispatch.check.permit_each(body.learner_ids, run_id=run_id)
    return await dispatch(AssignCohort(run_id, body.cohort_id, body.learner_ids))


@router.post("/runs/{run_id}/extensions", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def grant_extensions(run_id: RunId, body: NewExtension, dispatch: Dispatch) -> Response:
    """Give learners of a run more time for a unit; a later extension takes the place of an earlier one."""
    await dispatch.check.permit_each(body.learner_ids, run_id=run_id)
    return await dispatch(GrantExtensions(run_id, body.unit_id, body.learner_ids, body.new_due, body.reason))


@router.post(
    "/runs/{run_id}/extensions/withdrawals", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def withdraw_extensions(run_id: RunId, body: LostExtension, dispatch: Dispatch) -> Response:
    """Take extensions for a unit back: the learners have the deadline of all again, and attempts follow it."""
    await dispatch.check.permit_each(body.learner_ids, run_id=run_id)
    return await dispatch(WithdrawExtensions(run_id, body.unit_id, body.learner_ids, body.reason))


@router.get("/learners/{learner_id}/runs/{run_id}/deadlines", responses=query(deadlines.EXAMPLE, 403, 404))
async def get_deadlines(learner_id: LearnerId, run_id: RunId, ask: QueryDep) -> Response:
    """When a learner's work on a run is due, with extensions."""
    return await _deadlines(ask, learner_id, run_id)


@router.get("/me/runs/{run_id}/deadlines", responses=query(deadlines.EXAMPLE, 404))
async def get_my_deadlines(run_id: RunId, ask: QueryDep) -> Response:
    """The same for the user."""
    return await _deadlines(ask, ask.user.subject, run_id)


async def _deadlines(ask: QueryContext, learner_id: str, run_id: str) -> Response:
    found, position = await deadlines.deadlines_of(ask.services.log, learner_id, run_id)
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(found), position)
