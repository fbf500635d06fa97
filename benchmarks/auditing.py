"""
One client of `campus bench audit`: asks one question after the other as an auditor, and says how long each took.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

import httpx

from adapters.jwt import claims_of, sign
from adapters.settings import Settings
from cli.console import Failure, progress

LIFETIME = timedelta(hours=6)  # of a token
LOOK_AGAIN = 0.1  # seconds, at a fold that takes longer than a query waits
LONGEST_ANSWER = 120.0  # seconds, folds included
FEWEST = 3  # pairs that are measured, however long they take

Ask = Callable[[], Awaitable[float]]


class Asking:
    """One client, an auditor, who asks one question after the other."""

    def __init__(self, settings: Settings) -> None:
        token = sign(claims_of("auditor"), settings.token_secret, now=datetime.now(UTC), lifetime=LIFETIME)
        self._client = httpx.AsyncClient(
            base_url=settings.api_url,
            headers={"authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(LONGEST_ANSWER),
        )

    async def seconds(self, path: str, **parameters: Any) -> float:
        """How long an answer takes, also if it is 202 first; raises Failure after LONGEST_ANSWER."""
        started = time.perf_counter()
        answer = await self._client.get(f"/v1{path}", params=parameters)
        while answer.status_code == 202:
            shown, where = answer.json(), answer.headers["location"]
            await self._ended(where, started + LONGEST_ANSWER)
            answer = await self._client.get(shown["result"])
        if answer.status_code != 200:
            raise Failure(f"{answer.request.url} answers {answer.status_code}: {answer.text[:300]}")
        return time.perf_counter() - started

    async def _ended(self, where: str, deadline: float) -> None:
        """Wait for the end of a fold."""
        while (fold := (await self._client.get(where)).json())["status"] in {"waiting", "folding"}:
            if time.perf_counter() > deadline:
                raise Failure(f"{where} has not ended within {LONGEST_ANSWER:.0f} s: {fold}")
            await asyncio.sleep(LOOK_AGAIN)

    async def get(self, path: str, **parameters: Any) -> Any:
        """An answer as it is."""
        answer = await self._client.get(f"/v1{path}", params=parameters)
        if answer.status_code != 200:
            raise Failure(f"{answer.request.url} answers {answer.status_code}: {answer.text[:300]}")
        return answer.json()

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()


class Learners(NamedTuple):
    """
    Learners who are asked about.

    Attributes:
        first: the position of the first fact about each.
    """

    ids: list[str]
    first: dict[str, int]

    @classmethod
    async def some(cls, asking: Asking, number: int) -> "Learners":
        """Up to *number* learners from all of the list, by chance."""
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await asking.get("/learners", limit=200, **cursor)
            found += [each["learner_id"] for each in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        chosen = random.Random(5).sample(found, min(number, len(found)))  # noqa: S311
        pages = {each: await asking.get(f"/learners/{each}/history", limit=1) for each in chosen}
        return cls(chosen, {each: page["items"][0]["position"] for each, page in pages.items()})


async def in_turn(name: str, live: Ask, as_of: Ask, number: int, seconds: float) -> dict[str, Any]:
    """
    Measure both in turn, after one of each that does not count, and show how far that is.

    Args:
        number: of pairs.
        seconds: after which no further pair is begun, once there are FEWEST.
    """
    await live()
    await as_of()
    pairs: list[tuple[float, float]] = []
    deadline = time.perf_counter() + seconds
    with progress(f"bench audit: {name}", total=number, unit="pairs") as advance:
        while len(pairs) < number and (len(pairs) < FEWEST or time.perf_counter() < deadline):
            pairs.append((await live(), await as_of()))
            advance(1)
    return side_by_side(name, [one for one, _ in pairs], [other for _, other in pairs])


def side_by_side(name: str, live: list[float], as_of: list[float]) -> dict[str, Any]:
    """Milliseconds, medians and the 99th percentile, of how many pairs."""
    return {
        f"{name}_pairs": len(live),
        f"{name}_live_ms": round(1_000 * median(live), 2),
        f"{name}_live_p99_ms": round(1_000 * p99(live), 2),
        f"{name}_as_of_ms": round(1_000 * median(as_of), 2),
        f"{name}_as_of_p99_ms": round(1_000 * p99(as_of), 2),
    }


def p99(values: list[float]) -> float:
    """The 99th percentile; the largest of few values."""
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]
