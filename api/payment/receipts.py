"""Receipts: pages that print well, one for each order that was paid."""

from html import escape

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from adapters.postgres.queries.orders import OrderDetails
from api.http.as_of import AsOf
from api.http.openapi import page as described
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.payment.checkout import HEADERS
from api.payment.orders import OrderId
from api.payment.reading import ROWS, read_order, record_order_look
from domain.payment.errors import OrderNotPaid, ReceiptNotIssued
from domain.payment.money import shown

router = strict_router("payment", "/v1/orders")
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Receipt {number}</title>
<style>
body {{ font: 11pt/1.5 system-ui, sans-serif; color: #000; background: #fff; max-width: 40rem; margin: 2rem auto;
  padding: 0 1rem; overflow-wrap: anywhere }}
h1 {{ font-size: 1.6rem; margin: 0 0 1rem }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0 0 2rem }}
dt {{ color: #595959 }} dd {{ margin: 0 }}
table {{ width: 100%; border-collapse: collapse }}
caption {{ text-align: left; font-weight: bold; padding-bottom: .5rem }}
th, td {{ text-align: left; padding: .35rem 0; border-bottom: 1px solid #767676; vertical-align: top }}
tbody th {{ font-weight: normal }} tfoot :is(th, td) {{ border: 0 }}
.amount {{ text-align: right; padding-left: 1rem; white-space: nowrap; font-variant-numeric: tabular-nums }}
.sum {{ font-weight: bold }} tfoot tr:not(.sum) th {{ font-weight: normal }}
small {{ display: block; color: #595959 }}
@page {{ margin: 2cm }}
@media print {{ body {{ margin: 0; padding: 0; max-width: none }} tr {{ break-inside: avoid }} }}
</style>
</head>
<body>
<main>
<h1>Receipt {number}</h1>
<dl><dt>Issued</dt><dd>{issued}</dd><dt>Order</dt><dd>{order}</dd><dt>Learner</dt><dd>{learner}</dd></dl>
<table>
<caption>What was bought</caption>
<thead><tr><th scope="col">Item</th><th scope="col" class="amount">Amount</th></tr></thead>
<tbody>
{rows}
</tbody>
<tfoot>
{sums}
</tfoot>
</table>
</main>
</body>
</html>
"""


@router.get(
    "/{order_id}/receipt",
    responses=described("The receipt, as a page that prints well.", 401, 403, 409, 412),
    response_class=HTMLResponse,
)
async def get_receipt(request: Request, order_id: OrderId, ask: QueryDep, moment: AsOf) -> Response:
    """The receipt of a paid order."""
    await record_order_look(request, ask, order_id, moment)
    order, position = await read_order(ask, order_id, moment)
    if order.receipt is None and order.paid_at is not None:
        raise ReceiptNotIssued(order_id=order_id)
    if order.receipt is None:
        raise OrderNotPaid(learner_id=order.learner_id, order_id=order_id, status=order.status)
    as_of = {"campus-position": str(position), **ask.headers_at(moment, ROWS)} if moment else {}
    return HTMLResponse(page(order), headers={**HEADERS, **as_of})


def page(order: OrderDetails) -> str:
    """The page of a receipt."""

    def money(amount: int) -> str:
        return escape(shown(amount, order.currency))

    def row(name: str, amount: int, more: str = "", kind: str = "") -> str:
        label = escape(name) + (f"<small>{more}</small>" if more else "")
        return f'<tr{kind}><th scope="row">{label}</th><td class="amount">{money(amount)}</td></tr>'

    lines = []
    for line in order.lines:
        discount = f"{money(line.price)} less a discount of {money(line.discount)}" if line.discount else ""
        lines.append(row(line.title, line.total, discount))
    sums = [row("Paid", order.total, kind=' class="sum"')]
    if order.tax:
        sums.append(row("Tax included in it", order.tax))
    if refunded := sum(line.refunded for line in order.lines):  # without what was paid twice, which is not on it
        sums.append(row("Refunded", -refunded))
    return PAGE.format(
        number=escape(order.receipt or ""),
        issued=f"{order.receipt_issued_at:%Y-%m-%d}",
        order=escape(order.order_id),
        learner=escape(order.learner_id),
        rows="\n".join(lines),
        sums="\n".join(sums),
    )
