"""
Seed a campus: every command with the time at which a user would have given it, and an idempotency key.

A repetition appends nothing, and completes a seed that was interrupted: its days count from the day of the first.
"""

import asyncio
import dataclasses
import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple

from adapters.command_bus.bus import Bus
from adapters.postgres.log.append import Append, KeyReused
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from commands.log import Context
from commands.progress import DecideOutcome
from domain.aggregate import EPOCH
from domain.catalog import course_stream
from workers.seeding.catalog import COURSES
from workers.seeding.learners import learner_steps, names
from workers.seeding.terms import PlannedCommand, catalog_steps, sale_steps
from workers.support.progress import ProgressReporter, no_progress

SOURCE = "seed"
BEGUN, FINISHED = "seed:begun", "seed:finished"  # idempotency keys; their fingerprint names learners and seed
LEARNERS, SEED = 300, 7
AT_ONCE = 64  # learners
SAMPLE_LOGINS = ("admin", "instructor", *names(3))  # users whose pages show something


class SeedRefused(Exception):
    """The campus was seeded with other learners or another seed."""


class Seeded(NamedTuple):
    """The number of commands, and of the facts that this seed appended."""

    learners: int
    commands: int
    facts: int
    position: int
    seconds: float


async def seed(
    settings: Settings, learners: int = LEARNERS, number: int = SEED, progress: ProgressReporter = no_progress
) -> Seeded:
    """
    Fill the campus with *learners* learners; the same *number* always makes the same histories.

    Raises:
        SeedRefused: it was seeded with other learners or another number.
    """
    started = time.perf_counter()
    log = await PostgresLog.open(settings)
    try:
        before = await log.head()
        commands = await _sow(log, learners, number, progress)
        position = await log.head()
    finally:
        await log.close()
    return Seeded(learners, commands, position - before, position, time.perf_counter() - started)


async def _sow(log: PostgresLog, learners: int, number: int, progress: ProgressReporter) -> int:
    how = f"{learners} learners, seed {number}"
    steps = plan(await _today(log), learners, number)
    await _claim(log, BEGUN, how)
    if await log.first_answer(FINISHED) is None:
        sower = _Sower(log)
        with progress("seeding", total=len(steps), unit="commands") as advance:
            for _, day in groupby(enumerate(steps), key=lambda numbered: numbered[1].at.date()):
                advance(await sower.do(list(day)))
        await _claim(log, FINISHED, how)
    return len(steps)


def plan(today: datetime, learners: int, number: int) -> list[PlannedCommand]:
    """All commands up to *today*, in the order of time."""
    steps = [*catalog_steps(today, learners), *learner_steps(today, learners, number), *sale_steps(today)]
    return sorted(steps, key=lambda step: step.at)


async def _today(log: PostgresLog) -> datetime:
    """Midnight of the day on which the campus is or was seeded."""
    first = await log.stream(course_stream(COURSES[0].course_id))
    if not first or first[0].meta.source != SOURCE:
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return first[0].occurred_at - (next(catalog_steps(EPOCH, 1)).at - EPOCH)


async def _claim(log: PostgresLog, key: str, how: str) -> None:
    try:
        await log.append(Append((), key, how, await log.head()))
    except KeyReused:
        answer = await log.first_answer(key)
        known = answer[0] if answer else "unknown"
        raise SeedRefused(f"the campus has a synthetic population already: {known}, not {how}") from None


class _Sower:
    """Gives the commands day by day; those of different learners concurrently."""

    def __init__(self, log: PostgresLog) -> None:
        self._bus = Bus(log)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._positions: dict[str, int] = {}  # of the last fact of each learner

    async def do(self, day: Sequence[tuple[int, PlannedCommand]]) -> int:
        """Carry out the commands of a *day*, each with its number in the plan; returns how many there were."""
        chains: dict[str, list[tuple[int, PlannedCommand]]] = defaultdict(list)
        for number, step in day:
            if step.alone:
                await self._give(number, step)
            else:
                chains[step.command.learner_id].append((number, step))
        tasks = [asyncio.create_task(self._follow(chain)) for chain in chains.values()]
        try:
            await asyncio.gather(*tasks)
        finally:
            await cancel_and_wait(tasks)  # if one has failed, the others stop before it is reported
        return len(day)

    async def _follow(self, chain: Sequence[tuple[int, PlannedCommand]]) -> None:
        async with self._places:
            for number, step in chain:
                await self._give(number, step)

    async def _give(self, number: int, step: PlannedCommand) -> None:
        fingerprint = hashlib.sha256(repr(step).encode()).hexdigest()
        command = step.command
        if isinstance(command, DecideOutcome):
            command = dataclasses.replace(command, through_position=self._positions.get(command.learner_id, 0))
        key = f"{SOURCE}:{number}"  # the step is the cause of its facts
        context = Context(
            step.actor,
            at=step.at,
            source=SOURCE,
            correlation_id=key,
            idempotency_key=key,
            fingerprint=fingerprint,
        )
        position = await self._bus.handle(command, context)
        if not step.alone:
            self._positions[command.learner_id] = position
