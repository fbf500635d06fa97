"""The rows of the ledger: what the books keep, and what later facts need of earlier ones."""

from datetime import datetime

import msgspec

from domain.payment.posting import Entry, SoldLine
from projections.engine.projection import Table


class LedgerOrder(msgspec.Struct):
    """
    What the books need of an order.

    Attributes:
        issued: the amounts by line (as text) of each refund that the provider has carried out.
        refunds: the whole amounts of these.
        is_paid, period: of a plan, both are needed to know when it is earned; they are known in any order.
    """

    learner_id: str
    order_id: str
    currency: str = ""
    lines: list[SoldLine] = []
    issued: dict[str, dict[str, int]] = {}
    refunds: dict[str, int] = {}
    is_paid: bool = False
    period: list[datetime] = []


class LedgerPayment(msgspec.Struct):
    """What the books need of a payment; `amount` is what was asked for, then what was captured."""

    learner_id: str
    payment_id: str
    order_id: str = ""
    currency: str = ""
    amount: int = 0
    lines: list[SoldLine] = []


class LedgerDispute(msgspec.Struct):
    """What the books need of a dispute; `held` is the money in reserve, by currency of our account at the provider."""

    learner_id: str
    dispute_id: str
    order_id: str = ""
    currency: str = ""
    held: dict[str, int] = {}
    is_lost: bool = False
    lines: list[SoldLine] = []


class LedgerEntry(msgspec.Struct):
    """
    What one fact books.

    Attributes:
        cause: the payment, refund or dispute, or the order.
        entries: each adds up to 0; revenue of a plan has one for each month.
    """

    learner_id: str
    position: int
    type: str = ""
    order_id: str = ""
    cause: str = ""
    occurred_on: str = ""
    entries: list[Entry] = []


class LedgerPayout(msgspec.Struct):
    """Money that the provider has sent to our bank."""

    payout_id: str
    currency: str = ""
    amount: int = 0


class PayoutEntry(msgspec.Struct):
    """What one fact about a payout books."""

    payout_id: str
    position: int
    type: str = ""
    occurred_on: str = ""
    entries: list[Entry] = []


class LedgerSums(msgspec.Struct):
    """What the facts of a day have booked, debits and credits by currency, day of the entry and account."""

    day: str
    debits: dict[str, int] = {}
    credits: dict[str, int] = {}


class Revenue(msgspec.Struct):
    """What has come and gone on a day, tax included, by currency and course."""

    day: str
    captured: dict[str, int] = {}
    refunded: dict[str, int] = {}
    disputed: dict[str, int] = {}
    fees: dict[str, int] = {}


class LedgerBooks(msgspec.Struct):
    """Up to which day the books are closed, included."""

    book: str
    closed_until: str = ""


ORDERS = Table("ledger_orders", LedgerOrder, ("learner_id", "order_id"))
PAYMENTS = Table("ledger_payments", LedgerPayment, ("learner_id", "payment_id"))
DISPUTES = Table("ledger_disputes", LedgerDispute, ("learner_id", "dispute_id"))
ENTRIES = Table("ledger_entries", LedgerEntry, ("learner_id", "position"), indexes=(("position",), ("order_id",)))
PAYOUTS = Table("ledger_payouts", LedgerPayout, ("payout_id",))
PAYOUT_ENTRIES = Table("ledger_payout_entries", PayoutEntry, ("payout_id", "position"), indexes=(("position",),))
SUMS = Table("ledger_sums", LedgerSums, ("day",), distribution="partial")
REVENUE = Table("revenue", Revenue, ("day",), distribution="partial")
BOOKS = Table("ledger_books", LedgerBooks, ("book",), distribution="replicated")
