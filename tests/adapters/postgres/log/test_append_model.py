"""
`append_events()` against a model of it in a few lines of Python, on batches that hypothesis makes up.

Every batch is appended to two campuses: once as it is, so that the short path is taken where it can be, and once
with a key that is claimed twice at its end, which makes the function go through the appends one by one.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.connection import options
from adapters.postgres.log.append import (
    APPEND,
    Append,
    Appended,
    KeyReused,
    NewEvent,
    VersionConflict,
    answer_of,
    arguments,
)
from tests.conftest import migrated
from tests.support.appends import new_event
from tests.support.servers import Servers

STREAMS = ("a", "b", "c")
RIGHT_OR_WRONG = st.sampled_from((0, 0, 0, 0, 1, -1))  # how far off an expected version is


@dataclass(frozen=True)
class Wish:
    """
    An append before its versions are known: streams with how far off they are expected and how many events.

    An early one was decided on the state before the batch, as by another process, else on that after its neighbours.
    """

    parts: Sequence[tuple[str, int, int]]
    key: str | None
    fingerprint: str
    guards: Sequence[tuple[str, int]]
    early: bool


WISHES = st.builds(
    Wish,
    parts=st.lists(
        st.tuples(st.sampled_from(STREAMS), RIGHT_OR_WRONG, st.sampled_from((1, 1, 2, 3))),
        max_size=3,
        unique_by=lambda part: part[0],
    ),
    key=st.sampled_from((None, None, None, "k", "l")),
    fingerprint=st.sampled_from(("", "", "other")),
    guards=st.lists(st.tuples(st.sampled_from(STREAMS), RIGHT_OR_WRONG), max_size=2),
    early=st.booleans(),
)  # fmt: skip


@dataclass
class Model:
    """What the log should be."""

    events: list[NewEvent] = field(default_factory=list)
    keys: dict[str, tuple[str, int]] = field(default_factory=dict)

    def version(self, stream: str) -> int:
        """The version of a stream."""
        return sum(event.stream_id == stream for event in self.events)

    def unit(self, wish: Wish, run: str, before: "Model") -> Append:
        """The append that a wish is at this moment, or was *before* the batch."""
        seen = before if wish.early else self
        events = [
            new_event(run + stream, max(1, seen.version(run + stream) + 1 + off) + number)
            for stream, off, count in wish.parts
            for number in range(count)
        ]
        guards = [(run + stream, seen.version(run + stream) + off) for stream, off in wish.guards]
        return Append(events, wish.key and run + wish.key, wish.fingerprint, 77, guards)

    def append(self, unit: Append) -> Sequence[object]:
        """Append one unit; every answer that would be right."""
        if unit.key in self.keys:
            fingerprint, position = self.keys[unit.key]
            return [("repeated", position) if fingerprint == unit.fingerprint else ("reused", unit.key)]
        expected = {event.stream_id: event.stream_version - 1 for event in reversed(unit.events)}
        looked_at = [*expected.items(), *unit.guards]
        conflicts = [
            ("conflict", stream, self.version(stream)) for stream, at in looked_at if at != self.version(stream)
        ]
        if conflicts:
            return conflicts
        first = len(self.events) + 1
        self.events += unit.events
        last = len(self.events) if unit.events else unit.empty_answer
        if unit.key is not None:
            self.keys[unit.key] = (unit.fingerprint, last)
        return [("appended", first if unit.events else None, last)]


class Campus:
    """One log, called as the function is."""

    def __init__(self, servers: Servers) -> None:
        self._settings = migrated(servers)
        self.connection = psycopg.connect(
            self._settings.postgres_url, autocommit=True, options=options(self._settings.schema_name)
        )
        self.head = 0

    def append(self, batch: Sequence[Append]) -> list[object]:
        """The answers, with positions counted from the last `head`."""
        rows = self.connection.execute(APPEND, arguments(batch), binary=True).fetchall()
        return [self._plain(unit, answer_of(unit, row)) for unit, row in zip(batch, rows, strict=True)]

    def _plain(self, unit: Append, answer: Appended | Exception) -> object:
        match answer:
            case Appended(first, last, repeated):
                last = last if last == unit.empty_answer else last - self.head
                return (
                    ("repeated", last) if repeated else ("appended", first - self.head if unit.events else None, last)
                )
            case VersionConflict():
                return ("conflict", answer.stream_id, answer.actual_version)
            case KeyReused():
                return ("reused", answer.key)
        raise AssertionError(answer)

    def stored(self) -> list[tuple[int, str, int, bytes, bytes]]:
        """What has been appended since the last `head`."""
        return self.connection.execute(
            "SELECT position - %(head)s, stream_id, stream_version, data, meta FROM events"
            " WHERE position > %(head)s ORDER BY position",
            {"head": self.head},
        ).fetchall()

    def begin(self) -> None:
        """Count from here."""
        row = self.connection.execute("SELECT position FROM log_head").fetchone()
        assert row
        self.head = row[0]


def test_the_function_agrees_with_the_model(servers: Servers) -> None:
    """Conflicts, repeated streams and keys, empty appends, guards and several streams at once; on both paths."""
    short, long = Campus(servers), Campus(servers)
    for campus in (short, long):  # beyond 100, so that no position is mistaken for the answer to an empty append
        campus.append([Append([new_event("filler", version) for version in range(1, 101)])])

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(WISHES, min_size=1, max_size=6), min_size=1, max_size=5))
    def agrees(batches: list[list[Wish]]) -> None:
        run, model = uuid.uuid4().hex, Model()
        short.begin()
        long.begin()
        for number, wishes in enumerate(batches):
            units, right, before = [], [], Model(list(model.events))
            for wish in wishes:
                units.append(model.unit(wish, run, before))
                right.append(model.append(units[-1]))
            one_by_one = long.append([*units, *2 * [Append([], f"{run}{number}")]])[:-2]
            for answers in (short.append(units), one_by_one):
                for answer, allowed in zip(answers, right, strict=True):
                    assert answer in allowed
        wanted = [
            (position, event.stream_id, event.stream_version, event.data, event.meta)
            for position, event in enumerate(model.events, 1)
        ]
        assert short.stored() == wanted
        assert long.stored() == wanted

    try:
        agrees()
    finally:
        short.connection.close()
        long.connection.close()
