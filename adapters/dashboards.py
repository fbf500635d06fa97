"""
Documents out of Valkey with one look-up, and out of the log while Valkey cannot answer.

Look-ups that arrive while a round trip is under way go as one. Each brings the position for which its document is
true. Valkey is passed over when it is away, when it has lost its data, and while it is getting them back (its
checkpoint is behind what was served before): then the learner's own history is folded by the same lines.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.batcher import Batcher
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.valkey.fields import POSITION
from adapters.valkey.valkey_store import Served, hash_key, live_key
from domain.catalog import course_stream, run_stream
from domain.fact import Fact, partition_of_learner
from projections.engine.projection import Projection, segment_of
from projections.learner_dashboard import Dashboard, LearnerDashboard, dashboard_of
from projections.recent_activity import CAMPUS, KEPT, RecentActivity, RecentFacts, recent_of

LARGEST_LOOKUP = 256  # documents in one round trip
RETRY_VALKEY = 0.5  # seconds between attempts while it is away
LOOKUP_TIMEOUT = 1.0  # seconds; a document is there in a millisecond, or folded from the log
PAGE, FARTHEST_BACK = 5_000, 100_000  # positions that are read for the recent activity, at once and at most

logger = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


class Found(NamedTuple):
    """The JSON text of a document, None for none; and the position for which this is true."""

    body: bytes | None
    position: int


class Document(NamedTuple):
    """The JSON text of a document, and the position for which it is true."""

    body: bytes
    position: int


class Unreachable(Exception):
    """Valkey does not answer, or not with what it once had."""


class Documents:
    """
    The live documents of the first table of one projection in Valkey.

    Args:
        partition: the partition of a document, by its key; it says in which segment the document is.
    """

    def __init__(
        self, client: Redis, settings: Settings, projection: Projection, partition: Callable[[str], int]
    ) -> None:
        self._pipeline: Any = client.pipeline
        self._live_key = live_key(settings, projection.name)
        self._hash = partial(hash_key, settings, projection.name, table=projection.tables[0].name)
        self._partition = partition
        self._served: Served | None = None
        self._highest: dict[int, int] = {}  # by segment, the highest position that was ever served
        self._retry_at = 0.0
        self._batcher: Batcher[str, Found] = Batcher(self._look_up, LARGEST_LOOKUP)

    async def get(self, key: str) -> Found:
        """
        One document.

        Raises:
            Unreachable: look elsewhere for now.
        """
        if self._retry_at and time.monotonic() < self._retry_at:
            raise Unreachable
        return await self._batcher.submit(key)

    async def position(self) -> int:
        """The checkpoint of the segment that is furthest behind; raises Unreachable as `get`."""
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                same = False
                while not same:
                    found, same = await self._fields({segment: [] for segment in range(self._segments)})
        except (RedisError, OSError, TimeoutError) as error:
            raise Unreachable from error
        if self._served is None:
            raise Unreachable
        return min(int(fields[0] or 0) for fields in found.values())

    @property
    def _segments(self) -> int:
        return self._served.segments if self._served else 1

    async def _look_up(self, keys: Sequence[str]) -> list[Found | Exception]:
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                found, segments = await self._documents(keys)
        except (RedisError, OSError, TimeoutError) as error:
            if not self._retry_at:
                logger.warning("valkey.unreachable", error=f"{type(error).__name__}: {error}")
            self._retry_at = time.monotonic() + RETRY_VALKEY
            raise Unreachable from error
        self._retry_at = 0.0
        return [self._found(found[segment], segment) for segment in segments]

    def _found(self, fields: list[bytes | None], segment: int) -> Found | Exception:
        """The next document of a segment, whose fields begin with its checkpoint."""
        position = int(fields[0] or 0)
        if position < self._highest.get(segment, 0) or self._served is None:
            return Unreachable()
        self._highest[segment] = position
        return Found(fields.pop(1), position)

    async def _documents(self, keys: Sequence[str]) -> tuple[dict[int, list[bytes | None]], list[int]]:
        """What each segment has of *keys*, in their order, and the segment of each key."""
        while True:
            segments = [segment_of(self._partition(key), self._segments) for key in keys]
            wanted: dict[int, list[str]] = {}
            for key, segment in zip(keys, segments, strict=True):
                wanted.setdefault(segment, []).append(key)
            found, same = await self._fields(wanted)
            if same:
                return found, segments

    async def _fields(self, wanted: Mapping[int, list[str]]) -> tuple[dict[int, list[bytes | None]], bool]:
        """The checkpoint and these fields of each segment of the live generation; no if another is live by now."""
        before = self._served
        pipeline = self._pipeline(transaction=False)
        async with pipeline:
            pipeline.get(self._live_key)
            for segment, keys in wanted.items():
                name = self._hash(generation=before.generation if before else 0, segment=segment)
                pipeline.hmget(name, [POSITION, *keys])
            live, *found = await pipeline.execute()
        self._served = Served.parsed(live)
        if self._served != before:
            self._highest = {}
        return dict(zip(wanted, found, strict=True)), self._served == before


class Dashboards:
    """The learner dashboards and the recent activity of a campus."""

    def __init__(self, client: Redis, settings: Settings, log: PostgresLog) -> None:
        self._log = log
        self.learners = Documents(client, settings, LearnerDashboard(), partition_of_learner)
        self.activity = Documents(client, settings, RecentActivity(), lambda _: 0)

    async def of_learner(self, learner_id: str) -> Document:
        """A learner's dashboard; an empty one for somebody of whom nothing is known."""
        try:
            body, position = await self.learners.get(learner_id)
        except Unreachable:
            return await self._folded(learner_id)
        return Document(_encode(Dashboard(learner_id)) if body is None else body, position)

    async def recent(self) -> Document:
        """The recent activity of the campus."""
        try:
            body, position = await self.activity.get(CAMPUS)
        except Unreachable:
            return await self._recent_folded()
        return Document(_encode(RecentFacts(CAMPUS)) if body is None else body, position)

    async def _folded(self, learner_id: str) -> Document:
        head = await self._log.head()
        own = await self._log.history(learner_id, head)
        facts = [*own, *(fact for fact in await self._catalog(own) if fact.position <= head)]
        facts.sort(key=attrgetter("position"))
        return Document(_encode(dashboard_of(learner_id, facts)), head)

    async def _recent_folded(self) -> Document:
        position = until = await self._log.head()
        facts: list[Fact] = []
        while until and len(facts) < KEPT and position - until < FARTHEST_BACK:
            after = max(0, until - PAGE)
            facts = await self._log.read(after, until - after, RecentActivity.handlers) + facts
            until = after
        return Document(_encode(recent_of(facts)), position)

    async def _catalog(self, own: Sequence[Fact]) -> list[Fact]:
        """The facts about the runs that a learner's facts name, and about the courses of these runs."""
        run_ids = {run_id for fact in own if (run_id := fact.data.get("run_id") or fact.ids[1])}
        facts: list[Fact] = []
        for run_id in sorted(run_ids):
            facts += await self._log.stream(run_stream(run_id))
        course_ids = {fact.data["course_id"] for fact in facts if fact.type == "run.scheduled"}
        for course_id in sorted(course_ids):
            facts += await self._log.stream(course_stream(course_id))
        return facts
