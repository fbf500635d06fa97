"""
Payouts: every day at midnight (UTC) what is available goes to the bank, one payout for each currency.
"""

from adapters.payments.paysim import balance, events, expand, money
from adapters.payments.paysim.errors import StripeError, invalid
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim, new_id
from adapters.payments.paysim.store import Object

DAY = 86_400  # seconds
BANK = "ba_paysim"


def next_midnight(now: int) -> int:
    """When the next automatic payouts are made."""
    return (now // DAY + 1) * DAY


def pay_out(sim: Sim) -> list[Object]:
    """Make the automatic payouts of today."""
    made = []
    for (currency, status), net in sorted(balance.totals(sim).items()):
        if status == "available" and net > 0:
            made.append(_make(sim, net, currency, automatic=True))
    return made


def _make(sim: Sim, amount: int, currency: str, *, automatic: bool, params: Params | None = None) -> Object:
    now = sim.clock.now()
    payout = sim.new(
        "payout",
        "po",
        amount=amount,
        application_fee=None,
        application_fee_amount=None,
        arrival_date=next_midnight(now),
        automatic=automatic,
        balance_transaction=None,
        currency=currency,
        description=params.text("description") if params else "STRIPE PAYOUT",
        destination=BANK,
        failure_balance_transaction=None,
        failure_code=None,
        failure_message=None,
        metadata=params.metadata() if params else {},
        method="standard",
        original_payout=None,
        payout_method=None,
        reconciliation_status="in_progress" if automatic else "not_applicable",
        reversed_by=None,
        source_type="card",
        statement_descriptor=params.text("statement_descriptor") if params else None,
        status="pending",
        trace_id={"status": "pending", "value": None},
        type="bank_account",
    )
    transaction = balance.move(sim, "payout", -amount, currency, payout["id"], available_on=now)
    payout["balance_transaction"] = transaction["id"]
    if automatic:  # which transactions it pays out is known for automatic payouts only
        _assign(sim, payout)
    sim.store.put(payout)
    sim.timer(payout["arrival_date"], "payout_paid", payout["id"])
    events.record(sim, "payout.created", payout)
    return payout


def _assign(sim: Sim, payout: Object) -> None:
    where = (("currency", "=", payout["currency"]), ("available_on", "<=", sim.clock.now()))
    for transaction in sim.store.page("balance_transaction", where, limit=-1):
        if transaction["_payout"] is None:
            sim.store.put({**transaction, "_payout": payout["id"]})


def arrive(sim: Sim, id_: str) -> None:
    """The money of a payout has arrived."""
    payout = sim.store.get("payout", id_)
    if payout is None or payout["status"] not in ("pending", "in_transit"):
        return
    payout |= {"status": "paid", "trace_id": {"status": "supported", "value": new_id("trace")}}
    events.record(sim, "payout.paid", sim.store.put(payout))
    if payout["automatic"]:
        payout["reconciliation_status"] = "completed"
        events.record(sim, "payout.reconciliation_completed", sim.store.put(payout))


def create(sim: Sim, params: Params) -> Object:
    """`POST /v1/payouts`: one by hand, refused above what is available."""
    amount, currency = params.count("amount"), money.currency_of(params.required("currency"))
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount > balance.totals(sim).get((currency, "available"), 0):
        raise invalid(
            "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low.",
            code="balance_insufficient",
        )
    return _make(sim, amount, currency, automatic=False, params=params)


def cancel(sim: Sim, _params: Params, id_: str) -> Object:
    """`POST /v1/payouts/{id}/cancel`: only one by hand that is pending."""
    payout = sim.get("payout", id_)
    if payout["automatic"] or payout["status"] != "pending":
        raise StripeError(400, "invalid_request_error", "Payouts can only be canceled while they are pending.")
    back = balance.move(sim, "payout_cancel", payout["amount"], payout["currency"], id_, available_on=sim.clock.now())
    payout |= {"status": "canceled", "failure_balance_transaction": back["id"]}
    events.record(sim, "payout.canceled", sim.store.put(payout))
    return payout


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/payouts/{id}`."""
    return sim.get("payout", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/payouts`."""
    return expand.list_page(sim, params, "payout", "/v1/payouts", {"status": "status"})
