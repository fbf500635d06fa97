"""
`campus bench audit --file FILE.zip`: answers as of a moment beside the live ones, on the whole of OULAD.

On a throw-away campus with all workers, once the snapshots of read models are taken: a learner's dashboard as of any
position, a run's dashboard as of positions that are new, the overview as of days (by `valid_at`), and live reads of
dashboards while 64 auditors ask one question after the other. The load of the machine is said as well.
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from adapters.jwt import claims_of, sign
from adapters.postgres.connection import connect
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from benchmarks.campus import running_campus
from benchmarks.classroom import everything_seen
from benchmarks.load import for_seconds, request, run
from benchmarks.oulad import import_file
from cli.console import progress
from workers.as_of.folding import EVERY, FEWEST

AUDITORS = 64
LIVE_CLIENTS = 8
LEARNERS = 200  # random ones, who are asked about
READS = 400  # of each kind, of one learner's dashboard
MOMENTS = 12  # of a run's dashboard, each another
DAYS = 5  # of the overview
FIRST_DAY, LAST_DAY = date(2013, 1, 1), date(2014, 10, 1)
LIFETIME = timedelta(hours=6)
LOOK_AGAIN = 0.1  # seconds, at a fold that takes longer than a query waits
SEEN = "SELECT count(*) FROM snapshots_of_read_models WHERE is_regular AND position >= %s"
READ_MODELS = 6  # of which snapshots are taken

Target = tuple[str, float, str, bool]


class Asking:
    """One client, an auditor, who asks one question after the other."""

    def __init__(self, settings: Settings) -> None:
        token = sign(claims_of("auditor"), settings.token_secret, now=datetime.now(UTC), lifetime=LIFETIME)
        self._client = httpx.AsyncClient(
            base_url=settings.api_url, headers={"authorization": f"Bearer {token}"}, timeout=httpx.Timeout(120)
        )

    async def seconds(self, path: str, **parameters: Any) -> float:
        """How long an answer takes, also if it is 202 first."""
        started = time.perf_counter()
        answer = await self._client.get(f"/v1{path}", params=parameters)
        while answer.status_code == 202:
            shown, where = answer.json(), answer.headers["location"]
            await self._ended(where)
            answer = await self._client.get(shown["result"])
        answer.raise_for_status()
        return time.perf_counter() - started

    async def _ended(self, where: str) -> None:
        """Wait for the end of a fold."""
        while True:
            if (await self._client.get(where)).json()["status"] not in {"waiting", "folding"}:
                return
            await asyncio.sleep(LOOK_AGAIN)

    async def get(self, path: str, **parameters: Any) -> Any:
        """An answer as it is."""
        return (await self._client.get(f"/v1{path}", params=parameters)).json()

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()


async def bench(file: Path, seconds: float) -> dict[str, Any]:
    """Measure on a campus with *file* imported; *seconds* for each measurement of live reads."""
    async with running_campus() as settings:
        report = await import_file(settings, file)
        await everything_seen(settings)
        snapshots = await _snapshots_taken(settings, report["facts"])
        asking = Asking(settings)
        facts = report["facts"]
        with progress("bench audit", total=4, unit="parts") as advance:
            found = {"facts": facts, "load_at_start": os.getloadavg()[0], "snapshots_seconds": snapshots}
            for part in (
                _learners(asking, facts),
                _runs(asking, facts),
                _overview(asking),
                _live_beside_auditors(settings, asking, facts, seconds),
            ):
                found |= await part
                advance(1)
        await asking.close()
        return {**found, "load_at_end": os.getloadavg()[0]}


async def _snapshots_taken(settings: Settings, facts: int) -> float:
    """Wait for the last regular snapshot of each read model; the seconds that they have taken after the import."""
    started = time.perf_counter()
    last = facts // EVERY * EVERY if facts >= EVERY else facts
    async with await connect(settings, application="bench") as connection:
        while facts >= FEWEST:
            row = await (await connection.execute(SEEN.encode(), [last])).fetchone()
            if row is not None and row[0] >= READ_MODELS:
                break
            await asyncio.sleep(1)
    return round(time.perf_counter() - started, 1)


async def _learners(asking: Asking, facts: int) -> dict[str, Any]:
    learners = await _some_learners(asking)
    first = await _first_facts(asking, learners)
    chance = random.Random(1)  # noqa: S311

    async def live() -> float:
        return await asking.seconds(f"/learners/{chance.choice(learners)}/dashboard")

    async def as_of() -> float:
        learner_id = chance.choice(learners)
        known_at = chance.randrange(first[learner_id], facts + 1)
        return await asking.seconds(f"/learners/{learner_id}/dashboard", known_at=known_at)

    return _side_by_side("learner", *await _in_turn(live, as_of, READS))


async def _runs(asking: Asking, facts: int) -> dict[str, Any]:
    since = facts // 3
    runs = [each["run_id"] for each in (await asking.get("/runs", limit=200, known_at=since))["items"]]
    chance = random.Random(2)  # noqa: S311

    async def live() -> float:
        return await asking.seconds(f"/runs/{chance.choice(runs)}/dashboard")

    async def as_of() -> float:
        path = f"/runs/{chance.choice(runs)}/dashboard"
        return await asking.seconds(path, known_at=chance.randrange(since, facts))

    return _side_by_side("run", *await _in_turn(live, as_of, MOMENTS))


async def _overview(asking: Asking) -> dict[str, Any]:
    chance = random.Random(3)  # noqa: S311

    async def live() -> float:
        return await asking.seconds("/overview")

    async def as_of() -> float:
        day = FIRST_DAY + timedelta(days=chance.randrange((LAST_DAY - FIRST_DAY).days))
        return await asking.seconds("/overview", valid_at=day.isoformat())

    return _side_by_side("overview", *await _in_turn(live, as_of, DAYS))


async def _live_beside_auditors(settings: Settings, asking: Asking, facts: int, seconds: float) -> dict[str, Any]:
    """Live reads without and with auditors, in turn."""
    learners = await _some_learners(asking)
    first = await _first_facts(asking, learners)
    tokens = [
        sign(claims_of(each), settings.token_secret, now=datetime.now(UTC), lifetime=LIFETIME) for each in learners
    ]
    chance = random.Random(4)  # noqa: S311

    async def live() -> float:
        def one() -> bytes:
            return request("GET", f"{settings.api_url}/v1/me/dashboard", token=chance.choice(tokens))

        return 1_000 * (await run(settings.api_url, for_seconds(seconds, one), LIVE_CLIENTS)).percentile(50)

    answered = 0

    async def auditor() -> None:
        nonlocal answered
        client = Asking(settings)
        try:
            while True:
                learner_id = chance.choice(learners)
                known_at = chance.randrange(first[learner_id], facts + 1)
                await client.seconds(f"/learners/{learner_id}/dashboard", known_at=known_at)
                answered += 1
        finally:
            await client.close()

    alone, beside = [], []
    await live()
    for _ in range(3):
        alone.append(await live())
        auditors = [asyncio.create_task(auditor()) for _ in range(AUDITORS)]
        beside.append(await live())
        await cancel_and_wait(auditors)
    return {
        "live_alone_ms": round(median(alone), 3),
        "live_beside_auditors_ms": round(median(beside), 3),
        "live_slower_by": round(median(b / a for a, b in zip(alone, beside, strict=True)) - 1, 3),
        "auditors_answered": answered,
    }


async def _some_learners(asking: Asking) -> list[str]:
    """Learners from all of the list, by chance."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await asking.get("/learners", limit=200, **cursor)
        found += [each["learner_id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    return random.Random(5).sample(found, min(LEARNERS, len(found)))  # noqa: S311


async def _first_facts(asking: Asking, learners: list[str]) -> dict[str, int]:
    """The position of the first fact about each learner."""
    pages = {each: await asking.get(f"/learners/{each}/history", limit=1) for each in learners}
    return {each: page["items"][0]["position"] for each, page in pages.items()}


async def _in_turn(
    live: Callable[[], Awaitable[float]], as_of: Callable[[], Awaitable[float]], number: int
) -> tuple[list[float], list[float]]:
    await live()
    await as_of()
    pairs = [(await live(), await as_of()) for _ in range(number)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def _side_by_side(name: str, live: list[float], as_of: list[float]) -> dict[str, Any]:
    """Milliseconds, medians and the 99th percentile."""
    return {
        f"{name}_live_ms": round(1_000 * median(live), 2),
        f"{name}_live_p99_ms": round(1_000 * _p99(live), 2),
        f"{name}_as_of_ms": round(1_000 * median(as_of), 2),
        f"{name}_as_of_p99_ms": round(1_000 * _p99(as_of), 2),
    }


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]


def targets(found: dict[str, Any]) -> list[Target]:
    """What is asked for: name, figure, bound, and whether it is met."""
    learner = found["learner_as_of_p99_ms"] / found["learner_live_p99_ms"]
    run_seconds = found["run_as_of_ms"] / 1_000
    overview_seconds = found["overview_as_of_ms"] / 1_000
    return [
        ("a learner's dashboard as of a position, p99 / live p99", learner, "<= 10", learner <= 10),
        ("a run's dashboard as of a position, median seconds", run_seconds, "<= 2", run_seconds <= 2),
        ("the overview at a valid_at, median seconds", overview_seconds, "<= 10", overview_seconds <= 10),
        ("live reads beside 64 auditors, slower by", found["live_slower_by"], "< 0.1", found["live_slower_by"] < 0.1),
    ]
