"""How many notifications are unread: kept while all changes are heard, and read again after one."""

import pytest

from adapters.nats.changes import CommittedChange
from adapters.postgres.queries.inbox import UnreadCount
from adapters.postgres.queries.reader import Reader
from adapters.settings import Settings
from api.http import unread_counts
from api.http.changes import Changes
from api.http.unread_counts import UnreadCounts

NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="no-server-is-asked")
NOTHING = list[tuple[str | int, ...]]()


class Line(Changes):
    """Announcements that a test makes, over a connection that it breaks."""

    number: int | None = 1

    @property
    def connection_id(self) -> int | None:
        """Which connection it is; None while there is none."""
        return self.number


class Bell:
    """Counts of a campus, and how often they were read."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.line, self.position, self.reads = Line(), 0, 0
        self.counts = UnreadCounts(Reader(settings), self.line)
        self.meanwhile: CommittedChange | None = None
        monkeypatch.setattr(unread_counts, "unread_of", self.read)

    async def read(self, _reader: Reader, _learner_id: str) -> UnreadCount:
        """The rows, which say how often they were read; *meanwhile* is announced while they are."""
        self.reads += 1
        if self.meanwhile is not None:
            await self.line.on_change(self.meanwhile)
        return UnreadCount(self.reads, self.position)

    async def announce(self, position: int, *people: str, **more: int) -> None:
        """The read model is at a position, and what these people are notified of has changed."""
        await self.line.on_change(self.change(position, *people, **more))
        self.position = position

    def change(self, position: int, *people: str, before: int | None = None) -> CommittedChange:
        """One commit; it follows upon the one before it, if nothing else is said."""
        keys = NOTHING + [("notifications", each, "n1") for each in people]
        return CommittedChange("inbox", position, keys, before=self.position if before is None else before)

    async def ask(self, who: str = "ada", at_least: int = 0) -> tuple[int, int]:
        """What the rows said when the count was read, and for which position it is true."""
        found = await self.counts.of(who, at_least)
        return found.unread, found.position


@pytest.fixture
async def bell(monkeypatch: pytest.MonkeyPatch) -> Bell:
    """Counts that are read by no one yet."""
    return Bell(NOWHERE, monkeypatch)


async def test_a_count_is_kept_and_true_for_what_is_announced(bell: Bell) -> None:
    """What others are notified of moves its position, and reads nothing."""
    await bell.announce(5)
    assert await bell.ask() == (1, 5)
    await bell.announce(7, "bob")
    assert await bell.ask() == (1, 7)
    assert await bell.ask(at_least=7) == (1, 7)


async def test_a_change_of_it_is_read(bell: Bell) -> None:
    """Also one of which it is not said whose, and one that was missed."""
    await bell.announce(5)
    await bell.ask()
    await bell.announce(6, "ada")
    assert await bell.ask() == (2, 6)
    await bell.line.on_change(CommittedChange("inbox", 8, None, before=6))
    bell.position = 8
    assert await bell.ask() == (3, 8)
    await bell.announce(12, before=10)  # that of 10 was lost
    assert await bell.ask() == (4, 12)
    await bell.line.on_change(CommittedChange("catalog", 13, None))
    assert await bell.ask() == (4, 12)


async def test_who_waits_for_a_position_reads(bell: Bell) -> None:
    """What is kept may be older."""
    await bell.announce(5)
    await bell.ask()
    bell.position = 9
    assert await bell.ask(at_least=9) == (2, 9)


async def test_nothing_is_kept_while_changes_may_be_lost(bell: Bell) -> None:
    """Before anything was heard, without a connection, of another connection, and what has changed meanwhile."""
    assert [await bell.ask(), await bell.ask()] == [(1, 0), (2, 0)]
    await bell.announce(5)
    bell.line.number = None
    assert [await bell.ask(), await bell.ask()] == [(3, 5), (4, 5)]
    bell.line.number = 2
    assert [await bell.ask(), await bell.ask()] == [(5, 5), (5, 5)]
    bell.line.number = 3
    bell.meanwhile = bell.change(6, "ada")
    assert await bell.ask() == (6, 5)
    bell.meanwhile = None
    assert await bell.ask() == (7, 5)


async def test_a_count_is_given_for_a_time(bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    """And for so many people."""
    await bell.announce(5)
    monkeypatch.setattr(unread_counts, "MOST", 1)
    assert [await bell.ask("ada"), await bell.ask("bob"), await bell.ask("ada")] == [(1, 5), (2, 5), (3, 5)]
    monkeypatch.setattr(unread_counts, "AGE", 0.0)
    assert [await bell.ask("bob"), await bell.ask("bob")] == [(4, 5), (5, 5)]
