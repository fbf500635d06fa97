"""Coupons: given out, and taken back."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from commands.log import Log, Position
from domain.payment.coupon import Coupon, CouponTerms, coupon_stream


@dataclass(frozen=True)
class CreateCoupon:
    """Give out a coupon, see `domain.payment.coupon.CouponTerms`."""

    coupon_id: str
    kind: str
    percent_bp: int | None = None
    amount: int | None = None
    currency: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    limit: int | None = None
    limit_per_learner: int | None = None
    products: Sequence[str] | None = None


async def create_coupon(command: CreateCoupon, log: Log) -> Position:
    coupon = await log.load(Coupon, coupon_stream(command.coupon_id))
    terms = asdict(command)
    coupon.create(CouponTerms(**{name: terms[name] for name in terms if name != "coupon_id"}))
    return await log.save(coupon)


@dataclass(frozen=True)
class RetireCoupon:
    """Take a coupon back."""

    coupon_id: str
    reason: str = ""


async def retire_coupon(command: RetireCoupon, log: Log) -> Position:
    coupon = await log.load(Coupon, coupon_stream(command.coupon_id))
    coupon.retire(command.reason)
    return await log.save(coupon)
