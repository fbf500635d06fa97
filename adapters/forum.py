"""
The forum as one reader sees it: what is sealed is opened, and what the reader may not see is left out.

**Who has written an anonymous post is said to its author and to the staff of the run, and to no one else**: only
`author_for` of this module reads who it was. What was removed is shown to the same.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, Protocol

import msgspec

from adapters.forum_people import ForumPerson, mentioned
from adapters.forum_quotes import History, QuotedWords, Said, mentioned_too, quoted, wanted, without_history
from adapters.personal.keys import PersonKeys
from adapters.postgres.queries import forum
from adapters.postgres.queries.forum import ForumReader, StoredPost, StoredThread, ThreadsAsked
from adapters.postgres.queries.forum_of_person import OwnThreadsAsked, own_threads
from adapters.postgres.queries.reader import Reader, RowPage
from domain.forum import (
    MOST_MERGED,
    OPENING,
    CloseGround,
    RemovalGround,
    ThreadKind,
    ThreadLevel,
    mentioned_in,
    writing_stream,
)
from domain.personal import PersonalKey, is_sealed, read_words
from domain.user import AccountStatus, user_stream
from domain.words import closed as one_of

AT = datetime(2026, 2, 14, 18, tzinfo=UTC)


class ForumAuthor(msgspec.Struct, kw_only=True):
    """
    Who has written a post.

    Attributes:
        learner_id, name: null for an anonymous one, but for its author and the staff; *name* is null, too, where the
            person has given none or is erased.
        erased: whether the person is erased.
        mine: whether it was the reader.
    """

    learner_id: str | None
    name: str | None
    anonymous: bool
    by_staff: bool
    erased: bool
    mine: bool


class ForumThread(msgspec.Struct, kw_only=True):
    """
    A thread.

    Attributes:
        title: null where its first post is removed.
        closed: why it takes no posts; null where it does.
        accepted_no: the number of the accepted answer.
        merged_into: the thread to which it leads on, and where to go on; null for one that stands by itself.
        posts: how many posts are shown; *last_no* is the number of the last one, also of a removed one.
        score: the sum of the votes on its first post.
        unread: posts of others after *read_through*, the number of the last post that the reader has read, and those of
            threads that lead on to it.
    """

    thread_id: str
    run_id: str
    topic_id: str
    unit_id: str | None
    kind: Annotated[str, one_of(ThreadKind)]
    title: str | None
    author: ForumAuthor
    created_at: datetime
    last_at: datetime
    pinned: bool
    closed: Annotated[str, one_of(CloseGround)] | None
    removed: Annotated[str, one_of(RemovalGround)] | None
    accepted_no: int | None
    merged_into: str | None
    posts: int
    last_no: int
    score: int
    unread: int
    read_through: int
    level: Annotated[str, one_of(ThreadLevel)]


class ForumPost(msgspec.Struct, kw_only=True):
    """
    A post.

    Attributes:
        parent_no: the number of the post to which it is a reply; null for the first one.
        depth: 0 for the first post, 1 for a reply, 2 for a comment on one.
        text: Markdown; null where it is removed, or `erased` with the person.
        vote: that of the reader: 1, -1, or 0.
        unread: whether the reader has not read it.
        mentions: those whom the text mentions by `@[learner_id]`, by the names that they have now.
        quotes: what the lines `>[#…]` of the text stand for.
    """

    post_no: int
    parent_no: int | None
    depth: int
    author: ForumAuthor
    posted_at: datetime
    text: str | None
    edits: int
    edited_at: datetime | None
    removed: Annotated[str, one_of(RemovalGround)] | None
    accepted: bool
    score: int
    vote: int
    unread: bool
    mentions: list[ForumPerson]
    quotes: list[QuotedWords]


class ThreadPage(msgspec.Struct, kw_only=True):
    """
    A thread, and posts of it in the order of their numbers.

    Attributes:
        merged: threads that lead on to it.
        next: what to send as `after` for more.
    """

    thread: ForumThread
    merged: list[ForumThread]
    items: list[ForumPost]
    next: int | None


AUTHOR = ForumAuthor(learner_id="28400", name="Ada Lovelace", anonymous=False, by_staff=False, erased=False, mine=False)
THREAD = ForumThread(
    thread_id="0d9c7f0a1b27c3d8e4f5a6b7c8d9e0f1",
    run_id="algebra-2026",
    topic_id="general",
    unit_id="q1",
    kind="question",
    title="Why is 6 x 7 not 36?",
    author=AUTHOR,
    created_at=AT,
    last_at=AT,
    pinned=False,
    closed="answered",
    removed="rude",
    accepted_no=2,
    merged_into="7a1b27c3d8e4f5a6b7c8d9e0f10d9c7f",
    posts=2,
    last_no=2,
    score=3,
    unread=1,
    read_through=1,
    level="tracking",
)
POST = ForumPost(
    post_no=2,
    parent_no=1,
    depth=1,
    author=AUTHOR,
    posted_at=AT,
    text="Count **seven** rows of six.",
    edits=1,
    edited_at=AT,
    removed="rude",
    accepted=True,
    score=3,
    vote=1,
    unread=True,
    mentions=[],
    quotes=[],
)
PAGE = ThreadPage(thread=THREAD, merged=[THREAD], items=[POST], next=2)


class FoundThread(NamedTuple):
    """A thread with posts, None if the run has no such one; and the position for which that is true."""

    page: ThreadPage | None
    position: int


_thread = msgspec.json.Decoder(StoredThread).decode
_post = msgspec.json.Decoder(StoredPost).decode
_encode = msgspec.json.Encoder().encode

Stored = StoredThread | StoredPost


class Authored(Protocol):
    """What was written by a person; *name* is sealed, *status* that of the account."""

    learner_id: str
    anonymous: bool
    by_staff: bool
    name: str | None
    status: str | None


class ShownForum:
    """The forum of a run, for one reader."""

    def __init__(
        self, reader: Reader, keys: PersonKeys, viewer: ForumReader, history: History = without_history
    ) -> None:
        self._reader = reader
        self._history = history
        self._keys = keys
        self._viewer = viewer

    async def threads(self, asked: ThreadsAsked, after: Sequence[Any] | None, limit: int) -> RowPage:
        """A page of threads, each as JSON."""
        return await self._opened(await forum.threads(self._reader, asked, after, limit))

    async def own_threads(self, asked: OwnThreadsAsked, after: Sequence[Any] | None, limit: int) -> RowPage:
        """The same over several runs."""
        return await self._opened(await own_threads(self._reader, asked, after, limit))

    async def _opened(self, page: RowPage) -> RowPage:
        stored = [_thread(row[-1]) for row in page.rows]
        opened = await self._opener([(each, each.thread_id, OPENING) for each in stored])
        shown = await asyncio.to_thread(lambda: [_encode(self._shown(each, opened)).decode() for each in stored])
        return RowPage([(*row[:-1], text) for row, text in zip(page.rows, shown, strict=True)], page.position)

    async def thread(self, run_id: str, thread_id: str, after: int, limit: int) -> FoundThread:
        """A thread with up to *limit* posts after a number."""
        me = self._viewer.learner_id
        answer = await forum.thread(self._reader, run_id, thread_id, self._viewer)
        if answer.body is None:
            return FoundThread(None, answer.position)
        stored = _thread(answer.body)
        rows = await forum.posts(self._reader, thread_id, me, after, limit + 1)
        posts = [_post(row[-1]) for row in rows.rows[:limit]]
        merged = await self._merged(stored) if stored.merged else []
        opened = await self._opener(
            [
                *((each, each.thread_id, OPENING) for each in (stored, *merged)),
                *((each, thread_id, each.post_no) for each in posts),
            ]
        )
        page = await asyncio.to_thread(
            lambda: ThreadPage(
                thread=self._shown(stored, opened),
                merged=[self._shown(each, opened) for each in merged],
                items=[self._shown_post(each, stored, opened) for each in posts],
                next=posts[-1].post_no if len(rows.rows) > limit else None,
            )
        )
        await self._add_quotes(stored, page.items)
        await self._add_mentions(page.items)
        return FoundThread(page, min(answer.position, rows.position))

    async def _merged(self, thread: StoredThread) -> list[StoredThread]:
        """The threads that lead on to a thread."""
        asked = ThreadsAsked(run_id=thread.run_id, reader=self._viewer, into=thread.thread_id)
        page = await forum.threads(self._reader, asked, None, MOST_MERGED)
        return [_thread(row[-1]) for row in page.rows]

    async def _add_quotes(self, thread: StoredThread, items: Sequence[ForumPost]) -> None:
        texts = [each.text for each in items]
        numbers = wanted(texts)
        if not numbers:
            return
        rows = await forum.posts_numbered(self._reader, thread.thread_id, self._viewer.learner_id, numbers)
        posts = [_post(row[-1]) for row in rows.rows]
        opener = await self._opener([(each, thread.thread_id, each.post_no) for each in posts])
        said = {each.post_no: self._said(each, thread.thread_id, opener) for each in posts}
        for each, quotes in zip(items, await quoted(texts, said, self._history, self._keys), strict=True):
            each.quotes = quotes

    def _said(self, row: StoredPost, thread_id: str, opener: "Opener") -> Said:
        stream = writing_stream(row.learner_id, thread_id, row.post_no)
        text = row.text and opener.opened(row.text, stream)
        sees_all = self._viewer.staff or row.learner_id == self._viewer.learner_id
        return Said(stream, row.edits, text, self._sees_text(row), sees_all)

    async def _add_mentions(self, items: Sequence[ForumPost]) -> None:
        texts = [f"{each.text or ''} {mentioned_too(each.quotes)}" for each in items]
        people = await mentioned(self._reader, self._keys, texts)
        for each, text in zip(items, texts, strict=True):
            each.mentions = [people[one] for one in mentioned_in(text)]

    async def _opener(self, stored: Sequence[tuple[Stored, str, int]]) -> "Opener":
        """What opens the texts of rows of these threads and numbers, and the names of those who have written them."""
        streams = {writing_stream(row.learner_id, thread_id, number) for row, thread_id, number in stored}
        streams |= {user_stream(row.learner_id) for row, _, _ in stored if row.name is not None}
        return Opener(await self._keys.reading_all(streams))

    def _sees_text(self, row: Stored) -> bool:
        return row.removed is None or self._viewer.staff or row.learner_id == self._viewer.learner_id

    def _shown(self, row: StoredThread, opener: "Opener") -> ForumThread:
        sees = self._sees_text(row)
        return ForumThread(
            thread_id=row.thread_id,
            run_id=row.run_id,
            topic_id=row.topic_id,
            unit_id=row.unit_id,
            kind=row.kind,
            title=opener.text(row.title, row.learner_id, row.thread_id, OPENING) if sees else None,
            author=author_for(self._viewer, row, opener),
            created_at=row.created_at,
            last_at=row.last_at,
            pinned=row.pinned,
            closed=row.closed,
            removed=row.removed,
            accepted_no=row.accepted_no,
            merged_into=row.merged_into,
            posts=row.shown,
            last_no=row.posts,
            score=row.score,
            unread=row.unread,
            read_through=row.through,
            level=row.level,
        )

    def _shown_post(self, row: StoredPost, thread: StoredThread, opener: "Opener") -> ForumPost:
        author, sees = author_for(self._viewer, row, opener), self._sees_text(row)
        return ForumPost(
            post_no=row.post_no,
            parent_no=row.parent_no,
            depth=row.depth,
            author=author,
            posted_at=row.posted_at,
            text=opener.text(row.text, row.learner_id, thread.thread_id, row.post_no) if sees else None,
            edits=row.edits,
            edited_at=row.edited_at,
            removed=row.removed,
            accepted=row.post_no == thread.accepted_no,
            score=row.score,
            vote=row.vote,
            unread=row.post_no > thread.through and row.removed is None and not author.mine,
            mentions=[],
            quotes=[],
        )


class Opener(NamedTuple):
    """The keys of those who have written, by the stream of what they open."""

    keys: Mapping[str, PersonalKey]

    def text(self, sealed: str | None, learner_id: str, thread_id: str, post_no: int) -> str | None:
        """What a post says; `erased` where the key is gone."""
        return None if sealed is None else self.words(sealed, writing_stream(learner_id, thread_id, post_no))

    def words(self, sealed: str, stream: str) -> str:
        """What was written on a stream; `erased` where the key is gone."""
        return read_words(sealed, self.keys[stream])

    def opened(self, sealed: str, stream: str) -> str | None:
        """What was written; None where the key is gone."""
        return self.keys[stream].open(sealed) if is_sealed(sealed) else sealed

    def name(self, row: Authored) -> str | None:
        """What a person is called."""
        key = self.keys.get(user_stream(row.learner_id))
        return None if key is None or row.status == AccountStatus.ERASED else key.open(row.name)


def author_for(viewer: ForumReader, row: Authored, opener: Opener) -> ForumAuthor:
    """Who has written it, as far as a reader may know."""
    mine = row.learner_id == viewer.learner_id
    if row.anonymous and not mine and not viewer.staff:
        return ForumAuthor(learner_id=None, name=None, anonymous=True, by_staff=row.by_staff, erased=False, mine=False)
    name = opener.name(row)
    return ForumAuthor(
        learner_id=row.learner_id,
        name=name,
        anonymous=row.anonymous,
        by_staff=row.by_staff,
        erased=row.status == AccountStatus.ERASED or (row.name is not None and name is None),
        mine=mine,
    )
