"""Who may post when and in which words: newcomers, slow mode, lists, silence; two writers at once on the real log."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from commands.enrollment import RequestEnrollment
from commands.forum import CreateThread, EditPost, PostReply, RemovePost
from commands.forum.conduct import EndSilence, RemoveNote, SilenceLearner, WriteNote
from commands.forum.rules import SetForumPace, SetForumWords, SlowThread
from commands.log import Context
from domain.forum import RemovalGround, ThreadKind
from domain.forum.conduct import Conduct
from domain.forum.moderation import Moderation
from domain.forum.pace_errors import SlowMode, TooManyPosts
from domain.forum.rules import Newcomers
from domain.forum.word_list import WordAction
from domain.personal import is_sealed
from tests.support.given import fact
from tests.support.usecases import AT, RUN, Campus

T = "t1"
STARTED = (
    *(RequestEnrollment(each, RUN) for each in ("ann", "bob")),
    CreateThread("ann", RUN, T, ThreadKind.DISCUSSION, None, "Hello", "all"),
)
MINUTE = timedelta(minutes=1)
OTHER = "algebra-small"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules hold at once, and not after a second in which they are known from memory."""
    monkeypatch.setattr("commands.forum.limits.KNOWN_FOR", 0.0)


def reply(who: str = "bob", text: str = "So.", thread: str = T, **more: Any) -> PostReply:
    return PostReply(who, RUN, thread, 1, text, **more)


async def posts(campus: Campus, command: Any, at: Any) -> bool:
    """Whether it is posted then; else it is refused for its pace."""
    try:
        await campus.bus.handle(command, Context("test", at))
    except (TooManyPosts, SlowMode):
        return False
    return True


async def test_newcomers_post_so_often_until_posts_stand(campus: Campus) -> None:
    """Removed posts count for the window and do not stand; who has enough that stand is bound no more."""
    await campus.give(*STARTED, SetForumPace(RUN, Newcomers(2, 10, 3), 0))
    assert await posts(campus, reply(), AT)
    assert await posts(campus, reply(), AT + MINUTE)
    assert not await posts(campus, reply(), AT + 2 * MINUTE)
    assert await posts(campus, reply("eva", by_staff=True), AT + 2 * MINUTE)
    assert await posts(campus, reply("ann"), AT + 2 * MINUTE)
    await campus.give(RemovePost("bob", RUN, T, 2, RemovalGround.OWN_WISH))
    assert not await posts(campus, reply(), AT + 9 * MINUTE)
    assert await posts(campus, reply(), AT + 10 * MINUTE)
    assert not await posts(campus, reply(), AT + 10 * MINUTE)
    assert await posts(campus, reply(), AT + 11 * MINUTE)
    for _ in range(3):  # three stand
        assert await posts(campus, reply(), AT + 11 * MINUTE)
    for number in range(6, 10):
        await campus.give(RemovePost("bob", RUN, T, number, RemovalGround.OWN_WISH))
    assert not await posts(campus, reply(), AT + 12 * MINUTE)


async def test_a_new_thread_counts_as_well(campus: Campus) -> None:
    """And posts in other runs do not."""
    await campus.give(*STARTED, RequestEnrollment("bob", OTHER), SetForumPace(RUN, Newcomers(1, 10, 3), 0))
    talk = CreateThread("bob", OTHER, "t9", ThreadKind.DISCUSSION, None, "Hello", "all")
    assert await posts(campus, talk, AT)
    assert await posts(campus, CreateThread("bob", RUN, "t2", ThreadKind.DISCUSSION, None, "Hello", "all"), AT)
    assert not await posts(campus, reply(), AT + MINUTE)
    assert await posts(campus, PostReply("bob", OTHER, "t9", 1, "And."), AT + MINUTE)


async def test_slow_mode_of_a_thread_and_of_a_run(campus: Campus) -> None:
    """Seconds between two posts of one person; others do not wait for them, and the staff never."""
    await campus.give(*STARTED, CreateThread("ann", RUN, "t2", ThreadKind.DISCUSSION, None, "Hello", "all"))
    await campus.give(SlowThread(RUN, T, 60))
    at = AT + 5 * MINUTE
    assert await posts(campus, reply(), at)
    assert not await posts(campus, reply(), at + timedelta(seconds=59))
    assert await posts(campus, reply("ann"), at)
    assert await posts(campus, reply(thread="t2"), at + timedelta(seconds=1))
    assert await posts(campus, reply(), at + MINUTE)
    await campus.give(SlowThread(RUN, T, 0), SetForumPace(RUN, None, 60))
    assert not await posts(campus, reply(thread="t2"), at + timedelta(seconds=90))
    assert await posts(campus, reply("eva", by_staff=True), at + timedelta(seconds=90))
    assert await posts(campus, reply("eva", by_staff=True), at + timedelta(seconds=90))
    assert await posts(campus, reply(thread="t2"), at + 2 * MINUTE)
    assert await campus.refused(reply(), at + 2 * MINUTE) == "slow_mode"


async def test_two_writers_at_once_are_not_too_many(on_postgres: Campus) -> None:
    """By two processes, in one thread and in two: of posts at the same moment the limit lets through what it says."""
    await on_postgres.give(
        *STARTED,
        CreateThread("ann", RUN, "t2", ThreadKind.DISCUSSION, None, "Hello", "all"),
        SetForumPace(RUN, Newcomers(2, 10, 50), 0),
    )
    for round_ in range(4):
        at = AT + round_ * 10 * MINUTE
        commands = [reply(thread=thread, text=f"{round_}") for thread in (T, "t2", T, "t2")]
        processes = [Campus(on_postgres.log) for _ in commands]
        through = await asyncio.gather(
            *(posts(each, command, at) for each, command in zip(processes, commands, strict=True))
        )
        assert sum(through) == 2
    await on_postgres.give(SetForumPace(RUN, None, 30))
    for round_ in range(4, 8):
        at = AT + round_ * 10 * MINUTE
        processes = [Campus(on_postgres.log) for _ in range(3)]
        through = await asyncio.gather(*(posts(each, reply(text=f"{round_}"), at) for each in processes))
        assert sum(through) == 1


async def test_a_listed_word_is_flagged_or_refused(campus: Campus) -> None:
    """In a new post and in an edit, of the run and of the campus; the staff write what they want, and may be quoted."""
    await campus.give(
        *STARTED,
        SetForumWords(RUN, WordAction.FLAG, ["fool"]),
        SetForumWords(None, WordAction.FLAG, ["idiot"]),
        SetForumWords(None, WordAction.REFUSE, ["cheap pills"]),
    )
    assert await campus.refused(reply(text="Buy cheap  PILLS")) == "word_refused"
    flagged = await campus.new(reply(text="You fo\u043el, you idiot."))
    assert [stream for stream, _ in flagged] == [f"post-{T}:2", f"moderation-{T}:2", f"text-bob:{T}:2"]
    said = {"run_id": RUN, "author_id": "bob", "case_no": 1, "lists": ["campus", "run"]}
    assert flagged[1][1] == fact(Moderation.Flagged, **said)
    assert len(await campus.new(reply(text="Foolish, no?"))) == 2
    assert len(await campus.new(reply("eva", text="You fool.", by_staff=True))) == 2
    edit = await campus.new(EditPost("bob", RUN, T, 3, "", "Fool."))
    assert [stream for stream, _ in edit] == [f"moderation-{T}:3", f"text-bob:{T}:3"]
    assert await campus.refused(EditPost("bob", RUN, T, 3, "", "cheap pills")) == "word_refused"
    await campus.give(reply("eva", text="You fool, no cheap pills.", by_staff=True))
    of_another = await campus.new(PostReply("bob", RUN, T, 1, "> You fool, no cheap pills.\n\nNo.", quotes=(5,)))
    assert [stream for stream, _ in of_another] == [f"post-{T}:6", f"text-bob:{T}:6"]
    title = CreateThread("bob", RUN, "t2", ThreadKind.DISCUSSION, None, "Fool", "all")
    assert ("moderation-t2:1", fact(Moderation.Flagged, **{**said, "lists": ["run"]})) in await campus.new(title)


async def test_who_is_silent_writes_nothing(campus: Campus) -> None:
    """Neither posts nor edits, until the time is over or the staff end it."""
    await campus.give(*STARTED, reply())
    until = AT + timedelta(days=1)
    silence = SilenceLearner("bob", RUN, until, RemovalGround.RUDE, "Cool down.")
    assert await campus.refused(silence, actor="bob") == "own_matter"
    said = {"new_until": "2026-02-03T09:00:00Z", "ground": "rude", "words": "Cool down."}
    assert await campus.new(silence) == [(f"conduct-bob:{RUN}", fact(Conduct.Silenced, old_until=None, **said))]
    assert await campus.repeats(silence)
    for command in (
        reply(),
        EditPost("bob", RUN, T, 2, "", "No."),
        CreateThread("bob", RUN, "t2", ThreadKind.DISCUSSION, None, "Hello", "all"),
    ):
        assert await campus.refused(command) == "silenced"
    assert await posts(campus, reply(), until)
    await campus.give(EndSilence("bob", RUN))
    assert await posts(campus, reply(), AT + MINUTE)
    assert await campus.refused(SilenceLearner("dan", RUN, until, RemovalGround.RUDE)) == "not_enrolled"


async def test_notes_are_sealed_with_the_key_of_whom_they_are_about(campus: Campus) -> None:
    """They are gone with that person."""
    await campus.give(*STARTED)
    note = WriteNote("bob", RUN, "Was asked twice.")
    assert await campus.new(note) == [(f"conduct-bob:{RUN}", fact(Conduct.Noted, note_no=1, words="Was asked twice."))]
    assert await campus.new(RemoveNote("bob", RUN, 1)) == [(f"conduct-bob:{RUN}", fact(Conduct.NoteRemoved, note_no=1))]
    assert await campus.refused(WriteNote("bob", RUN, "x"), actor="bob") == "own_matter"
    assert await campus.refused(WriteNote("dan", RUN, "x")) == "not_enrolled"
    stored = [each.data.get("words", "") for each in await campus.log.stream(f"conduct-bob:{RUN}")]
    assert is_sealed(stored[0])
    await campus.destroy_key("bob")
    assert (await campus.personal_key(f"conduct-bob:{RUN}")).open(stored[0]) is None
