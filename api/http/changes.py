"""
What the projector announces: queries wait for a position, event streams for a change.

A lost announcement costs time only. Queries that wait share one look at the checkpoints, and streams look at the truth
at each heartbeat. A gap between two announcements of a segment is noticed, and counts as a change of everything. A
stream holds at most one change for each read model, the newest, however slow its client is.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import msgspec
import structlog

from adapters.nats.changes import CommittedChange, listen
from adapters.nats.connection import Nats
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from api.http.truth import Truth

logger = structlog.get_logger()

Topic = tuple[str, str]
"""A read model, and the key of what is watched in it: a learner, a run, or ALL."""

ALL = "*"
LOOK_AGAIN = 0.1  # seconds between two looks for queries that wait


class Changed(NamedTuple):
    """A read model has changed at the watched key, in a generation; 0 if that is not known."""

    projection: str
    key: str
    position: int
    generation: int = 0


class Watch:
    """What has changed since it was last asked, of a few topics."""

    def __init__(self, topics: list[Topic]) -> None:
        self.topics = topics
        self._changed: dict[Topic, Changed] = {}
        self._something = asyncio.Event()

    def note(self, topic: Topic, position: int, generation: int) -> None:
        """Something has changed; only the newest change of a topic is kept."""
        before = self._changed.get(topic)
        self._changed[topic] = Changed(*topic, max(position, before.position if before else 0), generation)
        self._something.set()

    async def next(self, patience: float) -> list[Changed]:
        """The changes since the last call, as soon as there are any; none after *patience* seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._something.wait()
        self._something.clear()
        changed, self._changed = self._changed, {}
        return list(changed.values())


class Changes:
    """The listening end of the announcements, in one process; *truth* is asked for what was not heard."""

    def __init__(self, truth: Truth | None = None) -> None:
        self._truth = truth
        self._looking: asyncio.Task[None] | None = None
        self._positions: dict[str, dict[int, int]] = defaultdict(dict)
        self._segments: dict[str, int] = {}
        self._life = ""
        self._watches: dict[Topic, set[Watch]] = defaultdict(set)
        self._listeners: dict[str, list[Callable[[CommittedChange], None]]] = defaultdict(list)
        self._waiting: dict[str, list[tuple[int, asyncio.Future[None]]]] = defaultdict(list)
        self._listening: asyncio.Task[None] | None = None
        self._nats: Nats | None = None

    def start(self, settings: Settings, nats: Nats) -> None:
        """Listen from now on; NATS may come later, and come and go."""
        self._nats = nats
        self._listening = asyncio.create_task(self._listen(settings, nats))

    async def stop(self) -> None:
        """Listen no more."""
        await cancel_and_wait([task for task in (self._listening, self._looking) if task is not None])

    @property
    def connection_id(self) -> int | None:
        """None while announcements may be lost; else a number that has changed if some were lost in between."""
        return self._nats.connection_id if self._nats else None

    async def _listen(self, settings: Settings, nats: Nats) -> None:
        await listen(settings, nats, self.on_change)

    async def on_change(self, change: CommittedChange) -> None:
        """One commit of a projection."""
        positions = self._positions[change.projection]
        if len(positions) > change.segments:  # of a generation that was divided into more
            positions.clear()
        missed = change.before is not None and any(
            positions.get(segment, change.before) != change.before for segment in change.moved
        )
        positions.update(dict.fromkeys(change.moved, change.position))
        self._segments[change.projection] = change.segments
        if len(positions) >= change.segments:
            self._reach(change.projection, min(positions.values()))
        if missed:
            change = msgspec.structs.replace(change, keys=None)
        if change.keys == []:
            return
        for listener in self._listeners.get(change.projection, ()):
            listener(change)
        if self._watches:
            self._notify(change)

    def add_listener(self, projection: str, listener: Callable[[CommittedChange], None]) -> None:
        """Call *listener* with each change of a read model from now on, as long as the process runs."""
        self._listeners[projection].append(listener)

    def heard(self, projection: str) -> int:
        """Up to which position of a projection every change was announced here; -1 where that is not known."""
        positions = self._positions[projection].values()
        return min(positions) if len(positions) >= self._segments.get(projection, 1) else -1

    def know_life(self, life: str) -> None:
        """Forget what was announced in another life of the log: these positions may be others by now."""
        if life not in ("", self._life):
            self._life = life
            self._positions.clear()

    def _reach(self, projection: str, position: int) -> None:
        """Wake the queries that wait for the projection to reach a position up to this one."""
        for wanted, future in self._waiting.get(projection, ()):
            if wanted <= position and not future.done():
                future.set_result(None)

    def _notify(self, change: CommittedChange) -> None:
        topics = (
            [topic for topic in self._watches if topic[0] == change.projection]
            if change.keys is None
            else {(change.projection, key) for key in (ALL, *(str(key[1]) for key in change.keys))}
        )
        for topic in topics:
            for watch in self._watches.get(topic, ()):
                watch.note(topic, change.position, change.generation)

    async def reached(self, projection: str, position: int, patience: float) -> None:
        """Wait until the projection has reached *position*, *patience* seconds at most; holds no connection."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (position, future)
        self._waiting[projection].append(entry)
        if self._truth is not None and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look_for_those_who_wait(self._truth))
        try:
            await asyncio.wait([future], timeout=patience)
        finally:
            self._waiting[projection].remove(entry)

    async def _look_for_those_who_wait(self, truth: Truth) -> None:
        """One look after the other for all queries that wait: an announcement may be lost."""
        while any(self._waiting.values()):
            await asyncio.sleep(LOOK_AGAIN)
            known = await truth.known(LOOK_AGAIN)
            for projection, position in known.checkpoints.items() if known else ():
                self._reach(projection, position)

    @contextmanager
    def watch(self, topics: list[Topic]) -> Iterator[Watch]:
        """Watch some topics until the block ends."""
        watch = Watch(topics)
        for topic in topics:
            self._watches[topic].add(watch)
        try:
            yield watch
        finally:
            for topic in topics:
                self._watches[topic].discard(watch)
                if not self._watches[topic]:
                    del self._watches[topic]
