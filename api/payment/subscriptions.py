"""Subscriptions: looked at, ended, resumed, moved to another plan."""

from typing import Annotated, Literal

import msgspec
from fastapi import Path, Query, Request, Response

from adapters.postgres.queries import access
from adapters.postgres.queries.access import (
    LISTED_EXAMPLE,
    SUBSCRIPTION_EXAMPLE,
    ListedSubscription,
    SubscriptionDetails,
)
from api.http import paging
from api.http.as_of import AsOf, headers_at
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.folds import LATER
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, ActingFor, Id, LearnerId, Limit, Reason
from api.payment.reading import ROWS
from commands.payment.subscriptions import CancelSubscription, RequestPlanChange, ResumeSubscription
from projections.engine.moment import Moment
from projections.orders.rows import SUBSCRIPTIONS

router = strict_router("payment", "/v1")
SubscriptionId = Annotated[
    str, Path(pattern=ID, max_length=64, description="The subscription.", examples=["0199c7f0a1b2"])
]


class SubscriptionList(msgspec.Struct, kw_only=True):
    """The subscriptions of a learner, the newest first."""

    subscriptions: list[SubscriptionDetails]


class SubscriptionPage(msgspec.Struct, kw_only=True):
    """Subscriptions of all learners, in the order of these."""

    items: list[ListedSubscription]
    next: str | None


Standing = Annotated[
    Literal["trial", "active", "past_due", "cancelled", "ended"] | None, Query(description="Only those that stand so.")
]
OfPlan = Annotated[str | None, Query(pattern=ID, max_length=64, description="Only of it.", examples=["all-courses"])]
EXAMPLE = SubscriptionList(subscriptions=[SUBSCRIPTION_EXAMPLE])


class SubscriptionEnd(Body):
    """How a subscription ends: at the end of what is paid, or (staff only) at once."""

    model_config = example(reason="no time to learn")

    reason: Reason = "cancelled by the learner"
    learner_id: ActingFor = None


class SubscriptionAtOnce(Body):
    """Why a subscription ends at once."""

    model_config = example(reason="fraud")

    reason: Reason


class SubscriptionGoesOn(Body):
    """Whose subscription goes on."""

    model_config = example()

    learner_id: ActingFor = None


class OtherPlan(Body):
    """The plan with which a subscription goes on, at its price of now."""

    model_config = example(product_id="all-courses-yearly")

    product_id: Id
    learner_id: ActingFor = None


@router.get("/me/subscriptions", responses=query(EXAMPLE))
async def my_subscriptions(ask: QueryDep, moment: AsOf) -> Response:
    """The subscriptions of the user."""
    return await _subscriptions(ask, ask.user.subject, moment)


@router.get("/learners/{learner_id}/subscriptions", responses=query(EXAMPLE, 403, 404))
async def learner_subscriptions(learner_id: LearnerId, ask: QueryDep, moment: AsOf) -> Response:
    """The subscriptions of a learner."""
    return await _subscriptions(ask, learner_id, moment)


@router.get(
    "/subscriptions",
    responses={**query(SubscriptionPage(items=[LISTED_EXAMPLE], next=paging.NEXT), 403), **LATER},
)
async def list_subscriptions(
    *,
    request: Request,
    ask: QueryDep,
    moment: AsOf,
    status: Standing = None,
    product_id: OfPlan = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Subscriptions of all learners, such as those that are past due, or of a plan."""
    after = paging.after("subscriptions", cursor, [str, str])
    reader = await ask.whole_at(moment, SUBSCRIPTIONS)
    page = await ask.read_at_least(ROWS, lambda: access.all_subscriptions(reader, status, product_id, after, limit + 1))
    return paging.reply(request, ask, page, "subscriptions", limit, headers=ask.headers_at(moment, ROWS))


@router.post(
    "/subscriptions/{subscription_id}/cancel",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def cancel_subscription(subscription_id: SubscriptionId, body: SubscriptionEnd, handle: Dispatch) -> Response:
    """End a subscription at the end of what is paid; until then it can be resumed."""
    learner_id = await handle.acts_for(body.learner_id)
    return await handle(CancelSubscription(learner_id, subscription_id, body.reason), learner_id)


@router.post(
    "/subscriptions/{subscription_id}/plan",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def change_plan(subscription_id: SubscriptionId, body: OtherPlan, handle: Dispatch) -> Response:
    """Go on with another plan; the provider charges the difference for the rest of the period, or credits it."""
    learner_id = await handle.acts_for(body.learner_id)
    return await handle(RequestPlanChange(learner_id, subscription_id, body.product_id), learner_id)


@router.post(
    "/subscriptions/{subscription_id}/resume",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def resume_subscription(subscription_id: SubscriptionId, body: SubscriptionGoesOn, handle: Dispatch) -> Response:
    """Let a subscription go on whose end was planned."""
    learner_id = await handle.acts_for(body.learner_id)
    return await handle(ResumeSubscription(learner_id, subscription_id), learner_id)


@router.post(
    "/learners/{learner_id}/subscriptions/{subscription_id}/end",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def end_subscription(
    learner_id: LearnerId, subscription_id: SubscriptionId, body: SubscriptionAtOnce, handle: Dispatch
) -> Response:
    """End a subscription at once; nothing is given back by that."""
    return await handle(CancelSubscription(learner_id, subscription_id, body.reason, at_once=True), learner_id)


async def _subscriptions(ask: QueryContext, learner_id: str, moment: Moment | None) -> Response:
    reader = ask.services.reader if moment is None else await ask.reader_at(moment, learner_id, ROWS)
    answer = await ask.read_at_least(ROWS, lambda: access.subscriptions(reader, learner_id))
    found = answer.body or b"[]"
    if found == b"[]":
        await ask.check_learner(learner_id, moment)
    headers = headers_at(moment, ask.services.folders[ROWS].projection)
    return ask.reply(b'{"subscriptions":%b}' % found, answer.position, headers)
