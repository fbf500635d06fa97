"""Which rows an answer needs that is about one learner, one run or what is on offer: each folded from its own facts."""

from collections.abc import Mapping

from adapters.postgres.as_of.folder import KeyFolder, KeyRows
from domain.payment.books import Receipts
from domain.payment.product import Product
from projections.catalog import Catalog
from projections.engine.moment import Moment
from projections.engine.projection import Table
from projections.orders import Orders
from projections.orders.rows import PRODUCTS, RECEIPTS

Folders = Mapping[str, KeyFolder]
FoldedTables = list[tuple[Table, KeyRows]]


async def learner_tables(folders: Folders, projection: str, learner_id: str, moment: Moment) -> FoldedTables:
    """The rows of a learner in one read model; of orders also the receipts, which are numbered for the whole campus."""
    folder = folders[projection]
    rows = await folder.rows(learner_id, moment)
    folded = [(table, rows) for table in folder.own_tables]
    if projection == Orders.name:
        folded.append((RECEIPTS, await folder.rows_of_streams(Receipts.category, moment, learner_id)))
    return folded


async def run_tables(folders: Folders, run_id: str, moment: Moment) -> FoldedTables:
    """The rows of a run in the catalog, with those of its quizzes."""
    rows = await folders[Catalog.name].rows_of_run(run_id, moment)
    return [(table, rows) for table in Catalog.tables]


async def catalog_tables(folders: Folders, moment: Moment) -> FoldedTables:
    """The whole catalog, and the products by which its runs are sold."""
    rows = await folders[Catalog.name].reference_rows(moment)
    return [*((table, rows) for table in Catalog.tables), await product_table(folders, moment)]


async def product_table(folders: Folders, moment: Moment) -> tuple[Table, KeyRows]:
    """All that is or was sold."""
    return PRODUCTS, await folders[Orders.name].rows_of_streams(Product.category, moment)
