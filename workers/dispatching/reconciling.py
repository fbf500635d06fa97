"""
Facts, the books and the provider are held against each other every hour, by one process of the campus at a time.

The outcome is kept for the API and `campus doctor` (adapters/postgres/ops/reconciliations.py); it is never the truth.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta

import msgspec
import structlog

from adapters.payments.reconcile import GRACE, reconcile
from adapters.postgres.connection import PostgresError, Unavailable, connect
from adapters.postgres.ops import lease, reconciliations
from adapters.settings import Settings
from commands.payment.provider import Provider, ProviderAway, ProviderRefused

WORK = "reconciliation"
INTERVAL = 3_600.0  # seconds from one to the next
LOOK = 300.0  # seconds between two looks whether one is due; the first is so long after the start

logger = structlog.get_logger()


async def keep_current(
    settings: Settings,
    provider: Provider,
    stop: asyncio.Event,
    *,
    look: float = LOOK,
    interval: float = INTERVAL,
    grace: timedelta = GRACE,
) -> None:
    """Have one made whenever it is due, until *stop* is set; where no key is set there is nothing to compare with."""
    while settings.stripe_key and not stop.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(look):
                await stop.wait()
                return
        try:
            await make(settings, provider, interval=interval, grace=grace)
        except (PostgresError, Unavailable) as error:
            logger.warning("reconciliation.waiting", error=str(error).strip())


async def make(settings: Settings, provider: Provider, *, interval: float, grace: timedelta) -> None:
    """Make one if it is due, and no other process is making it."""
    async with await connect(settings, application="reconciliation lock") as connection:
        if not await lease.try_acquire(connection, settings, WORK) or not await reconciliations.begin(
            connection, interval
        ):
            return
        try:
            outcome = await reconcile(settings, provider, grace=grace)
        except (ProviderAway, ProviderRefused) as error:
            await reconciliations.fail(connection, str(error))
            logger.warning("reconciliation.failed", cause=str(error))
            return
        await reconciliations.keep(connection, msgspec.json.encode(outcome))
        logger.info("reconciliation.done", counts=outcome.counts, pending=outcome.pending, position=outcome.position)
