"""
What is sold: the SQL over the rows of projections/orders.

Prices come with their times: domain/payment/product.py says which is valid.
"""

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader, RowPage
from projections.orders.rows import ProductRow

_AT = CHECKPOINT.format("orders")
_ROW = f"{json_object(ProductRow)}::text"
_decode = msgspec.json.Decoder(list[ProductRow]).decode
PRODUCT = f"SELECT {_AT}, (SELECT {_ROW} FROM products WHERE product_id = %(product)s AND created_at IS NOT NULL)"
PRODUCTS = f"""
SELECT {_AT}, page.id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT product_id AS id, {_ROW} AS body FROM products
     WHERE product_id > %(after)s AND created_at IS NOT NULL AND NOT is_retired
     ORDER BY product_id LIMIT %(limit)s) AS page ON true ORDER BY page.id
"""

GRANTING = f"""
SELECT {_AT}, (
    SELECT {json_array(json_object(ProductRow), "product_id")}::text FROM products
     WHERE created_at IS NOT NULL AND (course_id = ANY(%(courses)s) OR products ?| ARRAY(
         SELECT product_id FROM products WHERE course_id = ANY(%(courses)s))))
"""


class Granting(NamedTuple):
    """Products, and the position for which they are true."""

    products: list[ProductRow]
    position: int


async def product(reader: Reader, product_id: str) -> Answer:
    """One product, as its row."""
    return await reader.answer(PRODUCT, {"product": product_id})


async def products(reader: Reader, after: str, limit: int) -> RowPage:
    """A page of the products that are not retired, as their rows, in the order of their ids."""
    return await reader.page(PRODUCTS, {"after": after, "limit": limit})


async def granting(reader: Reader, courses: Collection[str]) -> Granting:
    """All products that grant one of the courses or a run of it, also those that are retired."""
    answer = await reader.answer(GRANTING, {"courses": list(courses)})
    return Granting(_decode(answer.body or b"[]"), answer.position)
