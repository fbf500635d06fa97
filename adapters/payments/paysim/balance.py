"""
The balance: a transaction for each movement of money, fees, and what is available.

Fee of a charge: 1.5 % and 25 minor units. Money becomes available two days after its transaction. It is booked in its
own currency, or, where a rate is set, exchanged into that of the account when it moves.
"""

from fractions import Fraction

from adapters.payments.paysim import expand, money
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim
from adapters.payments.paysim.store import Object

FEE_SHARE = Fraction(15, 1_000)
FEE_FIXED = 25  # minor units
DISPUTE_FEE = 1_500  # minor units
AVAILABLE_AFTER = 2 * 86_400  # seconds
REPORTED_AS = {"adjustment": "dispute", "payout": "payout", "refund": "refund", "charge": "charge"}


def fee_of(amount: int) -> int:
    """What Stripe keeps of a charge."""
    return round(amount * FEE_SHARE) + FEE_FIXED


def move(
    sim: Sim, kind: str, amount: int, currency: str, source: str, *, fee: int = 0, category: str | None = None,
    description: str | None = None, available_on: int | None = None, past: Object | None = None,
) -> Object:  # fmt: skip
    """A balance transaction; *amount* is negative for money that leaves; *past* is what one of an earlier time has."""
    now, rate = sim.clock.now(), None
    if (exchange := sim.store.setting("exchange")) and currency in exchange["rates"]:
        rate, into = exchange["rates"][currency], exchange["into"]
        factor = Fraction(str(rate)) * Fraction(10) ** (money.decimals(into) - money.decimals(currency))
        amount, fee, currency = round(amount * factor), round(fee * factor), into
    detail = {"amount": fee, "application": None, "currency": currency, "type": "stripe_fee"}
    what = "Dispute fee" if kind == "adjustment" else "Stripe processing fees"
    transaction = sim.new(
        "balance_transaction",
        "txn",
        amount=amount,
        available_on=now + AVAILABLE_AFTER if available_on is None else available_on,
        balance_type="payments",
        currency=currency,
        description=description,
        exchange_rate=rate,
        fee=fee,
        fee_details=[{**detail, "description": what}] if fee else [],
        net=amount - fee,
        reporting_category=category or REPORTED_AS.get(kind, kind),
        source=source,
        status="pending",
        type=kind,
        _payout=None,
    )
    return sim.store.put(transaction | (past or {}))


def _status(sim: Sim, transaction: Object) -> None:
    transaction["status"] = "available" if transaction["available_on"] <= sim.clock.now() else "pending"


expand.AT_READ["balance_transaction"] = _status


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/balance_transactions/{id}`."""
    return sim.get("balance_transaction", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/balance_transactions`: by type, currency, source and payout."""
    where = {"type": "type", "currency": "currency", "source": "source", "payout": "_payout"}
    return expand.list_page(sim, params, "balance_transaction", "/v1/balance_transactions", where)


def totals(sim: Sim) -> dict[tuple[str, str], int]:
    """The net amounts by currency and status (`available`, `pending`)."""
    rows = sim.store.rows.execute(
        "SELECT json_extract(body, '$.currency') AS currency, json_extract(body, '$.available_on') <= ? AS available,"
        " sum(json_extract(body, '$.net')) AS net FROM objects WHERE kind = 'balance_transaction' GROUP BY 1, 2",
        (sim.clock.now(),),
    )
    return {(row["currency"], "available" if row["available"] else "pending"): row["net"] for row in rows}


def retrieve_balance(sim: Sim, _params: Params) -> Object:
    """`GET /v1/balance`."""
    sums = totals(sim)
    currencies = sorted({currency for currency, _ in sums}) or ["eur"]

    def amounts(status: str) -> list[Object]:
        each = [(currency, sums.get((currency, status), 0)) for currency in currencies]
        return [{"amount": net, "currency": currency, "source_types": {"card": net}} for currency, net in each]

    return {
        "object": "balance", "available": amounts("available"), "livemode": False, "pending": amounts("pending"),
    }  # fmt: skip
