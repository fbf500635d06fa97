"""
`campus bench pages`: pages of each desk, beside the queries over JSON that they are drawn from.

Ours: milliseconds within which 95 of 100 answers of a page come, at 64 clients who are one of the sample people.
Yardstick: the same of its queries, added up, since a client over JSON asks all of them to show the same; that of the
slowest stands beside it. They are asked in turn, several rounds: of the sample campus, of one with OULAD in it as well
(`--file`), or of a running campus (`--campus`). Beside them, for one client: the median of a page, the processor time
of the API for it and for its queries, which depends little on what else the machine does; its size in gzip, and all
bytes of a first load: the page and the files that it names, in gzip where they get smaller.
"""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil

from adapters.settings import Settings
from benchmarks.campus import CAMPUS, running_campus
from benchmarks.classroom import everything_seen
from benchmarks.desks import DESKS, LARGE, Desk
from benchmarks.load import for_seconds, request, run
from benchmarks.oulad import import_file
from cli.console import Failure, progress
from cli.up import instance

CLIENTS = 64
ALONE = 25  # requests of one client, after FIRST ones
FIRST = 3
MOST_RATIO, MOST_SECONDS, LARGEST_PAGE, LARGEST_LOAD = 3.0, 1.0, 50_000, 150_000
RUN_OF_OULAD = "CCC-2014J"  # the one with most learners
NAMED = 20  # learners whose names are asked for
FILES = re.compile(r'(?:href|src)="(/static/[^"#]+)')
RUN = re.compile(r'href="/teach/runs/([^"/?]+)')
COMPRESSED = (".css", ".js", ".svg")


@dataclass(frozen=True)
class Found:
    """
    What was measured of one page; None where it has no queries to be compared with.

    Attributes:
        page_ms: within which 95 of 100 answers come at 64 clients, the median over the rounds.
        query_ms: the same of its queries, added up; *slowest_ms* of the slowest of them.
        ratio: page to queries, and *of_slowest* to the slowest of them: medians of the rounds.
        alone_ms: the median for one client.
        cpu_ms: of the processes of the API for one answer; *query_cpu_ms* for its queries, added up.
        page_bytes: of the page in gzip; *load_bytes* of all that a first load fetches.
        missed: the goals that it does not meet.
    """

    desk: str
    page: str
    page_ms: float | None = None
    query_ms: float | None = None
    slowest_ms: float | None = None
    ratio: float | None = None
    of_slowest: float | None = None
    alone_ms: float = 0.0
    cpu_ms: float = 0.0
    query_cpu_ms: float | None = None
    page_bytes: int = 0
    load_bytes: int = 0
    missed: list[str] = field(default_factory=list)


async def bench(
    campus: Path | None, file: Path | None, run_id: str, seconds: float, rounds: int
) -> list[dict[str, Any]]:
    """
    Measure.

    Args:
        campus: the data directory of a running campus; None for the sample campus.
        file: a release of OULAD, which the sample campus gets as well.
        run_id: the run that is taught; empty for the largest of OULAD, or the first one.
        seconds: of each measurement at 64 clients.
    """
    async with _campus(campus, file) as settings:
        is_large = file is not None or run_id != ""
        async with Visitors.of(settings) as visitors:
            values, each = await visitors.values(run_id or (RUN_OF_OULAD if file is not None else ""))
            found, desks = list[dict[str, Any]](), (*DESKS, *(LARGE if is_large else ()))
            with progress("bench pages", total=len(desks), unit="pages") as advance:
                for desk in desks:
                    found.append(asdict(await _page(visitors, desk.of(values, each), seconds, rounds)))
                    advance(1)
        return found


@asynccontextmanager
async def _campus(campus: Path | None, file: Path | None) -> AsyncIterator[Settings]:
    if campus is not None:
        yield Settings.load(data_dir=campus)
        return
    async with running_campus() as settings:
        arguments = ("seed", "--sample", "--data", str(settings.data_dir))
        seeding = await asyncio.create_subprocess_exec(*CAMPUS, *arguments, stdout=asyncio.subprocess.DEVNULL)
        if await seeding.wait():
            raise Failure("the sample campus could not be seeded")
        if file is not None:
            await import_file(settings, file)
        await everything_seen(settings)
        yield settings


class Visitors:
    """The sample people, signed in, each asking for one thing after the other."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        self.url = settings.api_url
        self._client, self._api = client, _processes(settings)
        self._cookies: dict[str, str] = {}

    @classmethod
    @asynccontextmanager
    async def of(cls, settings: Settings) -> AsyncIterator["Visitors"]:
        """Those of a running campus."""
        async with httpx.AsyncClient(base_url=settings.api_url, timeout=60.0) as client:
            visitors = cls(settings, client)
            for person in sorted({desk.person for desk in (*DESKS, *LARGE)}):
                answer = await client.post("/v1/dev/session", json={"person": person})
                if answer.is_error:
                    raise Failure(f"no session for the sample {person}: {answer.text[:300]}")
                visitors._cookies[person] = answer.headers["set-cookie"].partition(";")[0]
            client.cookies.clear()
            yield visitors

    async def values(self, run_id: str) -> tuple[Mapping[str, str], Mapping[str, Sequence[str]]]:
        """What the places in `DESKS` stand for; *run_id* is taught by the instructor from then on."""
        if run_id:
            grant = {"learner_id": "sample-instructor", "role": "instructor", "scope": f"run:{run_id}"}
            head = {"cookie": self._cookies["admin"], "sec-fetch-site": "same-origin"}
            await self._client.post("/v1/roles/grant", json={**grant, "reason": "campus bench pages"}, headers=head)
        else:
            run_id = RUN.findall((await self.get("instructor", "/teach")).text)[0]
        courses = (await self.get("learner", "/v1/me/dashboard")).json()["courses"]
        own = next(each["run_id"] for each in courses if each["status"] == "active")
        learners = (await self.get("instructor", f"/v1/runs/{run_id}/learners?limit={NAMED}")).json()["items"]
        ids = [each["learner_id"] for each in learners]
        roles = (await self.get("instructor", "/v1/me/roles?limit=200")).json()["items"]
        scopes = [each["scope"].partition(":") for each in roles]
        values = {"run": run_id, "own": own, "learner": ids[0], "ids": ",".join(ids)}
        kinds = {"course": "course", "granted": "run"}
        return values, {place: [name for kind, _, name in scopes if kind == of] for place, of in kinds.items()}

    async def get(self, person: str, path: str) -> httpx.Response:
        """One answer; raises Failure for a refusal."""
        answer = await self._client.get(path, headers={"cookie": self._cookies[person]})
        if answer.status_code != 200:
            raise Failure(f"{path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def asked(self, person: str, path: str) -> bytes:
        """The bytes of a request."""
        return request("GET", f"{self.url}{path}", cookie=self._cookies[person])

    async def p95(self, person: str, path: str, seconds: float) -> float:
        """Milliseconds within which 95 of 100 answers come at 64 clients."""
        asked = self.asked(person, path)
        return 1_000 * (await run(self.url, for_seconds(seconds, lambda: asked), CLIENTS)).percentile(95)

    async def alone(self, person: str, path: str) -> tuple[float, float]:
        """Milliseconds of one answer for one client, the median, and of the processors of the API."""
        asked = self.asked(person, path)
        await run(self.url, _so_many(asked, FIRST), 1)  # what is made once is made
        before = _cpu_seconds(self._api)
        load = await run(self.url, _so_many(asked, ALONE), 1)
        return 1_000 * load.percentile(50), 1_000 * (_cpu_seconds(self._api) - before) / ALONE


async def _page(visitors: Visitors, desk: Desk, seconds: float, rounds: int) -> Found:
    answer = await visitors.get(desk.person, desk.page)
    sizes = [len(_sent(name, (await visitors.get(desk.person, name)).content)) for name in _files(answer.text)]
    alone_ms, cpu_ms = await visitors.alone(desk.person, desk.page)
    page_bytes = len(gzip.compress(answer.content))
    figures = Found(
        desk=desk.person,
        page=desk.page,
        alone_ms=alone_ms,
        cpu_ms=cpu_ms,
        page_bytes=page_bytes,
        load_bytes=page_bytes + sum(sizes),
        **(await _compared(visitors, desk, seconds, rounds) if desk.queries else {}),
    )
    figures.missed.extend(missed(figures))
    return figures


async def _compared(visitors: Visitors, desk: Desk, seconds: float, rounds: int) -> dict[str, Any]:
    """The page beside its queries, in turn."""
    found = list[tuple[float, float, float]]()
    for _ in range(rounds):
        of_queries = [await visitors.p95(desk.person, query, seconds / len(desk.queries)) for query in desk.queries]
        found.append((await visitors.p95(desk.person, desk.page, seconds), sum(of_queries), max(of_queries)))
    cpu = [(await visitors.alone(desk.person, query))[1] for query in desk.queries]
    page_ms, query_ms, slowest_ms = (median(each) for each in zip(*found, strict=True))
    return {
        "page_ms": page_ms,
        "query_ms": query_ms,
        "slowest_ms": slowest_ms,
        "ratio": median(page / queries for page, queries, _ in found),
        "of_slowest": median(page / slowest for page, _, slowest in found),
        "query_cpu_ms": sum(cpu),
    }


def missed(found: Found) -> Sequence[str]:
    """The goals that a page does not meet."""
    goals = {
        "ratio": found.ratio is None or found.ratio <= MOST_RATIO,
        "time": found.alone_ms <= 1_000 * MOST_SECONDS,
        "page": found.page_bytes <= LARGEST_PAGE,
        "first load": found.load_bytes <= LARGEST_LOAD,
    }
    return [name for name, met in goals.items() if not met]


def _so_many(asked: bytes, times: int) -> Any:
    turns = iter([asked] * times)
    return lambda: next(turns, None)


def _files(html: str) -> list[str]:
    """The files that a page names."""
    return sorted(set(FILES.findall(html)))


def _sent(name: str, content: bytes) -> bytes:
    """A file as it is sent: fonts and pictures are small already."""
    return gzip.compress(content) if name.partition("?")[0].endswith(COMPRESSED) else content


def _processes(settings: Settings) -> list[psutil.Process]:
    """The processes of the API."""
    first = psutil.Process(instance.read(settings.data_dir)["pids"]["api"])
    return [first, *first.children(recursive=True)]


def _cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """What they have taken of the processors since they began."""
    return sum(times.user + times.system for times in (each.cpu_times() for each in processes))
