"""What analysts find, as it is there: the views that are made, with the types of their columns and what they mean."""

from typing import NamedTuple

from adapters.postgres.analytics.views import VIEWS
from adapters.postgres.connection import Connection

COLUMNS = """
SELECT relname::text, attname::text, format_type(atttypid, atttypmod)
  FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
 WHERE relnamespace = to_regnamespace(%s) AND relkind = 'v' ORDER BY relname, attnum
"""


class DescribedColumn(NamedTuple):
    """A column of a view; `type` is PostgreSQL's name of its type."""

    name: str
    type: str
    meaning: str


class DescribedView(NamedTuple):
    """A view, and what one row of it is."""

    name: str
    meaning: str
    columns: list[DescribedColumn]


async def described_views(connection: Connection, schema: str) -> list[DescribedView]:
    """The views of a campus that are made, in the order in which docs/analytics.md has them."""
    types = {(view, name): kind for view, name, kind in await (await connection.execute(COLUMNS, [schema])).fetchall()}
    return [
        DescribedView(
            view.name,
            view.meaning,
            [
                DescribedColumn(each.name, types[view.name, each.name], each.meaning)
                for each in view.columns
                if (view.name, each.name) in types
            ],
        )
        for view in VIEWS
        if any((view.name, each.name) in types for each in view.columns)
    ]
