"""
What happens by itself at a time of paysim's clock.
"""

from collections.abc import Callable

import structlog

from adapters.payments.paysim import billing, charges, disputes, foreign, payouts, refunds, sessions
from adapters.payments.paysim.sim import Sim

log = structlog.get_logger()


def _payouts(sim: Sim, object_id: str) -> None:
    payouts.pay_out(sim)
    sim.timer(payouts.next_midnight(sim.clock.now()), "payouts", object_id)


def _dispute(sim: Sim, charge: str) -> None:
    card = charges.card_of(sim, sim.get("charge", charge))
    disputes.open_dispute(sim, charge, card.dispute, inquiry=card.inquiry)


def _foreign(sim: Sim, _object_id: str) -> None:
    foreign.make(sim)


TIMERS: dict[str, Callable[[Sim, str], None]] = {
    "foreign": _foreign,
    "settle": charges.settle_later,
    "dispute": _dispute,
    "refund_fails": refunds.fails,
    "session_expires": sessions.expires,
    "payouts": _payouts,
    "payout_paid": payouts.arrive,
    "period_end": billing.period_over,
    "trial_will_end": billing.trial_will_end,
    "incomplete": billing.incomplete_over,
    "invoice_finalize": billing.finalize,
    "invoice_retry": billing.retry,
}


def start(sim: Sim) -> None:
    """Put down the timer of the daily payouts, once for a store."""
    if not sim.store.setting("payouts"):
        sim.store.keep("payouts", value=True)
        sim.timer(payouts.next_midnight(sim.clock.now()), "payouts", "")


def run_due(sim: Sim) -> int:
    """Run every timer that is due, the earliest first, each at its own time; returns how many that were."""
    done = 0
    while True:
        row = sim.store.rows.execute(
            "SELECT * FROM timers WHERE due <= ? ORDER BY due, seq LIMIT 1", (sim.clock.exact(),)
        ).fetchone()
        if row is None:
            return done
        _run(sim, row["seq"], row["what"], row["object"], row["due"])
        done += 1


def _run(sim: Sim, number: int, what: str, object_id: str, due: float) -> None:
    try:
        with sim.store.transaction(), sim.clock.at(due):
            sim.store.rows.execute("DELETE FROM timers WHERE seq = ?", (number,))
            TIMERS[what](sim, object_id)
    except Exception:
        log.exception("a timer failed, and is dropped", what=what, object=object_id)
        with sim.store.transaction():
            sim.store.rows.execute("DELETE FROM timers WHERE seq = ?", (number,))


def advance(sim: Sim, seconds: float) -> int:
    """Move the clock ahead; everything in between happens at its time."""
    sim.clock.advanced += seconds
    sim.store.keep("advanced", sim.clock.advanced)
    return run_due(sim)
