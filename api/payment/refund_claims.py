"""Refund claims: a learner asks for money back, and staff answer with the refund or with why not."""

from typing import Annotated

import msgspec
from fastapi import Path, Request, Response
from pydantic import Field

from adapters.postgres.queries.reader import RowPage
from adapters.refund_claims import EXAMPLE, RefundClaim, claims_about
from api.http import paging
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import Limit, LongReason
from api.payment.orders import Amount, OrderId
from api.payment.reading import owner_of
from commands.payment.refund_claims import AnswerRefundClaim, MakeRefundClaim, WithdrawRefundClaim
from domain.payment.refund_claim import MOST_CLAIMS

router = strict_router("payment", "/v1")

ClaimNo = Annotated[int, Path(ge=1, le=MOST_CLAIMS, description="Claims about an order count from 1.", examples=[1])]


class RefundClaimList(msgspec.Struct, kw_only=True):
    """The claims about an order, the first one first."""

    items: list[RefundClaim]


class RefundClaimPage(msgspec.Struct, kw_only=True):
    """Open claims, the oldest first."""

    items: list[RefundClaim]
    next: str | None


class NewRefundClaim(Body):
    """Why money should go back, and for which lines of the order; none named: for all."""

    model_config = example(words="The course was cancelled.", lines=[1])

    words: LongReason
    lines: Annotated[list[Annotated[int, Field(ge=1, le=1_000)]], Field(max_length=20)] = Field(default_factory=list)


class NewClaimAnswer(Body):
    """What the staff answer; granted, all that is left of the lines goes back, or a smaller `amount`."""

    model_config = example(granted=True, words="Yes: the money is on its way.")

    granted: bool
    words: LongReason
    amount: Amount | None = None


@router.post(
    "/orders/{order_id}/refund-claims", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def make_refund_claim(
    order_id: OrderId, body: NewRefundClaim, handle: Dispatch, services: ServicesDep
) -> Response:
    """Ask for money back; the staff answer."""
    learner_id = await handle.acts_for(await owner_of(services, order_id))
    return await handle(MakeRefundClaim(learner_id, order_id, body.words, tuple(body.lines)), learner_id)


@router.post(
    "/orders/{order_id}/refund-claims/{claim_no}/withdraw",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def withdraw_refund_claim(
    order_id: OrderId, claim_no: ClaimNo, handle: Dispatch, services: ServicesDep
) -> Response:
    """Take a claim back before it is answered."""
    learner_id = await handle.acts_for(await owner_of(services, order_id))
    return await handle(WithdrawRefundClaim(learner_id, order_id, claim_no), learner_id)


@router.post(
    "/orders/{order_id}/refund-claims/{claim_no}/answer",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def answer_refund_claim(
    order_id: OrderId, claim_no: ClaimNo, body: NewClaimAnswer, handle: Dispatch, services: ServicesDep
) -> Response:
    """Give the money back, or say why not; the refund is recorded along with the answer."""
    learner_id = await owner_of(services, order_id)
    await handle.check.permit(learner_id=learner_id)
    answer = AnswerRefundClaim(learner_id, order_id, claim_no, body.granted, body.words, body.amount)
    return await handle(answer, learner_id)


@router.get("/orders/{order_id}/refund-claims", responses=query(RefundClaimList(items=[EXAMPLE]), 403, 404))
async def list_refund_claims(order_id: OrderId, ask: QueryDep) -> Response:
    """What was claimed about an order, and what was answered."""
    log = ask.services.log
    learner_id = await owner_of(ask.services, order_id)
    await ask.check.permit(learner_id=learner_id)
    head = await log.head()
    ask.must_reach(head)
    found = RefundClaimList(items=await claims_about(log, learner_id, order_id))
    return ask.reply(msgspec.json.encode(found), head)


@router.get("/refund-claims", responses=query(RefundClaimPage(items=[EXAMPLE], next=paging.NEXT), 403))
async def list_open_refund_claims(
    request: Request, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """The claims that wait for an answer, the oldest first."""
    (after,) = paging.after("refund-claims", cursor, [int]) or [0]
    found, head = await ask.services.refund_claims.page(after, limit + 1)
    ask.must_reach(head)
    rows = [(position, msgspec.json.encode(claim).decode()) for position, claim in found]
    return paging.reply(request, ask, RowPage(rows, head), "refund-claims", limit)
