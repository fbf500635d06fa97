"""What an order is made of: products with their prices and what they grant, and the runs that can be entered now."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from commands.log import Log
from commands.lookups.catalog import current_run, outline
from commands.lookups.enrollment import has_room, must_enter
from domain.fact import Fact
from domain.payment.errors import BadProduct, NoRunOnSale, ProductNotFound, SoldOut
from domain.payment.order_line import Grant, Item, Plan
from domain.payment.product import COURSE, PLAN, RUN, Product, product_stream
from domain.payment.subscription import Subscription
from domain.tags import QueryItem, tag

ENDS = ("order.paid", "order.cancelled", "order.expired")


class Ordered(NamedTuple):
    """
    The orders of a learner by the products of their lines.

    Attributes:
        open: those that wait for a payment.
        paid: of those that are paid, the product of each line that is no plan, by the name of what the line grants.
    """

    open: list[str]
    paid: dict[str, str]


async def orders_of(log: Log, learner_id: str) -> Ordered:
    """The orders of a learner; if one is placed, or ends, meanwhile, all is decided again."""
    placed: dict[str, Fact] = {}
    paid: dict[str, str] = {}
    for fact in await log.facts((QueryItem(("order.placed", *ENDS), (tag("learner", learner_id),)),)):
        order_id = fact.id("order_id")
        if fact.type == "order.placed":
            placed[order_id] = fact
            continue
        order = placed.pop(order_id, None)
        if order is not None and fact.type == "order.paid":
            lines = (line for line in order.data["lines"] if line["plan"] is None)
            paid |= {f"{order_id}.{line['line']}": line["product_id"] for line in lines}
    return Ordered(list(placed), paid)


async def subscriptions_of(log: Log, learner_id: str) -> list[Subscription]:
    """All subscriptions of a learner; if one starts, or changes, meanwhile, all is decided again."""
    started = QueryItem(("subscription.started",), (tag("learner", learner_id),))
    return [await log.read(Subscription, stream) for stream in await log.streams((started,))]


async def grants_of(log: Log, product: Product) -> list[Grant]:
    """
    What a product gives access to.

    Raises:
        ProductNotFound, BadProduct: it consists of products that do not exist, or are bundles or plans themselves.
    """
    terms = product.terms
    if terms.course_id is not None:
        return [Grant(terms.course_id, terms.run_id)]
    grants: list[Grant] = []
    for product_id in terms.products:
        part = await log.read(Product, product_stream(product_id))
        if not part.exists:
            raise ProductNotFound(product_id=product_id)
        if part.terms.kind not in (COURSE, RUN) or part.terms.course_id is None:
            raise BadProduct(f"product {product_id} is a {part.terms.kind}: only courses and runs are put together")
        grants.append(Grant(part.terms.course_id, part.terms.run_id))
    return list(dict.fromkeys(grants))


async def items_of(log: Log, learner_id: str, products: Sequence[str], currency: str) -> list[Item]:
    """
    What a learner orders, at the prices of now; the trial of a plan is for who has never had that plan.

    Raises:
        ProductNotFound, ProductRetired, NoPrice: it is not sold, or not in this currency.
        RunClosed, RunEnded, SoldOut, NoRunOnSale: what it grants cannot be entered.
    """
    items: list[Item] = []
    for product_id in products:
        product = await log.read(Product, product_stream(product_id))
        terms, price = product.terms, product.price(currency, log.context.at)
        grants = await grants_of(log, product)
        for grant in grants:
            await _must_be_on_sale(log, learner_id, grant)
        plan = None
        if terms.kind == PLAN:
            had = any(product_id in each.products for each in await subscriptions_of(log, learner_id))
            interval, count, trial_days = terms.interval or "", terms.interval_count or 0, terms.trial_days
            plan = Plan(interval, count, 0 if had else trial_days, terms.grace_days, price.amount)
        items.append(
            Item(
                product_id=product_id,
                title=terms.title,
                grants=grants,
                price=0 if plan is not None and plan.trial_days else price.amount,
                price_version=price.version,
                access_days=terms.access_days,
                on_dispute=terms.on_dispute,
                plan=plan,
            )
        )
    return items


async def _must_be_on_sale(log: Log, learner_id: str, grant: Grant) -> None:
    run_id = grant.run_id or await current_run(log, grant.course_id, log.context.at)
    if run_id is None:
        raise NoRunOnSale(course_id=grant.course_id)
    run = await outline(log, run_id)
    await must_enter(log, learner_id, run, log.context.at)
    if not await has_room(log, learner_id, run):
        raise SoldOut(run_id=run_id)


async def runs_of(log: Log, grants: Sequence[Grant], at: datetime) -> list[str]:
    """
    The runs to which access is given; of a course the one that is current, if need be one that is closed.

    Raises:
        NoRunOnSale: a course has none that is not over.
    """
    runs, missing = await current_runs(log, grants, at)
    if missing:
        raise missing[0]
    return runs


async def current_runs(log: Log, grants: Sequence[Grant], at: datetime) -> tuple[list[str], list[NoRunOnSale]]:
    """The runs to which access is given, and why it cannot be given for some courses."""
    runs: dict[str, None] = {}
    missing: list[NoRunOnSale] = []
    for grant in grants:
        run_id = grant.run_id or await current_run(log, grant.course_id, at, is_open=False)
        if run_id is None:
            missing.append(NoRunOnSale(course_id=grant.course_id))
        else:
            runs[run_id] = None
    return list(runs), missing
