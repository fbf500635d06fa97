"""
`campus bench pages`: the main page of each desk, beside the queries over JSON that it is drawn from.

Ours: milliseconds within which 95 of 100 answers of a page come, at 64 clients who are one of the sample people.
Yardstick: the same of its queries, added up, since the page asks all of them; that of the slowest stands beside it.
They are asked in turn, of the sample campus on servers of its own or of a running campus (`--campus`), as one with
OULAD in it. Beside them: the median of a page for one client, which is what the server takes, its size in gzip, and all
bytes of a first load: the page and the files that it names, in gzip where they get smaller.
"""

import asyncio
import gzip
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from adapters.settings import Settings
from benchmarks.campus import CAMPUS, running_campus
from benchmarks.classroom import everything_seen
from benchmarks.load import content_length, for_seconds, request, run
from cli.console import Failure, progress

CLIENTS = 64
ALONE = 7  # requests of one client, of which the median is taken
MOST_RATIO, MOST_SECONDS, LARGEST_PAGE, LARGEST_LOAD = 3.0, 1.0, 50_000, 150_000
FILES = re.compile(rb'(?:href|src)="(/static/[^"#]+)')
RUN = re.compile(rb'href="/teach/runs/([^"/?]+)')
COMPRESSED = (b".css", b".js", b".svg")


class Desk(NamedTuple):
    """A page, who asks for it, and the queries that it is drawn from."""

    person: str
    page: str
    queries: tuple[str, ...]


DESKS = (
    Desk("learner", "/learn", ("/v1/me/dashboard", "/v1/me/study", "/v1/me/announcements", "/v1/me/invitations")),
    Desk("learner", "/learn/transcript", ("/v1/me/transcript",)),
    Desk("learner", "/courses", ("/v1/catalog/search",)),
    Desk("learner", "/learn/orders", ("/v1/me/purchases",)),
    Desk("instructor", "/teach", ("/v1/me/roles",)),
    Desk(
        "instructor",
        "/teach/runs/{run}",
        ("/v1/runs/{run}/dashboard", "/v1/runs/{run}/at-risk?limit=20", "/v1/runs/{run}/ungraded"),
    ),
    Desk("instructor", "/teach/runs/{run}/gradebook", ("/v1/runs/{run}/gradebook/matrix",)),
    Desk("analyst", "/analyze", ("/v1/projections", "/v1/projections/jobs", "/v1/overview?limit=200")),
    Desk(
        "analyst",
        "/analyze/projections/gradebook",
        ("/v1/projections", "/v1/projections/jobs?projection=gradebook&limit=10", "/v1/projections/gradebook/rules"),
    ),
    Desk("admin", "/admin", ("/readyz", "/v1/overview?limit=1", "/v1/reconciliation")),
    Desk("admin", "/admin/orders", ("/v1/orders",)),
    Desk("admin", "/admin/jobs", ("/v1/jobs/failed", "/v1/reactions/failed", "/v1/bulk-jobs")),
)


@dataclass(frozen=True)
class Found:
    """
    What was measured of one page.

    Attributes:
        page_ms: within which 95 of 100 answers come at 64 clients.
        query_ms: the same of its queries, added up; *slowest_ms* of the slowest of them.
        ratio: page to queries.
        alone_ms: the median for one client.
        page_bytes: of the page in gzip; *load_bytes* of all that a first load fetches.
        missed: the goals that it does not meet.
    """

    desk: str
    page: str
    page_ms: float
    query_ms: float
    slowest_ms: float
    ratio: float
    alone_ms: float
    page_bytes: int
    load_bytes: int
    missed: list[str]


async def bench(campus: Path | None, run_id: str, seconds: float) -> list[dict[str, Any]]:
    """Measure on a running campus or on the sample campus; *seconds* each, *run_id* or the first run that is taught."""
    if campus is not None:
        return await _measure(Settings.load(data_dir=campus), run_id, seconds)
    async with running_campus() as settings:
        arguments = ("seed", "--sample", "--data", str(settings.data_dir))
        seeding = await asyncio.create_subprocess_exec(*CAMPUS, *arguments, stdout=asyncio.subprocess.DEVNULL)
        if await seeding.wait():
            raise Failure("the sample campus could not be seeded")
        await everything_seen(settings)
        return await _measure(settings, run_id, seconds)


async def _measure(settings: Settings, run_id: str, seconds: float) -> list[dict[str, Any]]:
    url, cookies, found = settings.api_url, dict[str, str](), list[dict[str, Any]]()
    for person in {desk.person for desk in DESKS}:
        cookies[person] = await _session(url, person)
    if not run_id:
        run_id = RUN.findall(await fetched(url, "/teach", cookies["instructor"]))[0].decode()
    with progress("bench pages", total=len(DESKS), unit="pages") as advance:
        for desk in DESKS:
            found.append(asdict(await _page(url, desk, cookies[desk.person], run_id, seconds)))
            advance(1)
    return found


async def _page(url: str, desk: Desk, cookie: str, run_id: str, seconds: float) -> Found:
    path, *queries = (each.format(run=run_id) for each in (desk.page, *desk.queries))
    await fetched(url, path, cookie)  # what is made once is made
    of_queries = [await _p95(url, query, cookie, seconds / len(queries)) for query in queries]
    page_ms = await _p95(url, path, cookie, seconds)
    alone = await run(url, _so_many(request("GET", f"{url}{path}", cookie=cookie), ALONE), 1)
    html = await fetched(url, path, cookie)
    files = sorted(set(FILES.findall(html)))
    sizes = [len(_sent(name, await fetched(url, name.decode(), cookie))) for name in files]
    page_bytes = len(gzip.compress(html))
    figures = Found(
        desk=desk.person,
        page=desk.page,
        page_ms=page_ms,
        query_ms=sum(of_queries),
        slowest_ms=max(of_queries),
        ratio=page_ms / sum(of_queries),
        alone_ms=1_000 * alone.percentile(50),
        page_bytes=page_bytes,
        load_bytes=page_bytes + sum(sizes),
        missed=[],
    )
    figures.missed.extend(missed(figures))
    return figures


def missed(found: Found) -> Sequence[str]:
    """The goals that a page does not meet."""
    goals = {
        "ratio": found.ratio <= MOST_RATIO,
        "time": found.alone_ms <= 1_000 * MOST_SECONDS,
        "page": found.page_bytes <= LARGEST_PAGE,
        "first load": found.load_bytes <= LARGEST_LOAD,
    }
    return [name for name, met in goals.items() if not met]


async def _p95(url: str, path: str, cookie: str, seconds: float) -> float:
    """Milliseconds within which 95 of 100 answers come."""
    asked = request("GET", f"{url}{path}", cookie=cookie)
    return 1_000 * (await run(url, for_seconds(seconds, lambda: asked), CLIENTS)).percentile(95)


def _so_many(asked: bytes, times: int) -> Any:
    turns = iter([asked] * times)
    return lambda: next(turns, None)


def _sent(name: bytes, content: bytes) -> bytes:
    """A file as it is sent: fonts and pictures are small already."""
    return gzip.compress(content) if name.partition(b"?")[0].endswith(COMPRESSED) else content


async def _session(url: str, person: str) -> str:
    """The cookie of a session of one of the sample people."""
    body = msgspec.json.encode({"person": person})
    head, content = await _answered(url, request("POST", f"{url}/v1/dev/session", body=body))
    set_cookies = re.findall(rb"(?im)^set-cookie: ([^;\r]+)", head)
    if not set_cookies:
        raise Failure(f"no session for the sample {person}: {content[:300].decode(errors='replace')}")
    return b"; ".join(set_cookies).decode()


async def fetched(url: str, path: str, cookie: str) -> bytes:
    """The body of one answer; raises Failure for a refusal."""
    head, content = await _answered(url, request("GET", f"{url}{path}", cookie=cookie))
    if head[9:12] != b"200":
        raise Failure(f"{path}: {head[:60].decode(errors='replace')}: {content[:300].decode(errors='replace')}")
    return content


async def _answered(url: str, sent: bytes) -> tuple[bytes, bytes]:
    host, _, port = url.rpartition("/")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    content = await reader.readexactly(content_length(head))
    writer.close()
    return head, content
