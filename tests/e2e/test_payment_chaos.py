"""Orders with every fault of the provider, while workers and API die: nothing is doubled, nothing lost."""

import asyncio
import json
import os
import random
from collections.abc import Iterator
from itertools import cycle

import pytest

from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from cli.payments.count import ZEROS
from tests.support.campus_up import RunningCampus, campus, kill
from tests.support.polling import until

ORDERS = int(os.environ.get("CAMPUSLOG_CHAOS_ORDERS", "300"))  # 10,000 take an hour, and `--timeout` and patience
PAGE = 1_000_000  # positions: to the end of the log
SEED = 20261129
VICTIMS = ("reactor", "dispatcher", "projector", "api")
STEPS = (
    "order.placed",
    "payment.requested",
    "payment.intent_created",
    "provider.event_received",
    "payment.captured",
    "payment.fee_charged",
    "entitlement.granted",
    "enrollment.activated",
    "refund.requested",
    "refund.issued",
    "dispute.opened",
)
"""After such a fact one process dies."""


def turns() -> Iterator[tuple[str, str, int]]:
    """Who dies next, after which fact, and how many facts of that kind are let pass."""
    chance = random.Random(SEED)
    for victim in cycle(VICTIMS):
        yield victim, chance.choice(STEPS), chance.randint(0, ORDERS // 100)


async def breaking(running: RunningCampus, settings: Settings, killed: list[str]) -> None:
    """Kill one process after the other, until cancelled."""
    log = await PostgresLog.open(settings)
    try:
        for victim, step, passed in turns():
            await passing(log, step, passed)
            await kill(running, victim)
            killed.append(victim)
    finally:
        await log.close()


async def passing(log: PostgresLog, step: str, passed: int) -> None:
    """Wait until more than so many facts of a step have come from now on."""
    position = await log.head()

    async def have_come() -> bool:
        return len(await log.read(position, PAGE, {step})) > passed

    await until(have_come)


@pytest.mark.slow
@pytest.mark.servers
async def test_nothing_is_lost_or_doubled_while_workers_die(running: RunningCampus) -> None:
    """
    Orders with all faults, while reactor, dispatcher, projector and API are killed one after the other, each right
    after a fact of a step that chance names: nothing is charged twice, nothing is lost, access follows the money, and
    the ledger's account of the provider is the provider's balance.
    """
    command = ("payments", "simulate", "--orders", str(ORDERS), "--seed", str(SEED), "--faults", "all", "--json")
    killed: list[str] = []
    breaks = asyncio.create_task(breaking(running, Settings.load(data_dir=running.data_dir), killed))
    done = await asyncio.to_thread(campus, *command, "--data", str(running.data_dir))
    assert not breaks.done()
    await cancel_and_wait([breaks])
    assert set(killed) == set(VICTIMS), killed
    assert done.stdout, done.stderr
    figures = json.loads(done.stdout)
    assert {name: figures[name] for name in ZEROS} == dict.fromkeys(ZEROS, 0), done.stderr
    assert figures["orders"] == ORDERS
    assert figures["captured"] > ORDERS / 2
    assert all(each["clearing"] == each["provider_balance"] for each in figures["amounts"].values())
    assert done.returncode == 0, done.stderr
    assert running.process.poll() is None
