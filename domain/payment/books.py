"""The books: payouts of the provider, receipts without gaps in their numbers, and days that are closed."""

from datetime import date, datetime
from typing import ClassVar

from domain.aggregate import Aggregate, event, stream_id
from domain.payment.errors import BadPeriod

BOOK = "main"  # the one book of a campus


def payout_stream(payout_id: str) -> str:
    return stream_id("payout", payout_id)


def receipts_stream(year: int) -> str:
    return stream_id("receipts", str(year))


def books_stream(book: str = BOOK) -> str:
    return stream_id("books", book)


class Payout(Aggregate):
    """Money that the provider sends to our bank; its id is the provider's."""

    category = "payout"
    ids = ("payout_id",)

    class Received(Aggregate.Event):
        TOPIC = "payout.received"
        amount: int
        currency: str
        arrived_on: date
        transactions: int

    class Failed(Aggregate.Event):
        TOPIC = "payout.failed"
        reason: str

    def initial_state(self) -> None:
        self.received = False
        self.failed = False

    def receive(self, amount: int, currency: str, arrived_on: date, transactions: int) -> None:
        """It has arrived, with so many balance transactions in it."""
        if not self.received:
            self._received(amount=amount, currency=currency, arrived_on=arrived_on, transactions=transactions)

    @event(Received)
    def _received(self, amount: int, currency: str, arrived_on: date, transactions: int) -> None:
        self.received = True

    def fail(self, reason: str) -> None:
        """The bank has sent it back, or it has never arrived."""
        if not self.failed:
            self._failed(reason=reason)

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self.failed = True


class Receipts(Aggregate):
    """The receipts of a year: the number of each is its place in this stream."""

    category = "receipts"
    ids = ("year",)
    mentions_learner = True
    snapshot_every = 200
    snapshot_fields: ClassVar = {"numbers": dict[str, str]}

    class Issued(Aggregate.Event):
        TOPIC = "receipts.issued"
        number: str
        learner_id: str
        order_id: str
        total: int
        currency: str
        issued_at: datetime

    def initial_state(self) -> None:
        self.numbers: dict[str, str] = {}  # by order

    def issue(self, learner_id: str, order_id: str, total: int, currency: str, at: datetime) -> str:
        """Give an order its receipt; returns the number, the same whenever it is asked for."""
        if order_id not in self.numbers:
            number = f"{self.id_of('year')}-{len(self.numbers) + 1:06}"
            self._issued(
                number=number, learner_id=learner_id, order_id=order_id, total=total, currency=currency, issued_at=at
            )
        return self.numbers[order_id]

    @event(Issued)
    def _issued(
        self, number: str, learner_id: str, order_id: str, total: int, currency: str, issued_at: datetime
    ) -> None:
        self.numbers[order_id] = number


class Books(Aggregate):
    """Up to which day the ledger is closed."""

    category = "books"
    ids = ("book",)
    scope = "reference"

    class PeriodClosed(Aggregate.Event):
        TOPIC = "books.period_closed"
        until: date

    def initial_state(self) -> None:
        self.closed_until: date | None = None

    def close(self, until: date, today: date) -> None:
        """
        Close all days up to *until*, included; what concerns them later is booked on the first open day.

        Raises:
            BadPeriod: the day is not over, or was closed before.
        """
        if until >= today:
            raise BadPeriod(f"{until} is not over: close it tomorrow at the earliest")
        if self.closed_until == until:
            return
        if self.closed_until is not None and until < self.closed_until:
            raise BadPeriod(f"the books are closed until {self.closed_until} already")
        self._period_closed(until=until)

    @event(PeriodClosed)
    def _period_closed(self, until: date) -> None:
        self.closed_until = until
