"""
Control routes, `/_paysim/…`: what tests and the operator do that Stripe's API has not.

JSON in, JSON out; no key is asked for, because paysim listens on loopback only.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from adapters.payments.paysim import (
    cards,
    disputes,
    foreign,
    intents,
    invoices,
    methods,
    past,
    payouts,
    sessions,
    summary,
    timers,
    webhooks,
)
from adapters.payments.paysim.errors import StripeError
from adapters.payments.paysim.faults import UnknownFault
from adapters.payments.paysim.sim import Sim, public
from adapters.payments.paysim.store import Object

Answer = Any
Body = dict[str, Any]
UNITS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
MOST_ROWS = 1_000


def health(sim: Sim, _query: Body, _body: Body) -> Answer:
    """`GET health`."""
    return {"status": "ok", "now": sim.clock.now()}


def requests(sim: Sim, query: Body, _body: Body) -> Answer:
    """`GET requests?after=SEQ&method=&path=&key=&id=&limit=`: requests to the API, the oldest first."""
    names = [name for name in ("method", "path", "key", "id") if name in query]
    where = " AND ".join(["seq > ?", *(f"{name} = ?" for name in names)])
    values = [int(query.get("after", 0)), *(query[name] for name in names), int(query.get("limit", MOST_ROWS))]
    rows = sim.store.rows.execute(f"SELECT * FROM requests WHERE {where} ORDER BY seq LIMIT ?", values)
    found = [{**dict(row), "params": dict(parse_qsl(row["params"]))} for row in rows]
    total = sim.store.rows.execute("SELECT count(*), max(seq) FROM requests").fetchone()
    return {"requests": found, "count": total[0], "last": total[1] or 0}


def forget_requests(sim: Sim, _query: Body, _body: Body) -> Answer:
    """`DELETE requests`."""
    return {"forgotten": sim.store.rows.execute("DELETE FROM requests").rowcount}


def deliveries(sim: Sim, query: Body, _body: Body) -> Answer:
    """`GET deliveries?event=&variant=&state=`: what was sent, and how it was answered; and how many of each."""
    names = [name for name in ("event", "variant", "state") if name in query]
    where = " AND ".join(["1", *(f"{name} = ?" for name in names)])
    rows = sim.store.rows.execute(
        f"SELECT * FROM deliveries WHERE {where} ORDER BY seq DESC LIMIT {MOST_ROWS}", [query[name] for name in names]
    )
    counts = sim.store.rows.execute("SELECT variant, state, count(*) AS n FROM deliveries GROUP BY variant, state")
    due = sim.store.rows.execute(
        "SELECT count(*) FROM deliveries WHERE state = 'waiting' AND due <= ?", (sim.clock.exact(),)
    ).fetchone()[0]
    return {
        "deliveries": [dict(row) for row in rows], "due": due,
        "counts": {f"{row['variant']} {row['state']}": row["n"] for row in counts},
    }  # fmt: skip


def flush(sim: Sim, _query: Body, _body: Body) -> Answer:
    """`POST deliveries/flush`: all that waits is due now; the clock stays where it is."""
    changed = sim.store.rows.execute(
        "UPDATE deliveries SET due = ? WHERE state = 'waiting' AND due > ?", (sim.clock.exact(), sim.clock.exact())
    )
    return {"flushed": changed.rowcount}


def clock(sim: Sim, _query: Body, _body: Body) -> Answer:
    """`GET clock`."""
    now = sim.clock.now()
    return {"now": now, "utc": datetime.fromtimestamp(now, UTC).isoformat(), "advanced": sim.clock.advanced}


def advance(sim: Sim, query: Body, body: Body) -> Answer:
    """`POST clock/advance {"seconds"|"minutes"|"hours"|"days": N}` or `{"to": SECONDS SINCE 1970}`."""
    seconds = sum(float(body[unit]) * size for unit, size in UNITS.items() if unit in body)
    if "to" in body:
        seconds = float(body["to"]) - sim.clock.exact()
    if seconds < 0:
        raise ValueError("the clock only moves ahead")
    return {"timers": timers.advance(sim, seconds), **clock(sim, query, body)}


def faults(sim: Sim, _query: Body, _body: Body) -> Answer:
    """`GET faults`."""
    return sim.faults.shown()


def set_faults(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST faults {"seed": S, "modes": {mode: chance}, "next": {mode: count}, "latency": seconds, "down": bool}`."""
    sim.faults.change(body)
    sim.store.keep("faults", sim.faults.shown())
    return sim.faults.shown()


def no_faults(sim: Sim, _query: Body, _body: Body) -> Answer:
    """`DELETE faults`."""
    sim.faults.modes_off()
    sim.store.keep("faults", {})
    return sim.faults.shown()


def dispute(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST disputes {"charge", "reason"?, "amount"?, "inquiry"?: bool}`."""
    what = (body["charge"], body.get("reason", "fraudulent"), body.get("amount"))
    return public(disputes.open_dispute(sim, *what, inquiry=body.get("inquiry", False)))


def close_dispute(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST disputes/close {"dispute", "outcome": "won"|"lost"|"warning_closed"}`."""
    return public(disputes.close(sim, body["dispute"], body["outcome"]))


def escalate_dispute(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST disputes/escalate {"dispute"}`: an inquiry becomes a dispute."""
    return public(disputes.escalate(sim, body["dispute"]))


def appeal_dispute(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST disputes/appeal {"dispute"}`: against a dispute that is lost; `disputes/close` decides it."""
    return public(disputes.appeal(sim, body["dispute"]))


def turn_dispute(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST disputes/turn {"dispute"}`: the bank turns its decision, and the money moves once more."""
    return public(disputes.turn(sim, body["dispute"]))


def pay_session(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST sessions/pay {"session", "card"?: "pm_card_…", "authenticate"?: bool}`: pay without the page."""
    session = sim.get("checkout.session", body["session"], "session")
    if session["status"] != "open":
        return {"status": session["status"], "error": None}
    card = cards.CARDS[body.get("card", "pm_card_visa")]
    email = body.get("email") or session["customer_email"] or "learner@example.org"
    method = sim.store.put(methods.of_card(sim, card, methods.billing_details(email=email, name="A Learner")))
    error = sessions.pay(sim, session, method, email)
    session = sim.get("checkout.session", session["id"])
    intent_id = session["payment_intent"] or session.get("_intent")
    if intent_id and session["status"] == "open" and "authenticate" in body:
        intents.authenticate(sim, intent_id, passed=body["authenticate"])
        session = sim.get("checkout.session", session["id"])
    return {"status": session["status"], "error": error and error["message"], "payment_intent": intent_id}


def authenticate(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST authenticate {"payment_intent", "passed": bool}`: what the customer does on the 3-D Secure page."""
    return public(intents.authenticate(sim, body["payment_intent"], passed=body["passed"]))


def roll_secret(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST secret {"endpoint", "secret"?, "keep_old"?}`: a new secret; while the old is kept, both sign."""
    keep_old = body.get("keep_old", True)
    return {"secret": webhooks.roll(sim, body["endpoint"], body.get("secret"), keep_old=keep_old)}


def add_foreign(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST foreign {"money"?: bool}`: objects of another shop on the same account, and an event of an unknown type."""
    return public(foreign.make(sim, paid=body.get("money", False)))


def add_past(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST past {"payments": [PAYMENT, …]}`, each as past.py has it: payments of an earlier time, without events."""
    return {"intents": [past.make(sim, payment)["id"] for payment in body["payments"]]}


def invoice(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST invoices {"subscription", "amount"}`: an invoice by hand for a subscription, which is paid at once."""
    return public(invoices.by_hand(sim, sim.get("subscription", body["subscription"]), int(body["amount"])))


def pay_out(sim: Sim, _query: Body, _body: Body) -> Answer:
    """`POST payouts`: make the payouts of tonight now."""
    return {"payouts": public(payouts.pay_out(sim))}


def resend(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST events/resend {"event"}`: deliver an event once more to every endpoint."""
    event = sim.get("event", body["event"], "event")
    endpoints = webhooks.that_ask_for(sim, event["type"])
    for endpoint in endpoints:
        webhooks.schedule(sim, event["id"], endpoint["id"])
    return {"deliveries": len(endpoints)}


def totals(sim: Sim, _query: Body, _body: Body) -> Answer:
    """`GET summary`: what was captured, refunded, disputed and kept as fees, by currency."""
    return summary.totals(sim)


def exchange(sim: Sim, _query: Body, body: Body) -> Answer:
    """`POST exchange {"into": "eur", "rates": {"usd": 0.9}}`: from now on money of these currencies is exchanged."""
    rates = {str(currency).lower(): float(rate) for currency, rate in body["rates"].items()}
    sim.store.keep("exchange", {"into": str(body["into"]).lower(), "rates": rates})
    return sim.store.setting("exchange")


def reset(sim: Sim, _query: Body, _body: Body) -> Answer:
    """`POST reset`: forget everything but the endpoints."""
    endpoints = sim.store.find("webhook_endpoint")
    sim.store.empty()
    for endpoint in endpoints:
        sim.store.put(endpoint)
    sim.clock.advanced = 0.0
    sim.faults.modes_off()
    timers.start(sim)
    return {"endpoints": len(endpoints)}


ROUTES: dict[tuple[str, str], Callable[[Sim, Body, Body], Answer]] = {
    ("GET", "health"): health,
    ("GET", "requests"): requests,
    ("DELETE", "requests"): forget_requests,
    ("GET", "deliveries"): deliveries,
    ("POST", "deliveries/flush"): flush,
    ("GET", "clock"): clock,
    ("POST", "clock/advance"): advance,
    ("GET", "faults"): faults,
    ("POST", "faults"): set_faults,
    ("DELETE", "faults"): no_faults,
    ("GET", "summary"): totals,
    ("POST", "sessions/pay"): pay_session,
    ("POST", "authenticate"): authenticate,
    ("POST", "disputes"): dispute,
    ("POST", "disputes/close"): close_dispute,
    ("POST", "disputes/escalate"): escalate_dispute,
    ("POST", "disputes/appeal"): appeal_dispute,
    ("POST", "disputes/turn"): turn_dispute,
    ("POST", "invoices"): invoice,
    ("POST", "payouts"): pay_out,
    ("POST", "exchange"): exchange,
    ("POST", "secret"): roll_secret,
    ("POST", "events/resend"): resend,
    ("POST", "foreign"): add_foreign,
    ("POST", "past"): add_past,
    ("POST", "reset"): reset,
}


def handle(sim: Sim, method: str, path: str, query: Body, body: Body) -> tuple[int, Object]:
    """Status and answer of a control request."""
    found = ROUTES.get((method, path.strip("/")))
    if found is None:
        return 404, {"error": f"no such control route; there are {', '.join(f'{m} {p}' for m, p in ROUTES)}"}
    if sim.faults.down and (method, path) == ("GET", "health"):
        return 503, {"status": "down"}
    try:
        with sim.store.transaction():
            return 200, found(sim, query, body)
    except StripeError as error:
        return error.status, error.body()
    except KeyError as error:
        return 400, {"error": f"{error.args[0]} is missing, or names nothing: {(found.__doc__ or '').strip()}"}
    except (AttributeError, TypeError, ValueError, UnknownFault) as error:
        return 400, {"error": f"{error}: {(found.__doc__ or '').strip()}"}
