"""A throw-away aggregate that is keyed by its own stream, and a read model of it."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import msgspec

from domain.aggregate import Aggregate
from domain.fact import Fact
from domain.registry import AGGREGATE_OF, BY_CATEGORY, FACTS
from domain.streams import ids_of, named_id
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class Thread(Aggregate):
    """Posts in a row. No part of the domain."""

    category = "topic"
    ids = ("thread_id",)

    class Posted(Aggregate.Event):
        TOPIC = "topic.posted"
        amount: int

    def initial_state(self) -> None:
        self.posts = 0


REGISTERED: tuple[tuple[dict[str, Any], str, Any], ...] = (
    (BY_CATEGORY, Thread.category, Thread),
    (FACTS, Thread.Posted.TOPIC, Thread.Posted),
    (AGGREGATE_OF, Thread.Posted.TOPIC, Thread),
)
"""Entries of domain.registry for a process that knows threads."""


def know_threads() -> None:
    """Let this process know threads."""
    for registry, name, value in REGISTERED:
        registry[name] = value
    ids_of.cache_clear()


@contextmanager
def known_threads() -> Iterator[None]:
    """Let this process know threads for a while."""
    know_threads()
    yield
    for registry, name, _ in REGISTERED:
        del registry[name]
    ids_of.cache_clear()


BAD = 666
MENDED = "CAMPUSLOG_TEST_MENDED_THREADS"  # in the environment: a bad post is folded like any other
_thread = named_id("thread_id")


class ThreadRow(msgspec.Struct):
    """What was posted, in order, and the course's version of then."""

    thread_id: str
    amounts: list[int] = []
    versions: list[int] = []


class Version(msgspec.Struct):
    """The latest version of a course."""

    course_id: str
    version: int = 0


class PostTotal(msgspec.Struct):
    """Of all threads."""

    name: str
    posts: int = 0


THREADS = Table("threads", ThreadRow, ("thread_id",))
VERSIONS = Table("thread_versions", Version, ("course_id",), distribution="replicated")
TOTALS = Table("thread_totals", PostTotal, ("name",), distribution="partial")
COURSE, ALL = "AAA", "all"


def _needs(fact: Fact) -> Iterable[RowKey]:
    return RowKey(THREADS, (_thread(fact.stream_id),)), RowKey(VERSIONS, (COURSE,)), RowKey(TOTALS, (ALL,))


def _posted(fact: Fact, rows: Rows) -> None:
    row = rows.edit(THREADS, ThreadRow, _thread(fact.stream_id))
    row.amounts.append(fact.data["amount"])
    rows.edit(TOTALS, PostTotal, ALL).posts += 1
    if fact.data["amount"] == BAD and MENDED not in os.environ:
        raise ArithmeticError("a bad post")
    version = rows.read(VERSIONS, Version, COURSE)
    row.versions.append(version.version if version else 0)


def _published(fact: Fact, rows: Rows) -> None:
    rows.edit(VERSIONS, Version, fact.id("course_id")).version = fact.data["version"]


class ThreadsInPostgres(Projection):
    """Threads, divided into segments."""

    name: ClassVar[str] = "threads"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (THREADS, VERSIONS, TOTALS)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "topic.posted": Handler(_needs, _posted, writes=(THREADS, TOTALS)),
        "course.version_published": Handler(
            lambda fact: (RowKey(VERSIONS, (fact.id("course_id"),)),), _published, writes=(VERSIONS,)
        ),
    }

    def __reduce__(self) -> tuple[Callable[[type[Projection]], Projection], tuple[type[Projection]]]:
        return _knowing_threads, (type(self),)


def _knowing_threads(projection: type[Projection]) -> Projection:
    """The read model in another process, which knows threads then, too."""
    know_threads()
    return projection()


class ThreadsInValkey(ThreadsInPostgres):
    """The same in Valkey."""

    name = "thread_documents"
    store = "valkey"


class UndividedThreads(ThreadsInPostgres):
    """The same, not divided."""

    name = "undivided_threads"
    segments = 1


def posts(number: int, threads: int = 9) -> list[tuple[str, str, dict[str, Any]]]:
    """So many posts to some threads, with a new version of the course now and then: stream, type and fields of each."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    for at in range(number):
        if at % 7 == 3:
            found.append((f"course-{COURSE}", "course.version_published", {"version": at}))
        found.append((f"topic-T{at % threads}", "topic.posted", {"amount": at}))
    return found
