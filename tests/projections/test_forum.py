"""The forum as rows, and the unread posts that are counted from them, against a recount of the facts."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from adapters.postgres.as_of.folder import KeyRows
from adapters.postgres.as_of.reader import AsOfReader
from adapters.postgres.queries import forum
from adapters.postgres.queries.forum import StoredPost, StoredThread, ThreadsAsked, UnreadCounts
from adapters.postgres.queries.reader import Reader
from adapters.settings import Settings
from commands.enrollment import RequestEnrollment
from commands.forum import (
    CreateThread,
    PostReply,
    ReadThread,
    RemovePost,
    RestorePost,
    SetThreadLevel,
)
from commands.forum.threads import (
    CloseThread,
    MoveThread,
    ReopenThread,
)
from commands.log import Context
from commands.user import RequestErasure
from domain.errors import DomainError
from domain.fact import Fact
from domain.forum import CloseGround, RemovalGround, ThreadKind, ThreadLevel
from projections.accounts import ACCOUNTS
from projections.engine.moment import Moment
from projections.forum import (
    POSTS,
    READINGS,
    SCORES,
    THREADS,
    VOTES,
    WRITINGS,
    Forum,
    ForumPost,
    ForumReading,
    ForumScore,
    ForumThread,
    ForumVote,
    ForumWriting,
)
from tests.support.facts import History, day, fold, rows_of
from tests.support.memory_log import MemoryLog
from tests.support.usecases import AT, COURSE, RUN, RUNS, Campus

BOB = {"run_id": "AAA-1", "learner_id": "bob", "anonymous": False, "by_staff": False}


def asked_and_answered() -> History:
    """A question of ann, without a name, and a reply of bob."""
    history = History().add("thread-t", "thread.created", day(1), run_id="AAA-1", unit_id="u", kind="question")
    history.add("post-t:1", "opening.posted", day(1), **{**BOB, "learner_id": "ann", "anonymous": True})
    history.add("text-ann:t:1", "text.written", day(1), title="T", text="Q")
    history.add("post-t:2", "reply.posted", day(2), **BOB, parent_no=1, depth=1)
    return history.add("text-bob:t:2", "text.written", day(2), title="", text="A")


def thread_of(history: History) -> ForumThread:
    (row,) = rows_of(fold(Forum, history), THREADS, ForumThread)
    return row


def test_a_thread_and_its_posts() -> None:
    """A row of each, with the last post's place in the log."""
    rows = fold(Forum, asked_and_answered())
    row = ForumThread("t", "AAA-1", "u", "question", posts=2, last_position=4, learner_id="ann", anonymous=True)
    row.created_at, row.last_at = day(1), day(2)
    assert rows_of(rows, THREADS, ForumThread) == [row]
    assert rows_of(rows, POSTS, ForumPost) == [
        ForumPost("t", 1, learner_id="ann", anonymous=True, posted_at=day(1)),
        ForumPost("t", 2, parent_no=1, depth=1, learner_id="bob", posted_at=day(2)),
    ]
    assert rows_of(rows, WRITINGS, ForumWriting) == [
        ForumWriting("ann", "t", 1, "T", "Q"),
        ForumWriting("bob", "t", 2, "", "A"),
    ]


def test_what_is_decided_about_a_thread() -> None:
    """Pinned, closed, moved and answered, and each taken back."""
    history = asked_and_answered().add("thread-t", "thread.pinned").add("thread-t", "thread.closed", ground="over")
    history.add("thread-t", "thread.moved", old_unit_id="u", new_unit_id=None)
    history.add("thread-t", "answer.accepted", old_post_no=None, new_post_no=2, learner_id="bob", by_staff=False)
    row = thread_of(history)
    assert (row.pinned, row.closed, row.unit_id, row.accepted_no) == (1, "over", None, 2)
    history.add("thread-t", "thread.unpinned").add("thread-t", "thread.reopened")
    history.add("thread-t", "answer.withdrawn", post_no=2, by_staff=True)
    row = thread_of(history)
    assert (row.pinned, row.closed, row.unit_id, row.accepted_no) == (0, None, None, None)


def test_removed_posts_keep_their_numbers() -> None:
    """They are listed in their order in the thread, until they are restored."""
    history = (
        asked_and_answered()
        .add("post-t:2", "post.removed", ground="rude")
        .add("post-t:1", "post.removed", ground="spam")
    )
    assert (thread_of(history).hidden, thread_of(history).posts) == ([1, 2], 2)
    history.add("post-t:2", "post.restored")
    assert thread_of(history).hidden == [1]
    assert [row.removed for row in rows_of(fold(Forum, history), POSTS, ForumPost)] == ["spam", None]


def test_an_edit_counts() -> None:
    """A row has the text of now, and since when."""
    history = asked_and_answered().add("text-bob:t:2", "text.edited", day(3), title="", text="B")
    assert rows_of(fold(Forum, history), WRITINGS, ForumWriting)[1] == ForumWriting("bob", "t", 2, "", "B", 1, day(3))


def test_votes_are_summed() -> None:
    """Of all who vote; one that is changed counts as it is now, and one that is withdrawn not at all."""
    history = (
        asked_and_answered()
        .add("vote-ann:t:2", "vote.cast", old=0, new=1)
        .add("vote-cid:t:2", "vote.cast", old=0, new=1)
    )
    assert rows_of(fold(Forum, history), SCORES, ForumScore) == [ForumScore("t", 2, 2)]
    history.add("vote-cid:t:2", "vote.cast", old=1, new=-1)
    assert rows_of(fold(Forum, history), SCORES, ForumScore) == [ForumScore("t", 2, 0)]
    history.add("vote-ann:t:2", "vote.withdrawn", value=1)
    rows = fold(Forum, history)
    assert rows_of(rows, SCORES, ForumScore) == [ForumScore("t", 2, -1)]
    assert rows_of(rows, VOTES, ForumVote) == [ForumVote("ann", "t", 2, 0), ForumVote("cid", "t", 2, -1)]


def test_a_reading_has_a_number_and_a_level() -> None:
    """One row for a person and a thread."""
    history = History().add("reading-ann:t", "reading.advanced", old_post_no=0, new_post_no=2)
    history.add("reading-ann:t", "reading.level_changed", old="normal", new="muted")
    assert rows_of(fold(Forum, history), READINGS, ForumReading) == [ForumReading("ann", "t", 2, "muted")]


PEOPLE, THREAD_IDS = ("ann", "bob", "cid"), ("t1", "t2")
WHO, THREAD, NUMBER = st.sampled_from(PEOPLE), st.sampled_from(THREAD_IDS), st.integers(1, 6)
HARMLESS = {"thread_not_found", "thread_exists", "post_not_found", "post_removed", "thread_closed", "too_deep"}


def recounted(facts: Sequence[Fact], who: str) -> dict[str, tuple[int, bool]]:
    """By thread that a person sees, how many posts are unread, and whether it is muted: by looking at each of them."""
    authors: dict[tuple[str, int], str] = {}
    removed: set[tuple[str, int]] = set()
    through, muted = dict.fromkeys(THREAD_IDS, 0), set[str]()
    for fact in facts:
        if fact.category == "post":
            post = fact.id("thread_id"), int(fact.id("post_no"))
            if fact.type in ("opening.posted", "reply.posted"):
                authors[post] = fact.data["learner_id"]
            elif fact.type == "post.removed":
                removed.add(post)
            else:
                removed.remove(post)
        elif fact.type == "reading.advanced" and fact.id("learner_id") == who:
            through[fact.id("thread_id")] = fact.data["new_post_no"]
        elif fact.type == "reading.level_changed" and fact.id("learner_id") == who:
            (muted.add if fact.data["new"] == "muted" else muted.discard)(fact.id("thread_id"))
    seen = [
        thread
        for thread in THREAD_IDS
        if authors.get((thread, 1)) == who or ((thread, 1) in authors and (thread, 1) not in removed)
    ]
    return {
        thread: (
            sum(
                author != who and post not in removed and post[1] > through[thread]
                for post, author in authors.items()
                if post[0] == thread
            ),
            thread in muted,
        )
        for thread in seen
    }


class Conversation(RuleBasedStateMachine):
    """Three people, two threads; after each step all positions of the log that are new are looked at."""

    runner: asyncio.Runner
    reader: Reader

    def __init__(self) -> None:
        super().__init__()
        self.log = MemoryLog()
        self.campus = Campus(self.log)
        self.facts: list[Fact] = []
        self.checked = 0
        self._run(self.campus.give(*COURSE, *RUNS, *(RequestEnrollment(each, RUN) for each in PEOPLE)))
        self.checked = self._run(self.log.head())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def _do(self, command: Any) -> None:
        try:
            self._run(self.campus.bus.handle(command, Context("test", AT)))
        except DomainError as error:
            assert error.code in HARMLESS  # noqa: PT017 - a rule of the forum, and no other failure

    @rule(who=WHO, thread=THREAD, anonymous=st.booleans())
    def create(self, who: str, thread: str, *, anonymous: bool) -> None:
        self._do(CreateThread(who, RUN, thread, ThreadKind.QUESTION, "q1", "Why", "Why?", anonymous))

    @rule(who=WHO, thread=THREAD, parent=NUMBER, anonymous=st.booleans())
    def reply(self, who: str, thread: str, parent: int, *, anonymous: bool) -> None:
        self._do(PostReply(who, RUN, thread, parent, "So.", anonymous))

    @rule(thread=THREAD, number=NUMBER)
    def remove(self, thread: str, number: int) -> None:
        self._do(RemovePost("eva", RUN, thread, number, RemovalGround.SPAM, by_staff=True))

    @rule(thread=THREAD, number=NUMBER)
    def restore(self, thread: str, number: int) -> None:
        self._do(RestorePost("eva", RUN, thread, number, by_staff=True))

    @rule(who=WHO, thread=THREAD, number=NUMBER)
    def read(self, who: str, thread: str, number: int) -> None:
        self._do(ReadThread(who, RUN, thread, number))

    @rule(who=WHO, thread=THREAD, level=st.sampled_from(ThreadLevel))
    def set_level(self, who: str, thread: str, level: ThreadLevel) -> None:
        self._do(SetThreadLevel(who, RUN, thread, level))

    @rule(thread=THREAD, unit=st.sampled_from(("q1", "q2", None)))
    def move(self, thread: str, unit: str | None) -> None:
        self._do(MoveThread(RUN, thread, unit))

    @rule(thread=THREAD, closed=st.booleans())
    def close(self, thread: str, *, closed: bool) -> None:
        self._do(CloseThread(RUN, thread, CloseGround.OVER) if closed else ReopenThread(RUN, thread))

    @precondition(lambda self: "cid" not in self.campus_erased)
    @rule()
    def erase(self) -> None:
        self._run(self.campus.destroy_key("cid"))
        self._run(self.campus.bus.handle(RequestErasure("cid", is_known=True), Context("test", AT)))

    @property
    def campus_erased(self) -> set[str]:
        return {who for who, key in self.log.keys.items() if key is None}

    @invariant()
    def unread_posts_are_those_of_a_recount(self) -> None:
        head = self._run(self.log.head())
        if head == self.checked:
            return
        facts = self._run(self.log.read(0, head))
        for position in range(self.checked + 1, head + 1):
            history = History()
            history.facts = facts[:position]
            rows = fold(Forum, history)
            folded = [(table, KeyRows(rows, [])) for table in (*Forum.tables, ACCOUNTS)]
            reader = AsOfReader(self.reader, Moment(position, AT), folded, (*Forum.tables, ACCOUNTS))
            for who in PEOPLE:
                self._run(self._compare(reader, who, recounted(facts[:position], who)))
        self.checked = head

    async def _compare(self, reader: AsOfReader, who: str, expected: dict[str, tuple[int, bool]]) -> None:
        asked = ThreadsAsked(run_id=RUN, me=who, staff=False)
        page = await forum.threads(reader, asked, None, 10)
        threads = [msgspec.json.decode(row[-1], type=StoredThread) for row in page.rows]
        assert {each.thread_id: (each.unread, each.level == "muted") for each in threads} == expected
        heard = [unread for unread, muted in expected.values() if unread and not muted]
        answer = await forum.unread(reader, RUN, who, staff=False)
        counts = msgspec.json.decode(answer.body or b"", type=UnreadCounts)
        assert (counts.threads, counts.posts) == (len(heard), sum(heard))
        unread = await forum.threads(reader, msgspec.structs.replace(asked, unread=True), None, 10)
        assert len(unread.rows) == len(heard)
        for each in threads:
            rows = (await forum.posts(reader, each.thread_id, who, 0, 100)).rows
            posts = [msgspec.json.decode(row[-1], type=StoredPost) for row in rows]
            assert [post.post_no for post in posts] == list(range(1, each.posts + 1))
            assert sum(post.removed is None for post in posts) == each.shown


@pytest.mark.postgres
@pytest.mark.parametrize("examples", [8, pytest.param(400, marks=pytest.mark.slow)])
def test_unread_posts_in_any_order(settings: Settings, examples: int) -> None:
    """After posts, removals, restorations, readings, moves and erasures: as a recount says, at each position."""
    with asyncio.Runner() as runner:
        reader = Reader(settings)
        runner.run(reader.open())
        Conversation.runner, Conversation.reader = runner, reader
        try:
            run_state_machine_as_test(
                Conversation,
                settings=hypothesis(
                    max_examples=examples,
                    stateful_step_count=20,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(reader.close())
