"""The index of the forum: the same however it was made, without what is erased, and without a word in the clear."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.personal.erasure import forget
from adapters.postgres.connection import connect
from adapters.postgres.forum_search import index as module
from adapters.postgres.forum_search.tokens import Tokens
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.forum import CreateThread, EditPost, PostReply
from commands.forum.merging import MoveToRun
from commands.log import Context
from commands.user import NoteKeyDestroyed, RequestErasure
from domain.catalog import Unit
from domain.forum import FIRST_TOPIC, ThreadKind
from tests.support.appends import opened, query
from tests.support.polling import until
from workers.dispatching import forum_search

RUN, WHEN = "algebra-2026", datetime(2026, 2, 1, tzinfo=UTC)
WORDS = ("seven", "rows", "equations", "groups", "why", "ring", "field", "kernel", "ideal", "42", "multiplication")
TABLES = {
    "forum_search": "SELECT * FROM forum_search ORDER BY thread_id, post_no",
    "forum_words": "SELECT * FROM forum_words ORDER BY token",
    "forum_words_left": "SELECT * FROM forum_words_left",
}


class Forum:
    """People who write in the forum of a run, as its staff, so that they need no places."""

    def __init__(self, log: PostgresLog, settings: Settings, seed: int = 0) -> None:
        self.log, self.settings, self.bus, self.chance = log, settings, Bus(log), random.Random(seed)
        self.posts: list[tuple[str, int, str]] = []
        self.erased: set[str] = set()

    async def do(self, command: Any) -> int:
        """Carry out a command."""
        return await self.bus.handle(command, Context("test", at=WHEN))

    async def open_run(self) -> None:
        """A run."""
        await self.do(CreateCourse("algebra", "Algebra"))
        await self.do(PublishCourse("algebra", [Unit("intro", "page", "Begin")]))
        await self.do(ScheduleRun(RUN, "algebra", 1, WHEN, WHEN + timedelta(days=90)))
        await self.do(OpenRun(RUN))

    def text(self, number: int = 6) -> str:
        """Some words."""
        return " ".join(self.chance.choices(WORDS, k=number)) + f" only{self.chance.randrange(1_000)}"

    async def ask(self, person: str, text: str = "") -> str:
        """Open a thread; its id."""
        thread_id = f"t{len(self.posts)}"
        title = self.text(2)
        await self.do(
            CreateThread(person, RUN, thread_id, ThreadKind.QUESTION, None, title, text or self.text(), by_staff=True)
        )
        self.posts.append((thread_id, 1, person))
        return thread_id

    async def happen(self) -> None:
        """Something."""
        person = self.chance.choice([each for each in ("ann", "bob", "cyd", "dan") if each not in self.erased])
        own = [each for each in self.posts if each[2] == person]
        match self.chance.randrange(6):
            case 0:
                await self.ask(person)
            case 1 | 2 if self.posts:
                thread_id, _number, _person = self.chance.choice(self.posts)
                number = 1 + max(each for name, each, _ in self.posts if name == thread_id)
                await self.do(PostReply(person, RUN, thread_id, 1, self.text(), by_staff=True))
                self.posts.append((thread_id, number, person))
            case 3 | 4 if own:
                thread_id, number, _person = self.chance.choice(own)
                title = self.text(2) if number == 1 else ""
                await self.do(EditPost(person, RUN, thread_id, number, title, self.text(), by_staff=True))
            case 5 if len(self.erased) < 2 and self.chance.random() < 0.2:
                await self.erase(person)

    async def erase(self, person: str) -> None:
        """Destroy the key of a person."""
        self.erased.add(person)
        await self.do(RequestErasure(person, is_known=True))
        await forget(self.log, person)
        await self.do(NoteKeyDestroyed(person))

    async def index(self, *, pages: int = 1_000_000) -> None:
        """Let the index follow the log, some pages far."""
        async with await connect(self.settings, application="test") as connection:
            following = await forum_search.begin(self.log, connection)
            assert following is not None
            while pages and await following.step():
                pages -= 1

    async def is_indexed(self) -> bool:
        """Whether the index is at the end of the log, and has no words to look after."""
        done = "SELECT position, NOT EXISTS (SELECT FROM forum_words_left) FROM forum_search_state"
        return await query(self.settings, done, owner=True) == [(await self.log.head(), True)]

    async def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """The index."""
        return {table: await query(self.settings, select, owner=True) for table, select in TABLES.items()}


@pytest.fixture
async def forum(settings: Settings) -> AsyncIterator[Forum]:
    """A run on a campus of its own."""
    async with opened(settings) as log:
        forum = Forum(log, settings)
        await forum.open_run()
        yield forum


@pytest.mark.parametrize("seed", range(3))
async def test_an_index_is_the_same_when_it_is_made_again(
    forum: Forum, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Row by row, whatever was edited and erased, wherever pages ended, and however often it was begun."""
    forum.chance.seed(seed)
    for _ in range(60):
        monkeypatch.setattr(forum_search, "PAGE", forum.chance.randint(1, 5))
        await forum.happen()
        if forum.chance.random() < 0.4:
            await forum.index(pages=forum.chance.randint(1, 4))
    await forum.index()
    found = await forum.rows()
    assert found["forum_search"]
    monkeypatch.setattr(module, "VERSION", 2)
    monkeypatch.setattr(forum_search, "PAGE", 7)
    await forum.index()
    assert await forum.rows() == found
    left = {row[0] for row in found["forum_words"]}
    longer = {token for row in found["forum_search"] for token in row[6]}
    assert left <= longer


async def test_a_moved_thread_is_found_in_its_new_run(forum: Forum) -> None:
    """Its posts of before and after the move alike, and the same however the index was made."""
    other = "algebra-2027"
    await forum.do(ScheduleRun(other, "algebra", 1, WHEN, WHEN + timedelta(days=90)))
    thread_id = await forum.ask("ann")
    await forum.do(PostReply("bob", RUN, thread_id, 1, "seven", by_staff=True))
    await forum.index()
    before = (await forum.rows())["forum_search"]
    await forum.do(MoveToRun(RUN, thread_id, other, FIRST_TOPIC, None))
    await forum.do(PostReply("bob", other, thread_id, 1, "rows", by_staff=True))
    await forum.index()
    after = await forum.rows()
    tokens = Tokens(await forum.log.keys.of_campus(module.PURPOSE))
    places = [row[5] for row in after["forum_search"]]
    assert len(places) == len(before) + 1
    assert all(tokens.run(other) in each and tokens.run(RUN) not in each for each in places)
    async with await connect(forum.settings, application="test") as connection:
        for statement in module.CLEAR:
            await connection.execute(statement.encode())
        await connection.execute(b"DELETE FROM forum_search_state")
    await forum.index()
    assert await forum.rows() == after


async def test_an_erased_person_leaves_the_index_with_the_key(forum: Forum) -> None:
    """In the transaction that destroys it, before any process looks; words of no other post go after it."""
    await forum.ask("ann", "Unique seven")
    await forum.ask("bob", "Other seven")
    await forum.index()
    before = await forum.rows()
    await forum.log.keys.destroy("ann")
    after = await forum.rows()
    assert [row[2] for row in after["forum_search"]] == ["bob"]
    await forum.index()
    words = (await forum.rows())["forum_words"]
    assert 0 < len(words) < len(before["forum_words"])
    of_bob = {token for row in after["forum_search"] for token in row[6]}
    assert {row[0] for row in words} <= of_bob


async def test_what_was_opened_before_an_erasure_is_not_written_after_it(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that was read with the key, and written when it was destroyed."""
    await forum.ask("ann")
    opens = module.ForumIndex._entries

    async def and_then_erased(self: module.ForumIndex, facts: Any) -> Any:
        found = await opens(self, facts)
        await forum.log.keys.destroy("ann")
        return found

    monkeypatch.setattr(module.ForumIndex, "_entries", and_then_erased)
    await forum.index()
    assert (await forum.rows())["forum_search"] == []


async def test_no_word_is_in_the_clear(forum: Forum) -> None:
    """Neither in a row nor in what is beside it; another key makes the index again."""
    await forum.ask("ann", "Unmistakable")
    await forum.index()
    found = await forum.rows()
    assert b"unmistakable" not in b"".join(row[1] for row in found["forum_words"])
    assert "unmistakable" not in str(found).lower()
    await query(forum.settings, "DELETE FROM campus_keys WHERE purpose = 'forum_search'", owner=True)
    await forum.index()
    again = await forum.rows()
    assert len(again["forum_words"]) == len(found["forum_words"])
    assert {row[0] for row in again["forum_words"]}.isdisjoint(row[0] for row in found["forum_words"])


async def test_a_log_that_was_restored_is_indexed_again(forum: Forum) -> None:
    """An index that is ahead of the log is of another one."""
    await forum.ask("ann")
    await forum.index()
    found = await forum.rows()
    await query(forum.settings, "UPDATE forum_search_state SET position = 1000000", owner=True)
    await forum.index()
    assert await forum.rows() == found


async def test_two_processes_make_one_index(forum: Forum) -> None:
    """One follows the log, the other stands by until that one ends."""
    stops = [asyncio.Event(), asyncio.Event()]
    async with asyncio.TaskGroup() as tasks:
        for stop in stops:
            tasks.create_task(forum_search.keep_indexing(forum.settings, forum.log, stop))
        for stop in stops:
            for _ in range(10):
                await forum.happen()
            await until(forum.is_indexed)
            stop.set()
    found = await forum.rows()
    await query(forum.settings, "DELETE FROM forum_search_state", owner=True)
    await forum.index()
    assert await forum.rows() == found
