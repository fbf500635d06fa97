"""Orders: what is answered, an example, and the SQL over the rows of projections/orders."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader, RowPage
from domain.payment.dispute import LOST
from domain.payment.order_state import FAILED, ISSUED, Status

MOST_COUNTED = 10_000  # orders; one more stands for any number above


class OrderLine(msgspec.Struct, kw_only=True):
    """
    One line of an order, amounts in minor units of its currency.

    `total` is `price` without `discount` and includes `tax`; `refunded` is what was given back of it.
    """

    line: int
    product_id: str
    title: str
    price: int
    discount: int
    tax: int
    total: int
    refunded: int


class OrderPayment(msgspec.Struct, kw_only=True):
    """An attempt to pay; `captured` is null as long as no money has come."""

    payment_id: str
    status: str
    amount: int
    captured: int | None
    fee: int
    reason: str


class OrderRefund(msgspec.Struct, kw_only=True):
    """Money of a payment that goes back: `requested`, `issued` or `failed`."""

    refund_id: str
    payment_id: str
    amount: int
    status: str


class OrderDispute(msgspec.Struct, kw_only=True):
    """A dispute about a payment; `outcome` is null as long as it is open."""

    dispute_id: str
    payment_id: str
    amount: int
    outcome: str | None


class OrderDetails(msgspec.Struct, kw_only=True):
    """
    An order with all that belongs to it; `captured` and `refunded` are over all its payments.

    `excess` is what has come beside what the order costs (it was paid twice, or after it was over), and is neither
    given back nor disputed.

    `checkout_url` is where it is paid, null unless it waits for a payment: rows have an empty text for it, and the
    API makes the address.
    """

    order_id: str
    learner_id: str
    status: str
    currency: str
    subtotal: int
    discount: int
    tax: int
    total: int
    captured: int
    excess: int
    refunded: int
    coupon: str | None
    placed_at: datetime
    expires_at: datetime | None
    paid_at: datetime | None
    checkout_url: str | None
    receipt: str | None
    receipt_issued_at: datetime | None
    lines: list[OrderLine]
    payments: list[OrderPayment]
    refunds: list[OrderRefund]
    disputes: list[OrderDispute]


AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
EXAMPLE = OrderDetails(
    order_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    learner_id="28400",
    status="paid",
    currency="EUR",
    subtotal=4_900,
    discount=0,
    tax=782,
    total=4_900,
    captured=4_900,
    excess=0,
    refunded=0,
    coupon="SPRING",
    placed_at=AT,
    expires_at=AT,
    paid_at=AT,
    checkout_url="https://campus.example/v1/orders/0199c7f0a1b27c3d8e4f5a6b7c8d9e0f/checkout?ticket=Mjg0MDA.5f1c",
    receipt="2026-000001",
    receipt_issued_at=AT,
    lines=[
        OrderLine(
            line=1, product_id="algebra", title="Algebra", price=4_900, discount=0, tax=782, total=4_900, refunded=0
        )
    ],
    payments=[
        OrderPayment(
            payment_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f.1",
            status="captured",
            amount=4_900,
            captured=4_900,
            fee=98,
            reason="",
        )
    ],
    refunds=[],
    disputes=[],
)

_REFUNDED = f"""(
    SELECT coalesce(sum((share->>'amount')::bigint)::bigint, 0)
      FROM jsonb_each(refunds) AS each (key, part) CROSS JOIN jsonb_array_elements(part->'lines') AS shares (share)
     WHERE part->>'status' = '{ISSUED}' AND share->'line' = line->'line')"""
_LINE = json_object(
    OrderLine,
    **{name: f"line->'{name}'" for name in OrderLine.__struct_fields__ if name != "refunded"},
    refunded=_REFUNDED,
)
_REFUND = json_object(OrderRefund, **{name: f"part->'{name}'" for name in OrderRefund.__struct_fields__})
_DISPUTE = json_object(
    OrderDispute,
    dispute_id="key",
    payment_id="part->'payment_id'",
    amount="part->'amount'",
    outcome="nullif(part->>'outcome', '')",
)
_OF_ORDER = "learner_id = o.learner_id AND order_id = o.order_id"
_OF_RECEIPT = f"(SELECT {{}} FROM receipts WHERE {_OF_ORDER} LIMIT 1)"
_SUM = "(SELECT coalesce(sum({})::bigint, 0) FROM jsonb_each({}) AS each (key, part){})"
_CAPTURED = _SUM.format("part::bigint", "captured", "")
# A refund of an excess is of no line. Which of two equal payments has paid the lines is not in the row: a dispute about
# one of them is not taken off.
_OF_NO_LINE = f" WHERE part->'lines' = '[]' AND part->>'status' <> '{FAILED}'"
_BACK = _SUM.format("(part->>'amount')::bigint", "refunds", _OF_NO_LINE)
_HELD = _SUM.format(
    "(part->>'amount')::bigint",
    "disputes",
    f" WHERE part->>'outcome' IN ('', '{LOST}') AND (\"end\" <> '{Status.PAID}'"
    " OR (captured->>(part->>'payment_id'))::bigint <> total)",
)
EXCESS = f"greatest({_CAPTURED} - CASE WHEN \"end\" = '{Status.PAID}' THEN total ELSE 0 END - {_BACK} - {_HELD}, 0)"
"""What has come beside what an order costs, and is neither given back nor disputed."""
ENTRY = json_object(
    OrderDetails,
    captured=_CAPTURED,
    excess=EXCESS,
    refunded=_SUM.format("(part->>'amount')::bigint", "refunds", f" WHERE part->>'status' = '{ISSUED}'"),
    coupon="coupon_id",
    checkout_url=f"CASE WHEN \"end\" = '{Status.OPEN}' THEN '' END",
    receipt=_OF_RECEIPT.format("number"),
    receipt_issued_at=_OF_RECEIPT.format("issued_at"),
    lines=f"(SELECT {json_array(_LINE, 'no')} FROM jsonb_array_elements(lines) WITH ORDINALITY AS e (line, no))",
    payments=f"(SELECT {json_array(json_object(OrderPayment), 'requested_at, payment_id')} FROM payments"
    f" WHERE {_OF_ORDER})",
    refunds=f"(SELECT {json_array(_REFUND, 'key')} FROM jsonb_each(refunds) AS each (key, part))",
    disputes=f"(SELECT {json_array(_DISPUTE, 'key')} FROM jsonb_each(disputes) AS each (key, part))",
)
CONDITIONS = {
    "status": "status = %(status)s",
    "learner_id": "learner_id = %(learner_id)s",
    "currency": "currency = %(currency)s",
    "coupon": "coupon_id = %(coupon)s",
    "product_id": "lines @> jsonb_build_array(jsonb_build_object('product_id', %(product_id)s::text))",
    "overpaid": f"({EXCESS} > 0) = %(overpaid)s",
    "placed_after": "placed_at > %(placed_after)s",
    "placed_before": "placed_at < %(placed_before)s",
}
"""By filter, which orders fit it."""
_MICROSECONDS = "(extract(epoch FROM placed_at) * 1e6)::bigint"
LIST = """
SELECT {checkpoint}, {total}, page.sorted, page.order_id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT {sort} AS sorted, order_id, {entry}::text AS body FROM (
        SELECT * FROM orders WHERE placed_at IS NOT NULL{narrowed}{after}
         ORDER BY placed_at {direction}, order_id {direction} LIMIT %(limit)s) AS o) AS page ON true
 ORDER BY page.sorted {direction}, page.order_id {direction}
"""
ORDER = f"""
SELECT {CHECKPOINT.format("orders")}, (
    SELECT {ENTRY}::text FROM orders AS o
     WHERE order_id = %(order)s AND learner_id = coalesce(%(learner)s, learner_id) AND placed_at IS NOT NULL LIMIT 1)
"""
OF_LEARNER = f"""(
    SELECT {json_array(ENTRY, "placed_at DESC, order_id DESC")} FROM orders AS o
     WHERE learner_id = %(learner)s AND placed_at IS NOT NULL)"""
TOTAL = "(SELECT count(*) FROM (SELECT FROM orders WHERE placed_at IS NOT NULL{narrowed} LIMIT %(most)s) AS counted)"
AFTER = " AND (placed_at, order_id) {} (timestamptz 'epoch' + %(a)s * interval '1 microsecond', %(b)s)"


class Listed(msgspec.Struct, frozen=True):
    """A page, how many orders there are on all pages if that was asked for, and the position."""

    page: RowPage
    total: int | None

    @property
    def position(self) -> int:
        """The position for which it is true."""
        return self.page.position


async def order(reader: Reader, order_id: str, learner_id: str | None = None) -> Answer:
    """One order, of any learner or of this one."""
    return await reader.answer(ORDER, {"order": order_id, "learner": learner_id})


async def of_learner(reader: Reader, learner_id: str) -> Answer:
    """All orders of a learner, the newest first."""
    return await reader.answer(f"SELECT {CHECKPOINT.format('orders')}, {OF_LEARNER}::text", {"learner": learner_id})


async def orders(
    reader: Reader, filters: dict[str, Any], after: Sequence[Any] | None, limit: int, *, descending: bool, total: bool
) -> Listed:
    """Up to *limit* orders that fit the *filters* (by name of `CONDITIONS`), after a time in microseconds and an id."""
    filters = {name: value for name, value in filters.items() if value is not None}
    narrowed = "".join(f" AND {CONDITIONS[name]}" for name in filters)
    query = LIST.format(
        checkpoint=CHECKPOINT.format("orders"),
        total=TOTAL.format(narrowed=narrowed) if total else "NULL::bigint",
        sort=_MICROSECONDS,
        entry=ENTRY,
        narrowed=narrowed,
        after=AFTER.format("<" if descending else ">") if after else "",
        direction="DESC" if descending else "ASC",
    )
    a, b = after or (None, None)
    found = await reader.rows(query, {**filters, "a": a, "b": b, "limit": limit, "most": MOST_COUNTED + 1})
    return Listed(RowPage([row[2:] for row in found if row[-1] is not None], found[0][0] or 0), found[0][1])
