"""What holds when many ask at the same moment, in two processes over PostgreSQL."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from commands.payment.coupons import CreateCoupon
from commands.payment.refunds import RequestRefund
from domain.errors import DomainError
from tests.support.shop import SHOP, buy, order, paid
from tests.support.usecases import Campus


async def ask(campus: Campus, commands: list[Any]) -> Counter[str]:
    """Send all at once, every other one through another process; how many were refused by which code, or done."""
    both = (campus, Campus(campus.log))

    async def one(number: int, command: Any) -> str:
        try:
            await both[number % 2].give(command)
        except DomainError as error:
            return error.code
        return "done"

    return Counter(await asyncio.gather(*(one(number, command) for number, command in enumerate(commands))))


async def reserve(campus: Campus, orders: int, limit: int) -> None:
    """So many order with a coupon that can be used so often."""
    await campus.give(*SHOP, CreateCoupon("FEW", "percent", percent_bp=1_000, limit=limit))
    commands = [order(f"o{number}", learner_id=f"l{number}", coupon_id="FEW") for number in range(orders)]
    assert await ask(campus, commands) == {"done": limit, "coupon_used_up": orders - limit}
    types = Counter(fact.type for fact in await campus.log.stream("coupon-FEW"))
    assert types == {"coupon.created": 1, "coupon.reserved": limit}


async def test_a_coupon_is_used_no_more_often_than_it_can_be(on_postgres: Campus) -> None:
    """Those who come first have it; all others are refused by name."""
    await reserve(on_postgres, 60, 7)


@pytest.mark.slow
async def test_a_coupon_holds_under_a_thousand_orders(on_postgres: Campus) -> None:
    """The same for a thousand at once."""
    await reserve(on_postgres, 1_000, 100)


async def test_a_learner_has_one_open_order_for_a_product(on_postgres: Campus) -> None:
    """However often the button was pressed: all are answered with the one that was placed."""
    await on_postgres.give(*SHOP)
    assert await ask(on_postgres, [order(f"o{number}") for number in range(16)]) == {"done": 16}
    head = await on_postgres.log.head()
    placed = [fact for fact in await on_postgres.log.read(0, head) if fact.type == "order.placed"]
    assert len(placed) == 1


async def test_no_more_is_refunded_than_was_captured(on_postgres: Campus) -> None:
    """Staff who press the button at once share what there is; a capture that comes many times is one."""
    await on_postgres.give(*SHOP)
    await buy(on_postgres)
    asked = [RequestRefund("ann", "o1", "asked", 1_000) for _ in range(12)]
    assert await ask(on_postgres, [*asked, *(paid() for _ in range(4))]) == {"done": 8, "not_refundable": 8}
    types = Counter(fact.type for fact in await on_postgres.log.stream("order-ann:o1"))
    assert (types["order.refund_requested"], types["order.paid"], types["order.overpaid"]) == (4, 1, 0)
