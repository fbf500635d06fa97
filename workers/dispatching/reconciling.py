"""
Facts, the books and the provider are held against each other every hour (`CAMPUS_RECONCILE_EVERY`), by one process of
the campus at a time.

That looks at what has happened since the last one, and at what was open then; once a day at everything. When that was
last done is kept in the database, so it is done in time however often a process begins.

The outcome is kept for the API and `campus doctor` (adapters/postgres/ops/reconciliations.py); it is never the truth.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from adapters.payments.reconcile import GRACE, reconcile
from adapters.postgres.connection import PostgresError, Unavailable, connect
from adapters.postgres.ops import lease, reconciliations
from adapters.postgres.ops.reconciliations import Kept
from adapters.settings import Settings
from commands.payment.provider import Provider, ProviderAway, ProviderRefused
from domain.payment.reconciliation import Window

WORK = "reconciliation"
INTERVAL = 3_600.0  # seconds from one to the next
WHOLE = 86_400.0  # seconds from one that looks at everything to the next
OVERLAP = timedelta(hours=6)  # of two windows: what is listed late, or a message that was late, costs no look-up
LOOK = 300.0  # seconds between two looks whether one is due, at most; the first is so long after the start

logger = structlog.get_logger()


async def keep_current(
    settings: Settings,
    provider: Provider,
    stop: asyncio.Event,
    *,
    look: float = LOOK,
    interval: float = INTERVAL,
    whole: float = WHOLE,
    grace: timedelta = GRACE,
) -> None:
    """Have one made whenever it is due, until *stop* is set; where no key is set there is nothing to compare with."""
    while settings.stripe_key and not stop.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(min(look, interval / 4)):
                await stop.wait()
                return
        try:
            await make(settings, provider, interval=interval, whole=whole, grace=grace)
        except (PostgresError, Unavailable) as error:
            logger.warning("reconciliation.waiting", error=str(error).strip())


async def make(
    settings: Settings, provider: Provider, *, interval: float, whole: float = WHOLE, grace: timedelta
) -> None:
    """Make one if it is due, and no other process is making it; of everything if that is due."""
    async with await connect(settings, application="reconciliation lock") as connection:
        if not await lease.try_acquire(connection, settings, WORK) or not await reconciliations.begin(
            connection, interval
        ):
            return
        before = await reconciliations.kept(connection, whole)
        try:
            outcome, still_open = await reconcile(settings, provider, window=_window(before), grace=grace)
        except (ProviderAway, ProviderRefused) as error:
            await reconciliations.fail(connection, str(error))
            logger.warning("reconciliation.failed", cause=str(error))
            return
        if before is not None and outcome.since is not None:
            last = before.outcome
            outcome.whole_at, outcome.balances, outcome.overpaid = last.whole_at, last.balances, last.overpaid
        await reconciliations.keep(connection, outcome, still_open)
        said = {"counts": outcome.counts, "pending": outcome.pending, "position": outcome.position}
        logger.info("reconciliation.done", since=outcome.since, **said)


def _window(before: Kept | None) -> Window | None:
    """What has happened since the last one, and what was open then; None: everything."""
    if before is None or not before.outcome.positions:
        return None
    last = before.outcome
    return Window(since=last.until - OVERLAP, position=min(last.positions.values()), open=before.open)
