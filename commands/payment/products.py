"""What is sold, and at which price."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from commands.log import Log, Position
from commands.lookups.catalog import course_of_run, must_have_course
from commands.payment.selling import grants_of
from domain.payment.errors import BadProduct
from domain.payment.offers import Offers, offers_stream
from domain.payment.product import SUSPEND, Product, Terms, product_stream


@dataclass(frozen=True)
class CreateProduct:
    """Make something that can be bought, see `domain.payment.product.Terms`; a run's course is looked up."""

    product_id: str
    title: str
    kind: str
    course_id: str | None = None
    run_id: str | None = None
    products: Sequence[str] = ()
    interval: str | None = None
    interval_count: int | None = None
    trial_days: int = 0
    grace_days: int = 0
    access_days: int | None = None
    on_dispute: str = SUSPEND


async def create_product(command: CreateProduct, log: Log) -> Position:
    product = await log.load(Product, product_stream(command.product_id))
    terms = {field.name: getattr(command, field.name) for field in fields(command) if field.name != "product_id"}
    if command.run_id is not None:
        terms["course_id"] = await course_of_run(log, command.run_id)
        if command.course_id not in (None, terms["course_id"]):
            raise BadProduct(f"run {command.run_id} is one of course {terms['course_id']}", kind=command.kind)
    elif command.course_id is not None:
        await must_have_course(log, command.course_id)
    product.create(Terms(**terms))
    offers = await _offers(log, product)
    for course, run_id in offers:
        course.add(command.product_id, run_id)
    return await log.save(*{course.id: course for course, _ in offers}.values(), product)


@dataclass(frozen=True)
class RetireProduct:
    """Sell a product no more."""

    product_id: str
    reason: str = ""


async def retire_product(command: RetireProduct, log: Log) -> Position:
    product = await log.load(Product, product_stream(command.product_id))
    product.retire(command.reason)
    offers = {course.id: course for course, _ in await _offers(log, product)}
    for course in offers.values():
        course.remove(command.product_id)
    return await log.save(*offers.values(), product)


async def _offers(log: Log, product: Product) -> list[tuple[Offers, str | None]]:
    """The offers of each course that the product grants, with the run of it, None for the course."""
    return [
        (await log.load(Offers, offers_stream(grant.course_id)), grant.run_id)
        for grant in await grants_of(log, product)
    ]


@dataclass(frozen=True)
class ChangePrice:
    """Sell a product at another price from *valid_from* on; None: from now on."""

    product_id: str
    currency: str
    amount: int
    valid_from: datetime | None = None


async def change_price(command: ChangePrice, log: Log) -> Position:
    product = await log.load(Product, product_stream(command.product_id))
    product.change_price(command.currency, command.amount, command.valid_from, log.context.at)
    return await log.save(product)
