"""
Offers: by which products a course is sold.

A course, or one of its runs, is sold as soon as a product grants it, and stays so when the product is retired: no
learner gets for nothing what others have paid for.
"""

from domain.aggregate import Aggregate, event, stream_id


def offers_stream(course_id: str) -> str:
    return stream_id("offers", course_id)


class Offers(Aggregate):
    """The products that grant access to a course."""

    category = "offers"
    ids = ("course_id",)

    class ProductAdded(Aggregate.Event):
        TOPIC = "offers.product_added"
        product_id: str
        run_id: str | None

    class ProductRemoved(Aggregate.Event):
        TOPIC = "offers.product_removed"
        product_id: str

    def initial_state(self) -> None:
        self.products: dict[str, list[str | None]] = {}  # the runs of each, None for the course
        self.sold: set[str | None] = set()  # what was ever offered

    def add(self, product_id: str, run_id: str | None) -> None:
        """Sell the course, or one run of it, by a product."""
        if run_id not in self.products.get(product_id, ()):
            self._product_added(product_id=product_id, run_id=run_id)

    @event(ProductAdded)
    def _product_added(self, product_id: str, run_id: str | None) -> None:
        self.products.setdefault(product_id, []).append(run_id)
        self.sold.add(run_id)

    def remove(self, product_id: str) -> None:
        """Sell it no more by a product that is retired."""
        if product_id in self.products:
            self._product_removed(product_id=product_id)

    @event(ProductRemoved)
    def _product_removed(self, product_id: str) -> None:
        self.products.pop(product_id, None)

    def sells(self, run_id: str) -> bool:
        """Whether a run of the course is sold, or was."""
        return None in self.sold or run_id in self.sold

    def granting(self, run_id: str) -> list[str]:
        """The products by which a run can be bought now."""
        return [product for product, runs in self.products.items() if None in runs or run_id in runs]
