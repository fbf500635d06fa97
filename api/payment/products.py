"""What is sold, and at which price: for everyone to look at, for the staff to change."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Path, Query, Response
from pydantic import Field

from adapters.postgres.as_of.parts import product_table
from adapters.postgres.queries import products
from adapters.postgres.queries.reader import Reader
from api.http.as_of import AsOf
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, Id, Limit, Time, Title, one_of
from api.payment.orders import Amount, Currency
from api.payment.reading import ROWS
from commands.payment.products import ChangePrice, CreateProduct, RetireProduct
from domain.payment.errors import ProductNotFound
from domain.payment.product import INTERVALS, KINDS, ON_DISPUTE, SUSPEND, present_prices
from projections.engine.moment import Moment
from projections.orders.rows import ProductRow

router = strict_router("payment", "/v1/products")
ProductId = Annotated[str, Path(pattern=ID, max_length=64, description="The product.", examples=["algebra"])]
After = Annotated[str, Query(pattern=r"^[A-Za-z0-9_.-]{0,64}$", description="`next` of the page before.")]
Days = Annotated[int, Field(ge=0, le=3_650)]


class ProductDetails(msgspec.Struct, kw_only=True):
    """A product; `prices` are what it costs now, in minor units by currency."""

    product_id: str
    title: str
    kind: str
    course_id: str | None = None
    run_id: str | None = None
    products: list[str]
    interval: str | None = None
    interval_count: int | None = None
    trial_days: int
    grace_days: int
    access_days: int | None = None
    on_dispute: str
    is_sold: bool
    prices: dict[str, int]


class ProductPage(msgspec.Struct, kw_only=True):
    """Products, in the order of their ids."""

    items: list[ProductDetails]
    next: str | None = None


EXAMPLE = ProductDetails(
    product_id="algebra",
    title="Algebra",
    kind="course",
    course_id="algebra",
    run_id=None,
    products=[],
    interval=None,
    interval_count=None,
    trial_days=0,
    grace_days=0,
    access_days=None,
    on_dispute="suspend",
    is_sold=True,
    prices={"EUR": 4900, "JPY": 7800},
)


class NewProduct(Body):
    """What is sold: a course (its current run), a run, a bundle of such products, or a plan."""

    model_config = example(product_id="algebra", title="Algebra", kind="course", course_id="algebra")

    product_id: Id
    title: Title
    kind: Annotated[str, one_of(KINDS)]
    course_id: Id | None = None
    run_id: Id | None = None
    products: Annotated[list[Id], Field(max_length=50)] = Field(default_factory=list)
    interval: Annotated[str, one_of(INTERVALS)] | None = None
    interval_count: Annotated[int, Field(ge=1, le=36)] | None = None
    trial_days: Days = 0
    grace_days: Days = 0
    access_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    on_dispute: Annotated[str, one_of(ON_DISPUTE)] = SUSPEND


class NewPrice(Body):
    """What a product costs from a time on, from now on if none is given."""

    model_config = example(currency="EUR", amount=4900)

    currency: Currency
    amount: Amount
    valid_from: Time | None = None


class Retirement(Body):
    """Why it is sold no more."""

    model_config = example(reason="replaced by algebra-2")

    reason: ClearReason = "unspecified"


@router.post("", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def create_product(body: NewProduct, handle: Dispatch) -> Response:
    """Make a product; it can be bought once it has a price."""
    terms = body.model_dump()
    return await handle(CreateProduct(**{**terms, "products": tuple(body.products)}))


@router.post("/{product_id}/prices", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def change_price(product_id: ProductId, body: NewPrice, handle: Dispatch) -> Response:
    """Give a product a price, or another one; orders that were placed keep theirs."""
    return await handle(ChangePrice(product_id, body.currency, body.amount, body.valid_from))


@router.post("/{product_id}/retire", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def retire_product(product_id: ProductId, body: Retirement, handle: Dispatch) -> Response:
    """Sell a product no more; who has bought it keeps what was bought."""
    return await handle(RetireProduct(product_id, body.reason))


@router.get("", responses=query(ProductPage(items=[EXAMPLE], next=None)))
async def list_products(ask: QueryDep, moment: AsOf, limit: Limit = 50, after: After = "") -> Response:
    """What is sold, and at which price now."""
    reader = await _reader(ask, moment)
    page = await ask.read_at_least(ROWS, lambda: products.products(reader, after, limit + 1))
    items = [_details(body, ask.now(moment)) for _, body in page.rows[:limit]]
    shown = ProductPage(items=items, next=items[-1].product_id if len(page.rows) > limit else None)
    return ask.reply(msgspec.json.encode(shown), page.position, ask.headers_at(moment, ROWS))


@router.get("/{product_id}", responses=query(EXAMPLE, 404))
async def get_product(product_id: ProductId, ask: QueryDep, moment: AsOf) -> Response:
    """A product, also one that is sold no more."""
    reader = await _reader(ask, moment)
    answer = await ask.read_at_least(ROWS, lambda: products.product(reader, product_id))
    if answer.body is None:
        raise ProductNotFound(product_id=product_id)
    body = msgspec.json.encode(_details(answer.body, ask.now(moment)))
    return ask.reply(body, answer.position, ask.headers_at(moment, ROWS))


async def _reader(ask: QueryContext, moment: Moment | None) -> Reader:
    if moment is None:
        return ask.services.reader
    return ask.reader_of([await product_table(ask.services.folders, moment)], moment)


def _details(body: bytes | str, at: datetime) -> ProductDetails:
    """What is shown of a product; which price is valid depends on the time."""
    row = msgspec.json.decode(body, type=ProductRow)
    prices = present_prices(row.prices, at)
    own = {name: getattr(row, name) for name in ProductDetails.__struct_fields__ if hasattr(row, name)}
    return ProductDetails(**{**own, "prices": prices, "is_sold": not row.is_retired and bool(prices)})
