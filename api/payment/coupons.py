"""Coupons, for the staff."""

import asyncio
from typing import Annotated

import msgspec
from fastapi import Path, Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, Id, Limit, Time, one_of
from api.payment.orders import Currency
from api.payment.products import After
from api.payment.reading import page_of_streams, reply
from commands.payment.coupons import CreateCoupon, RetireCoupon
from domain.payment.coupon import KINDS, Coupon, CouponTerms, coupon_stream
from domain.payment.errors import CouponNotFound

router = strict_router("payment", "/v1/coupons")
CouponId = Annotated[str, Path(pattern=ID, max_length=64, description="The coupon.", examples=["SPRING"])]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class CouponDetails(msgspec.Struct, kw_only=True):
    """A coupon, and how often it is used: reserved by orders that wait for a payment, redeemed by paid ones."""

    coupon_id: str
    terms: CouponTerms
    is_retired: bool
    reserved: int
    redeemed: int


class CouponPage(msgspec.Struct, kw_only=True):
    """Coupons, in the order of their ids."""

    items: list[CouponDetails]
    next: str | None = None


EXAMPLE = CouponDetails(
    coupon_id="SPRING",
    terms=CouponTerms(kind="percent", percent_bp=2_000, limit=100, limit_per_learner=1),
    is_retired=False,
    reserved=2,
    redeemed=17,
)


class NewCoupon(Body):
    """A percentage (in basis points) or an amount off, for so many orders."""

    model_config = example(coupon_id="SPRING", kind="percent", percent_bp=2000, limit=100, limit_per_learner=1)

    coupon_id: Id
    kind: Annotated[str, one_of(KINDS)]
    percent_bp: Annotated[int, Field(ge=1, le=10_000)] | None = None
    amount: Annotated[int, Field(ge=1, le=10**12)] | None = None
    currency: Currency | None = None
    valid_from: Time | None = None
    valid_until: Time | None = None
    limit: Count | None = None
    limit_per_learner: Count | None = None
    products: Annotated[list[Id], Field(max_length=200)] | None = None


class CouponRetirement(Body):
    """Why the coupon is taken back."""

    model_config = example(reason="spring is over")

    reason: ClearReason = "unspecified"


@router.post("", status_code=202, response_model=Accepted, responses=command(403, 409))
async def create_coupon(body: NewCoupon, handle: Dispatch) -> Response:
    """Give out a coupon."""
    products = None if body.products is None else tuple(body.products)
    return await handle(CreateCoupon(**{**body.model_dump(), "products": products}))


@router.post("/{coupon_id}/retire", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def retire_coupon(coupon_id: CouponId, body: CouponRetirement, handle: Dispatch) -> Response:
    """Take a coupon back; orders that have reserved it keep their discount."""
    return await handle(RetireCoupon(coupon_id, body.reason))


@router.get("", responses=query(CouponPage(items=[EXAMPLE], next=None), 403))
async def list_coupons(ask: QueryDep, limit: Limit = 50, after: After = "") -> Response:
    """All coupons."""
    streams = await page_of_streams(ask.services, "coupon", after, limit + 1)
    found = await asyncio.gather(*(replayed(ask.services.log, Coupon, stream) for stream in streams[:limit]))
    items = [details(coupon) for coupon in found]
    return await reply(ask, CouponPage(items=items, next=items[-1].coupon_id if len(streams) > limit else None))


@router.get("/{coupon_id}", responses=query(EXAMPLE, 403, 404))
async def get_coupon(coupon_id: CouponId, ask: QueryDep) -> Response:
    """A coupon."""
    coupon = await replayed(ask.services.log, Coupon, coupon_stream(coupon_id))
    if not coupon.exists:
        raise CouponNotFound(coupon_id=coupon_id)
    return await reply(ask, details(coupon))


def details(coupon: Coupon) -> CouponDetails:
    """What is shown of a coupon."""
    return CouponDetails(
        coupon_id=coupon.coupon_id,
        terms=coupon.terms,
        is_retired=coupon.retired,
        reserved=len(coupon.reserved),
        redeemed=len(coupon.redeemed),
    )
