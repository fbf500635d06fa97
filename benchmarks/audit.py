"""
`campus bench audit`: answers as of a moment beside the live ones, on the whole of OULAD.

On a throw-away campus with all workers, or on a running one that has OULAD in it, once the snapshots of read models are
taken: a learner's dashboard as of any position, a run's dashboard as of positions that are new, the overview as of days
(by `valid_at`), inclusion proofs, and live reads of dashboards while 64 auditors ask one question after the other. Each
part ends after a time of its own, with as many measurements as it has by then. The load of the machine is said as well.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from adapters.jwt import claims_of, sign
from adapters.postgres.connection import Connection, connect
from adapters.postgres.log.pages import read_head
from adapters.settings import Settings
from adapters.stores.registry import store_type
from benchmarks.auditing import LIFETIME, Asking, Learners, in_turn
from benchmarks.campus import running_campus
from benchmarks.classroom import everything_seen
from benchmarks.load import for_seconds, request, run
from benchmarks.oulad import import_file
from cli.console import Failure, progress
from projections.engine.fingerprint import code_digest
from projections.registry import PROJECTIONS
from workers.as_of.folding import EVERY, FEWEST

AUDITORS = 64
LIVE_CLIENTS = 8
LEARNERS = 200  # random ones, who are asked about
READS = 400  # of each kind, of one learner's dashboard; and proofs
MOMENTS = 12  # of a run's dashboard, each another
DAYS = 5  # of the overview
PART = 180.0  # seconds, after which a part begins nothing more
SNAPSHOTS = 1_800.0  # seconds in which the snapshots of read models have to be there
ROUNDS = 3  # of live reads without and with auditors
BURST = 1.0  # seconds, in which all auditors begin at once, as none would
LONGEST_PROOF = 1_500  # bytes
FIRST_DAY, LAST_DAY = date(2013, 1, 1), date(2014, 10, 1)
# How many regular snapshots by the code that runs each read model has, and the last one.
TAKEN = """
SELECT projection, count(*), max(position) FROM snapshots_of_read_models
 WHERE is_regular AND code = ANY(%s) AND position <= %s GROUP BY projection
"""

Target = tuple[str, float, str, bool]


async def bench(file: Path, campus: Path | None, seconds: float) -> dict[str, Any]:
    """
    Measure.

    Args:
        file: is imported into a throw-away campus, unless there is a *campus*.
        campus: the data directory of a running one, whose facts are not fewer than a snapshot needs.
        seconds: of each measurement of live reads.
    """
    async with _campus(file, campus) as settings:
        async with await connect(settings, application="bench") as connection:
            facts = await read_head(connection)
            found: dict[str, Any] = {"facts": facts, "load_at_start": round(os.getloadavg()[0], 1)}
            found["snapshots_seconds"] = await _snapshots_taken(connection, facts)
        asking = Asking(settings)
        learners = await Learners.some(asking, LEARNERS)
        if not learners.ids:
            raise Failure("the campus has no learner to ask about: import OULAD first (`campus import oulad`)")
        found |= await _learners(asking, learners, facts)
        found |= await _runs(asking, facts)
        found |= await _overview(asking)
        found |= await _proofs(settings, facts)
        found |= await _live_beside_auditors(settings, learners, facts, seconds)
        await asking.close()
        return {**found, "load_at_end": round(os.getloadavg()[0], 1)}


@asynccontextmanager
async def _campus(file: Path, campus: Path | None) -> AsyncIterator[Settings]:
    if campus is not None:
        settings = Settings.load(data_dir=campus)
        await everything_seen(settings)
        yield settings
        return
    async with running_campus() as settings:
        await import_file(settings, file)
        await everything_seen(settings)
        yield settings


async def _snapshots_taken(connection: Connection, facts: int) -> float:
    """
    Wait for the last regular snapshot of each read model; returns the seconds that this took.

    Raises:
        Failure: they are not there within SNAPSHOTS.
    """
    if facts < FEWEST:
        return 0.0
    started, last, before = time.perf_counter(), facts // EVERY * EVERY, 0
    regular = [each for each in PROJECTIONS if store_type(each).WITH_VIEWS]
    codes = [code_digest(each) for each in regular]
    with progress("bench audit: snapshots", total=len(regular) * (facts // EVERY), unit="snapshots") as advance:
        while True:
            rows = await (await connection.execute(TAKEN, [codes, facts])).fetchall()
            advance(sum(count for _, count, _ in rows) - before)
            before = sum(count for _, count, _ in rows)
            if sum(position >= last for _, _, position in rows) >= len(regular) or not last:
                return round(time.perf_counter() - started, 1)
            if time.perf_counter() - started > SNAPSHOTS:
                raise Failure(f"after {SNAPSHOTS:.0f} s there are {before} snapshots: does the auditor of it run?")
            await asyncio.sleep(1)


async def _learners(asking: Asking, learners: Learners, facts: int) -> dict[str, Any]:
    chance = random.Random(1)  # noqa: S311

    async def live() -> float:
        return await asking.seconds(f"/learners/{chance.choice(learners.ids)}/dashboard")

    async def as_of() -> float:
        learner_id = chance.choice(learners.ids)
        known_at = chance.randrange(learners.first[learner_id], facts + 1)
        return await asking.seconds(f"/learners/{learner_id}/dashboard", known_at=known_at)

    return await in_turn("learner", live, as_of, READS, PART)


async def _runs(asking: Asking, facts: int) -> dict[str, Any]:
    since = facts // 3
    runs = [each["run_id"] for each in (await asking.get("/runs", limit=200, known_at=since))["items"]]
    if not runs:
        raise Failure(f"the campus has no run at position {since:,}")
    chance = random.Random()  # noqa: S311 - a moment that was asked for in an earlier run is kept, and costs nothing

    async def live() -> float:
        return await asking.seconds(f"/runs/{chance.choice(runs)}/dashboard")

    async def as_of() -> float:
        path = f"/runs/{chance.choice(runs)}/dashboard"
        return await asking.seconds(path, known_at=chance.randrange(since, facts))

    return await in_turn("run", live, as_of, MOMENTS, PART)


async def _overview(asking: Asking) -> dict[str, Any]:
    chance = random.Random()  # noqa: S311 - as above

    async def live() -> float:
        return await asking.seconds("/overview")

    async def as_of() -> float:
        day = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
        moment = day + timedelta(seconds=chance.randrange((LAST_DAY - FIRST_DAY).days * 86_400))
        return await asking.seconds("/overview", valid_at=moment.isoformat())

    return await in_turn("overview", live, as_of, DAYS, PART)


async def _proofs(settings: Settings, facts: int) -> dict[str, Any]:
    """Inclusion proofs of random facts, one after the other, by the small client of the other benches."""
    chance = random.Random(6)  # noqa: S311
    positions = [chance.randrange(1, facts + 1) for _ in range(READS)]
    urls = [f"{settings.api_url}/v1/proofs/inclusion?position={each}" for each in positions]
    left = iter(urls)
    load = await run(settings.api_url, lambda: request("GET", url) if (url := next(left, "")) else None, 1)
    async with httpx.AsyncClient() as client:
        longest = max([len((await client.get(url)).content) for url in urls])
    return {
        "proof_ms": round(1_000 * load.percentile(50), 2),
        "proof_p99_ms": round(1_000 * load.percentile(99), 2),
        "proof_longest_bytes": longest,
    }


async def _live_beside_auditors(settings: Settings, learners: Learners, facts: int, seconds: float) -> dict[str, Any]:
    """Live reads without and with auditors, in turn."""
    now = datetime.now(UTC)
    tokens = [sign(claims_of(each), settings.token_secret, now=now, lifetime=LIFETIME) for each in learners.ids]
    chance = random.Random(4)  # noqa: S311

    async def live() -> float:
        def one() -> bytes:
            return request("GET", f"{settings.api_url}/v1/me/dashboard", token=chance.choice(tokens))

        return 1_000 * (await run(settings.api_url, for_seconds(seconds, one), LIVE_CLIENTS)).percentile(50)

    auditor = sign(claims_of("auditor"), settings.token_secret, now=now, lifetime=LIFETIME)
    alone, beside, answered = [], [], 0
    await live()
    with progress("bench audit: live reads", total=ROUNDS, unit="rounds") as advance:
        for _ in range(ROUNDS):
            alone.append(await live())
            is_over = asyncio.Event()

            def question(is_over: asyncio.Event = is_over) -> bytes | None:
                learner_id = chance.choice(learners.ids)
                known_at = chance.randrange(learners.first[learner_id], facts + 1)
                url = f"{settings.api_url}/v1/learners/{learner_id}/dashboard?known_at={known_at}"
                return None if is_over.is_set() else request("GET", url, token=auditor)

            auditors = asyncio.create_task(run(settings.api_url, question, AUDITORS))
            await asyncio.sleep(BURST)
            beside.append(await live())
            is_over.set()
            answered += len((await auditors).took)
            advance(1)
    return {
        "live_alone_ms": round(median(alone), 3),
        "live_beside_auditors_ms": round(median(beside), 3),
        "live_slower_by": round(median(b / a for a, b in zip(alone, beside, strict=True)) - 1, 3),
        "auditors_answered": answered,
    }


def targets(found: dict[str, Any]) -> list[Target]:
    """What is asked for: name, figure, bound, and whether it is met."""
    learner = found["learner_as_of_p99_ms"] / found["learner_live_p99_ms"]
    run_seconds = found["run_as_of_ms"] / 1_000
    overview_seconds = found["overview_as_of_ms"] / 1_000
    slower, proof, longest = found["live_slower_by"], found["proof_p99_ms"], found["proof_longest_bytes"]
    return [
        ("a learner's dashboard as of a position, p99 / live p99", learner, "<= 10", learner <= 10),
        ("a run's dashboard as of a position, median seconds", run_seconds, "<= 2", run_seconds <= 2),
        ("the overview at a valid_at, median seconds", overview_seconds, "<= 10", overview_seconds <= 10),
        ("live reads beside 64 auditors, slower by", slower, "< 0.1", slower < 0.1),
        ("an inclusion proof, p99 in ms", proof, "<= 10", proof <= 10),
        ("the longest inclusion proof, bytes", longest, f"<= {LONGEST_PROOF:,}", longest <= LONGEST_PROOF),
    ]
