"""
Processes are killed and servers restarted while people use the campus; afterwards everything adds up.

What was acknowledged is in the log, once. Every read model equals a fresh fold of the log. No effect is doubled.
"""

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import pytest
import structlog
from redis.asyncio import Redis

from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from cli.http import get_json
from domain.fact import Fact
from tests.support.campus_up import RunningCampus, campus, kill
from tests.support.faults import (
    frozen,
    nats_cannot_write,
    nats_refuses_its_users,
    postgres_hangs,
    postgres_with,
    valkey_with,
)
from tests.support.polling import until
from tests.support.traffic import LEARNERS, SEATS, SMALL_RUN, Crowd

WORKERS = ("relay", "projector", "reactor", "dispatcher", "auditor")
PROCESSES = ("relay", "projector", "reactor", "api")
SERVERS = ("nats", "valkey", "postgres")
SEED = int(os.environ.get("CAMPUSLOG_CHAOS_SEED", "20261122"))
MINUTES = float(os.environ.get("CAMPUSLOG_CHAOS_MINUTES", "5"))  # of troubles, one after the other
LONGEST_TROUBLE = 15.0  # seconds: longer than any lease and any time-out of a client of NATS
MUST_BE_WELL = {
    "postgres",
    "log",
    "valkey",
    "nats",
    "workers",
    "followers",
    "parked",
    "processes",
    "api",
    "projections",
}


Breaking = Callable[[RunningCampus, random.Random, Crowd], Awaitable[None]]


def killing(*names: str) -> Breaking:
    """Kill each of *names* twice, in random order, whenever some more commands have been acknowledged."""

    async def breaking(running: RunningCampus, chance: random.Random, crowd: Crowd) -> None:
        victims = [*names, *names]
        chance.shuffle(victims)
        for name in victims:
            await acknowledged_more(crowd, chance.randint(20, 200))
            await kill(running, name)

    return breaking


async def acknowledged_more(crowd: Crowd, commands: int) -> None:
    """Wait until so many more commands have been acknowledged."""
    wanted = len(crowd.acknowledged.positions) + commands
    await until(lambda: len(crowd.acknowledged.positions) >= wanted)


def troubles(running: RunningCampus) -> Mapping[str, Callable[[], AbstractAsyncContextManager[None]]]:
    """What may last for a while, by name."""
    settings = Settings.load(data_dir=running.data_dir)
    freezing = {f"{name} hangs": partial(frozen, running, name) for name in (*WORKERS, "api", "nats", "valkey")}
    return freezing | {
        "NATS refuses its users": partial(nats_refuses_its_users, running),
        "NATS cannot write": partial(nats_cannot_write, running),
        "PostgreSQL is read-only": partial(postgres_with, running, settings, "default_transaction_read_only", "on"),
        "PostgreSQL hangs": partial(postgres_hangs, running),
        "Valkey is full": partial(valkey_with, settings, maxmemory=1),
        "Valkey evicts": partial(evicted, settings),
    }


@asynccontextmanager
async def evicted(settings: Settings) -> AsyncIterator[None]:
    """Valkey loses some hashes of learners' dashboards."""
    async with Redis.from_url(settings.valkey_url) as valkey:
        await valkey.delete(*await valkey.keys("*:1:?:dashboard_*"))
    yield


async def break_for_a_while(running: RunningCampus, chance: random.Random, crowd: Crowd) -> None:
    """One trouble after the other at random, each for a random time; and after each, commands are accepted again."""
    known, end = troubles(running), time.monotonic() + 60 * MINUTES  # for how long is asked for, not waited for
    while time.monotonic() < end:  # as above
        if chance.random() < 0.3:
            await kill(running, chance.choice((*WORKERS, "api", *SERVERS)))
        else:
            name = chance.choice(sorted(known))
            structlog.get_logger().info("trouble", what=name)
            async with known[name]():
                await asyncio.sleep(chance.uniform(0.5, LONGEST_TROUBLE))  # how long it lasts is chance as well
        await acknowledged_more(crowd, chance.randint(20, 200))


async def settled(settings: Settings) -> None:
    """Wait until the reactor, whose facts are the last to come, and every projection are at the head."""
    query = "SELECT r.position = h.position FROM reactors AS r, log_head AS h WHERE r.name = 'reactor'"

    async def is_settled() -> bool:
        async with await connect(settings, application="test") as connection:
            if await (await connection.execute(query)).fetchone() != (True,):
                return False
        answer = await get_json(f"{settings.api_url}/readyz")
        projections = answer.body.get("projections", [])
        return answer.status == 200 and bool(projections) and not any(each["lag_events"] for each in projections)

    await until(is_settled)


async def all_facts(settings: Settings) -> list[Fact]:
    log = await PostgresLog.open(settings)
    facts: list[Fact] = []
    while page := await log.read(len(facts), 5_000):
        facts += page
    await log.close()
    return facts


async def live_through(running: RunningCampus, breaking: Breaking) -> tuple[Crowd, list[Fact]]:
    """Let the crowd use the campus while things break; then wait until every reader is up to date."""
    settings = Settings.load(data_dir=running.data_dir)
    crowd, stop, chance = Crowd(settings, SEED), asyncio.Event(), random.Random(SEED)
    await crowd.open()
    learners = [asyncio.create_task(crowd.learner(number, stop)) for number in range(LEARNERS)]
    try:
        await breaking(running, chance, crowd)
    finally:
        stop.set()
    await asyncio.gather(*learners)
    await crowd.close()
    await settled(settings)
    return crowd, await all_facts(settings)


def check(running: RunningCampus, crowd: Crowd, facts: list[Fact]) -> None:
    """Everything adds up."""
    for what in ("log", "projections"):
        found = campus(what, "verify", "--json", "--data", str(running.data_dir))
        assert found.returncode == 0, found.stdout + found.stderr
        assert json.loads(found.stdout)["ok"] is True
    assert [fact.position for fact in facts] == list(range(1, len(facts) + 1))
    assert max(crowd.acknowledged.positions) <= len(facts)
    types = Counter(fact.type for fact in facts)
    amounts = Counter(fact.data["amount"] for fact in facts if fact.type == "progress.activity_recorded")
    assert amounts == Counter(crowd.acknowledged.amounts), "an acknowledged activity is missing, or one is there twice"
    submitted = [fact.id("learner_id") for fact in facts if fact.type == "attempt.submitted"]
    assert sorted(submitted) == sorted(crowd.acknowledged.submitted)
    assert types["attempt.graded"] == types["attempt.submitted"]
    passed = sum(fact.type == "attempt.graded" and fact.data["passed"] for fact in facts)
    assert types["progress.unit_completed"] == passed
    assert types["progress.course_outcome_decided"] == types["attempt.graded"]  # there is one quiz, with one attempt
    assert types["progress.course_outcome_revised"] == 0
    check_seats(facts)


def check_seats(facts: list[Fact]) -> None:
    """At no moment were more seats taken than there are, and each freed seat went to the first in the queue."""
    seated: set[str] = set()
    waiting: list[str] = []
    for fact in facts:
        if not fact.stream_id.startswith("seats-"):
            continue
        assert fact.id("run_id") == SMALL_RUN
        learner = fact.data.get("learner_id", "")
        if fact.type == "seats.queued":
            waiting.append(learner)
        elif fact.type == "seats.queue_left":
            waiting.remove(learner)
        elif fact.type == "seats.released":
            seated.remove(learner)
        elif fact.type == "seats.taken":
            assert not waiting or waiting[0] == learner
            waiting = waiting[1:]
            seated.add(learner)
        assert len(seated) <= SEATS
    assert len(seated) == SEATS or not waiting


@pytest.mark.slow
@pytest.mark.servers
async def test_killed_processes_lose_and_double_nothing(running: RunningCampus) -> None:
    """Relay, projector, reactor and API are killed at random moments while commands flow."""
    crowd, facts = await live_through(running, killing(*PROCESSES))
    check(running, crowd, facts)


@pytest.mark.slow
@pytest.mark.servers
async def test_killed_servers_lose_and_double_nothing(running: RunningCampus) -> None:
    """NATS, Valkey and PostgreSQL are killed at random moments while commands flow."""
    crowd, facts = await live_through(running, killing(*SERVERS))
    check(running, crowd, facts)


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.timeout(60 * MINUTES + 1_800)
async def test_nothing_stays_down(running: RunningCampus) -> None:
    """Processes and servers hang, refuse, fill up or die, one after the other; then all goes on, and all adds up."""
    crowd, facts = await live_through(running, break_for_a_while)
    check(running, crowd, facts)

    def wrong() -> list[dict[str, object]]:
        found = json.loads(campus("doctor", "--json", "--data", str(running.data_dir)).stdout)["checks"]
        return [each for each in found if each["name"] in MUST_BE_WELL and not each["ok"]]

    await until(lambda: not wrong())
