"""
`campus bench forum`: the forum of a large campus, over HTTP, one client after the other, with all workers running.

A million posts by a hundred thousand people in two hundred runs, one thread of twenty thousand among them
(benchmarks/forum_log.py), are written into the log by COPY, and followed by the workers as all facts are. Then, in
milliseconds:

    visible     from sending a reply until the thread shows it, 99 of 100
    thread      a page of the long thread, from any number on, 95 of 100
    unread      threads with unread posts of a run, and all unread counts of a person, in turn, 95 of 100
    search      posts by words as people type them, in the runs of a learner, 95 of 100
    all_search  the same in the whole campus, as an admin

Beside each stands what it may take. How long the workers needed for the log is no bound, and is answered as well.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

import httpx

from adapters.command_bus.bus import Bus
from adapters.jwt import PROOFS, JwtClaims, sign
from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from benchmarks.campus import running_campus
from benchmarks.classroom import everything_seen
from benchmarks.forum_log import ForumLog, Size, keys_of, person_of, run_of, thread_of
from benchmarks.load import for_seconds, request, run
from benchmarks.rebuild_ours import fill_log
from benchmarks.search import Texts
from cli.console import Failure, progress
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.log import Context
from domain.catalog import Unit

RUNS_OF_READER = 5
READER = 0  # a person, in the run of the long thread
PERMITTED = {"visible": 100.0, "thread": 30.0, "unread": 30.0, "search": 30.0, "all_search": 30.0}  # ms
LATEST = "SELECT position FROM forum_search_state"
FAR = timedelta(days=365 * 3)


@dataclass(frozen=True)
class Figure:
    """
    What one measurement found, in milliseconds.

    Attributes:
        percent: how many of 100 were answered within *ms*; *median_ms* has half of them.
    """

    name: str
    percent: int
    ms: float
    median_ms: float
    answers: int
    permitted_ms: float
    met: bool


@dataclass(frozen=True)
class Findings:
    """What was measured, on how large a forum, and how many seconds the workers needed for its log."""

    size: Size
    projected_s: float
    indexed_s: float
    figures: list[Figure]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


async def bench(posts: int, people: int, seconds: float) -> Findings:
    """Make the forum on a throw-away campus, and measure each of PERMITTED for so many *seconds*."""
    size = Size(posts, people, max(RUNS_OF_READER, people // 500), min(posts // 5, 20_000))
    async with running_campus() as settings:
        await _open_runs(settings, size)
        keys = await keys_of(settings, size)
        async with await connect(settings, application="bench") as connection:
            row = await (await connection.execute("SELECT position FROM log_head")).fetchone()
            head = int(row[0]) if row else 0
        await fill_log(settings, ForumLog(size, keys, head).rows(), size.facts)
        started = time.perf_counter()
        await everything_seen(settings)
        projected = time.perf_counter() - started
        await _indexed(settings, head + size.facts)
        indexed = time.perf_counter() - started
        await _enter_more_runs(settings)
        return Findings(size, round(projected, 1), round(indexed, 1), await _figures(settings, size, seconds))


async def _open_runs(settings: Settings, size: Size) -> None:
    log = await PostgresLog.open(settings)
    bus, context, now = Bus(log), Context("bench", source="bench"), datetime.now(UTC)
    await bus.handle(CreateCourse("bench", "A course"), context)
    await bus.handle(PublishCourse("bench", [Unit("begin", "page", "Begin here")]), context)
    for number in range(size.runs):
        await bus.handle(ScheduleRun(run_of(number), "bench", 1, now, now + FAR), context)
        await bus.handle(OpenRun(run_of(number)), context)
    await log.close()


async def _enter_more_runs(settings: Settings) -> None:
    """The reader has a place in some runs."""
    log = await PostgresLog.open(settings)
    bus, context = Bus(log), Context("bench", source="bench")
    for number in range(1, RUNS_OF_READER):
        await bus.handle(RequestEnrollment(person_of(READER), run_of(number)), context)
    await log.close()
    await everything_seen(settings)


async def _indexed(settings: Settings, until: int) -> None:
    """Wait until posts are found."""
    async with await connect(settings, application="bench") as connection:
        with progress("index the posts", total=until, unit="facts") as advance:
            before = 0
            while before < until:
                row = await (await connection.execute(LATEST)).fetchone()
                position = int(row[0]) if row else 0
                advance(max(0, position - before))
                before = max(before, position)
                await asyncio.sleep(0.2)


async def _figures(settings: Settings, size: Size, seconds: float) -> list[Figure]:
    url, now = settings.api_url, datetime.now(UTC)
    lifetime, people = timedelta(hours=2), {"reader": (person_of(READER), "learner"), "admin": ("admin", "admin")}
    claims = {name: JwtClaims(subject, (role,), subject, proofs=PROOFS) for name, (subject, role) in people.items()}
    tokens = {name: sign(each, settings.token_secret, now=now, lifetime=lifetime) for name, each in claims.items()}
    texts, turns = Texts(), count()

    def get(path: str, who: str = "reader", **query: Any) -> bytes:
        return request("GET", f"{url}/v1{path}{'?' if query else ''}{urlencode(query)}", token=tokens[who])

    def page() -> bytes:
        after = texts.chance.randrange(size.longest)
        return get(f"/runs/{run_of(0)}/threads/{thread_of(0)}", after=after, limit=50)

    def unread() -> bytes:
        number = next(turns)
        of_run = f"/runs/{run_of(number % RUNS_OF_READER)}/threads"
        return get("/me/forum/unread") if number % 2 else get(of_run, unread="true", limit=50)

    makes: dict[str, Callable[[], bytes]] = {
        "thread": page,
        "unread": unread,
        "search": lambda: get("/me/forum/search", **_search(texts)),
        "all_search": lambda: get("/me/forum/search", who="admin", **_search(texts)),
    }
    figures = [await _visible(url, tokens["reader"], seconds)]
    with progress("bench forum", total=len(makes), unit="figures") as advance:
        for name, make in makes.items():
            await run(url, for_seconds(seconds / 4, make), 1)
            load = await run(url, for_seconds(seconds, make), 1)
            figures.append(_figure(name, 95, [1_000 * each for each in load.took]))
            advance(1)
    return figures


def _search(texts: Texts) -> dict[str, str]:
    """One search, as people type it: a word, a part of one, two, or one with an error; or a word and a facet."""
    (word,) = texts.chance.choices(texts.words, cum_weights=texts.shares)
    place = texts.chance.randrange(1, len(word) - 1)
    more: dict[str, str] = texts.chance.choice(
        (
            {},
            {"q": word[: texts.chance.randint(3, 4)]},
            {"q": f"{word} {texts.text(1)}"},
            {"q": word[:place] + word[place + 1] + word[place] + word[place + 2 :]},
            {"state": "solved"},
            {"author": person_of(READER)},
            {"run_id": run_of(texts.chance.randrange(RUNS_OF_READER))},
        )
    )
    return {"q": word, **more}


async def _visible(url: str, token: str, seconds: float) -> Figure:
    """From sending a reply until the thread shows it to who has sent it; the first ones are not counted."""
    path = f"/v1/runs/{run_of(1)}/threads/{thread_of(1)}"
    took: list[float] = []
    until = time.perf_counter() + seconds
    async with httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {token}"}) as client:
        while time.perf_counter() < until or len(took) < 2:
            started = time.perf_counter()
            answer = await client.post(f"{path}/posts", json={"parent_no": 1, "text": "One more, to be seen."})
            sent = answer.raise_for_status().json()
            asked = {"after": sent["post_no"] - 1, "min_position": sent["position"]}
            shown = (await client.get(path, params=asked)).raise_for_status().json()
            took.append(1_000 * (time.perf_counter() - started))
            if not any(each["post_no"] == sent["post_no"] for each in shown["items"]):
                raise Failure(f"post {sent['post_no']} is not shown")
    return _figure("visible", 99, took[len(took) // 10 :])


def _figure(name: str, percent: int, took: list[float]) -> Figure:
    ordered = sorted(took)
    ms, median_ms = (ordered[min(len(ordered) - 1, len(ordered) * each // 100)] for each in (percent, 50))
    permitted = PERMITTED[name]
    return Figure(name, percent, round(ms, 1), round(median_ms, 1), len(ordered), permitted, ms <= permitted)
