"""Use cases of the forum: who may do what, and which facts come of it."""

import asyncio
from typing import Any

from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.forum import (
    AcceptAnswer,
    CastVote,
    CreateThread,
    EditPost,
    PostReply,
    ReadThread,
    RemovePost,
    RestorePost,
    SetThreadLevel,
)
from commands.forum.threads import (
    CloseThread,
    MoveThread,
    PinThread,
    ReopenThread,
)
from commands.log import Context
from domain.forum import CloseGround, Post, Reading, RemovalGround, Thread, ThreadKind, ThreadLevel, Vote, Writing
from domain.forum.moderation import Moderation
from domain.forum.notice import Notice
from domain.personal import is_sealed
from tests.support.given import Said, fact
from tests.support.usecases import AT, RUN, Campus

T = "t1"
ASK = CreateThread("ann", RUN, T, ThreadKind.QUESTION, "q1", "Why is 6 x 7 not 36?", "I count *six* rows.")
STARTED = (RequestEnrollment("ann", RUN), RequestEnrollment("bob", RUN), RequestEnrollment("cid", RUN), ASK)
OTHER = "algebra-small"


def reply(learner_id: str, parent_no: int = 1, text: str = "Count again.", **more: Any) -> PostReply:
    return PostReply(learner_id, RUN, T, parent_no, text, **more)


def replied(learner_id: str, parent_no: int = 1, depth: int = 1, **more: Any) -> Said:
    said = {"run_id": RUN, "learner_id": learner_id, "anonymous": False, "by_staff": False, **more}
    return fact(Post.Replied, parent_no=parent_no, depth=depth, **said)


async def test_a_thread_is_one_append(campus: Campus) -> None:
    """The thread, its first post, and what is said in it, on the side of the author."""
    await campus.give(STARTED[0])
    assert await campus.new(ASK) == [
        (f"thread-{T}", fact(Thread.Created, run_id=RUN, topic_id="general", unit_id="q1", kind="question")),
        (f"post-{T}:1", fact(Post.Opened, run_id=RUN, learner_id="ann", anonymous=False, by_staff=False)),
        (f"text-ann:{T}:1", fact(Writing.Written, title=ASK.title, text=ASK.text)),
    ]
    assert await campus.refused(ASK) == "thread_exists"


async def test_who_has_no_place_takes_no_part(campus: Campus) -> None:
    """Nor does who has left; the staff need none, and are never anonymous."""
    assert await campus.refused(ASK) == "not_enrolled"
    await campus.give(*STARTED, WithdrawEnrollment("bob", RUN))
    for command in (reply("bob"), CastVote("bob", RUN, T, 1, 1), ReadThread("bob", RUN, T, 1)):
        assert await campus.refused(command) == "no_access"
    assert await campus.refused(SetThreadLevel("eva", RUN, T, ThreadLevel.MUTED)) == "not_enrolled"
    by_staff = await campus.new(reply("eva", anonymous=True, by_staff=True))
    assert by_staff[0] == (f"post-{T}:2", replied("eva", by_staff=True))


async def test_a_unit_has_to_be_there(campus: Campus) -> None:
    """A thread is about a unit of its run, or about none."""
    await campus.give(*STARTED)
    lost = CreateThread("ann", RUN, "t2", ThreadKind.DISCUSSION, "q9", "Lost", "Where?")
    assert await campus.refused(lost) == "unknown_unit"
    assert await campus.refused(MoveThread(RUN, T, "q9")) == "unknown_unit"
    assert await campus.new(MoveThread(RUN, T, None)) == [
        (f"thread-{T}", fact(Thread.Moved, old_unit_id="q1", new_unit_id=None))
    ]
    assert await campus.repeats(MoveThread(RUN, T, None))


async def test_posts_are_numbered_without_gaps(campus: Campus) -> None:
    """Also where some of them were removed."""
    await campus.give(*STARTED)
    for number in range(2, 12):
        new = await campus.new(reply("ann" if number % 3 else "bob"))
        assert next(stream for stream, _ in new) == f"post-{T}:{number}"
        if number % 4 == 0:
            await campus.give(RemovePost("eva", RUN, T, number, RemovalGround.SPAM, by_staff=True))


async def test_two_who_write_at_once_get_two_numbers(on_postgres: Campus) -> None:
    """The log gives a number once: of two processes the later one looks again."""
    await on_postgres.give(*STARTED)
    two = (Campus(on_postgres.log), Campus(on_postgres.log))
    for round_ in range(5):
        await asyncio.gather(
            *(
                each.bus.handle(reply(who, text=f"{round_}"), Context("test", AT))
                for each, who in zip(two, ("ann", "bob"), strict=True)
            )
        )
    numbers = [fact.id("post_no") for fact in await on_postgres.log.read(0, 1_000) if fact.type == "reply.posted"]
    assert sorted(map(int, numbers)) == list(range(2, 12))


async def test_a_reply_is_to_a_post_that_is_shown(campus: Campus) -> None:
    """To a reply it is a comment, and to a comment there is none; what is closed takes nothing."""
    await campus.give(*STARTED, reply("bob"))
    assert (await campus.new(reply("cid", 2)))[0] == (f"post-{T}:3", replied("cid", 2, 2))
    assert await campus.refused(reply("ann", 3)) == "too_deep"
    assert await campus.refused(reply("ann", 9)) == "post_not_found"
    await campus.give(RemovePost("bob", RUN, T, 2, RemovalGround.OWN_WISH))
    assert await campus.refused(reply("ann", 2)) == "post_removed"
    await campus.give(CloseThread(RUN, T, CloseGround.OVER))
    assert await campus.refused(reply("ann")) == "thread_closed"
    assert await campus.refused(EditPost("ann", RUN, T, 1, "Why?", "Why?")) == "thread_closed"
    await campus.give(ReopenThread(RUN, T))
    assert len(await campus.new(reply("ann"))) == 2


async def test_a_text_is_sealed_with_the_key_of_its_author(campus: Campus) -> None:
    """What was written is gone with the key; a repeated edit is found to be the same, though it is sealed."""
    await campus.give(*STARTED, reply("bob", text="Bob says so."))
    edit = EditPost("bob", RUN, T, 2, "", "Bob says 42.")
    assert await campus.new(edit) == [(f"text-bob:{T}:2", fact(Writing.Edited, title="", text="Bob says 42."))]
    assert await campus.repeats(edit)
    stored = [fact.data["text"] for fact in await campus.log.stream(f"text-bob:{T}:2")]
    assert all(map(is_sealed, stored))
    await campus.destroy_key("bob")
    key = await campus.personal_key(f"text-bob:{T}:2")
    assert [key.open(each) for each in stored] == [None, None]


async def test_a_post_is_changed_by_its_author(campus: Campus) -> None:
    """The staff cannot put words into the mouth of others; they remove, and the author does not bring that back."""
    await campus.give(*STARTED, reply("bob"))
    assert await campus.refused(EditPost("ann", RUN, T, 2, "", "no")) == "not_the_author"
    assert await campus.refused(EditPost("eva", RUN, T, 2, "", "no", by_staff=True)) == "not_the_author"
    assert await campus.refused(RemovePost("ann", RUN, T, 2, RemovalGround.RUDE)) == "not_the_author"
    own = await campus.new(RemovePost("bob", RUN, T, 2, RemovalGround.RUDE))
    assert own == [(f"post-{T}:2", fact(Post.Removed, ground="own_wish"))]
    assert await campus.refused(EditPost("bob", RUN, T, 2, "", "still")) == "post_removed"
    assert await campus.new(RestorePost("bob", RUN, T, 2)) == [(f"post-{T}:2", fact(Post.Restored))]
    by_staff = RemovePost("eva", RUN, T, 2, RemovalGround.RUDE, by_staff=True)
    place = {"run_id": RUN, "case_no": 1, "decision": "removed", "ground": "rude"}
    assert await campus.new(by_staff) == [
        (f"moderation-{T}:2", fact(Moderation.Decided, **place, author_id="bob", decided_by="eva")),
        (f"notice-bob:{T}:2", fact(Notice.Given, **place, words="")),
        (f"post-{T}:2", fact(Post.Removed, ground="rude")),
    ]
    assert await campus.repeats(by_staff)
    no_ground = RemovePost("eva", RUN, T, 1, RemovalGround.OWN_WISH, by_staff=True)
    assert await campus.refused(no_ground) == "ground_needed"
    assert await campus.refused(RestorePost("bob", RUN, T, 2)) == "not_the_author"
    assert await campus.new(RestorePost("eva", RUN, T, 2, by_staff=True)) == [(f"post-{T}:2", fact(Post.Restored))]


async def test_who_asks_says_what_answers(campus: Campus) -> None:
    """Or the staff; a discussion has no answer, and neither is a question its own."""
    await campus.give(*STARTED, reply("bob"))
    accept = AcceptAnswer("ann", RUN, T, 2)
    said = fact(Thread.AnswerAccepted, old_post_no=None, new_post_no=2, learner_id="bob", by_staff=False)
    assert await campus.refused(AcceptAnswer("bob", RUN, T, 2)) == "not_your_question"
    assert await campus.refused(AcceptAnswer("ann", RUN, T, 1)) == "not_a_reply"
    assert await campus.refused(AcceptAnswer("ann", RUN, T, 5)) == "post_not_found"
    assert await campus.new(accept) == [(f"thread-{T}", said)]
    assert await campus.repeats(accept)
    withdrawn = fact(Thread.AnswerWithdrawn, post_no=2, by_staff=True)
    assert await campus.new(AcceptAnswer("eva", RUN, T, None, by_staff=True)) == [(f"thread-{T}", withdrawn)]
    talk = CreateThread("ann", RUN, "t2", ThreadKind.DISCUSSION, None, "Hello", "all")
    await campus.give(talk, PostReply("bob", RUN, "t2", 1, "hello"))
    assert await campus.refused(AcceptAnswer("ann", RUN, "t2", 2)) == "not_a_reply"


async def test_a_person_has_one_vote_for_a_post(campus: Campus) -> None:
    """It is changed and withdrawn, also from a post that was removed; the own post gets none."""
    await campus.give(*STARTED)
    stream = f"vote-bob:{T}:1"
    assert await campus.refused(CastVote("ann", RUN, T, 1, 1)) == "own_post"
    assert await campus.refused(CastVote("bob", RUN, T, 2, 1)) == "post_not_found"
    assert await campus.new(CastVote("bob", RUN, T, 1, 1)) == [(stream, fact(Vote.Cast, old=0, new=1))]
    assert await campus.repeats(CastVote("bob", RUN, T, 1, 1))
    assert await campus.new(CastVote("bob", RUN, T, 1, -1)) == [(stream, fact(Vote.Cast, old=1, new=-1))]
    await campus.give(RemovePost("ann", RUN, T, 1, RemovalGround.OWN_WISH))
    assert await campus.refused(CastVote("cid", RUN, T, 1, 1)) == "post_removed"
    assert await campus.new(CastVote("bob", RUN, T, 1, None)) == [(stream, fact(Vote.Withdrawn, value=-1))]
    assert await campus.repeats(CastVote("bob", RUN, T, 1, None))


async def test_what_was_not_posted_was_not_read(campus: Campus) -> None:
    """A number beyond the last post is refused, so no one has read what comes later; one that was read stays so."""
    await campus.give(*STARTED, reply("bob"))
    assert await campus.refused(ReadThread("ann", RUN, T, 3)) == "post_not_found"
    read = fact(Reading.Advanced, old_post_no=0, new_post_no=2)
    assert await campus.new(ReadThread("ann", RUN, T, 2)) == [(f"reading-ann:{T}", read)]
    assert await campus.repeats(ReadThread("ann", RUN, T, 1))
    watch = fact(Reading.LevelChanged, old="normal", new="watching")
    assert await campus.new(SetThreadLevel("ann", RUN, T, ThreadLevel.WATCHING)) == [(f"reading-ann:{T}", watch)]


async def test_a_thread_is_found_in_its_run_only(campus: Campus) -> None:
    """A user of another run gets no further by naming that one."""
    await campus.give(*STARTED, RequestEnrollment("ann", OTHER))
    for command in (
        PostReply("ann", OTHER, T, 1, "x"),
        EditPost("ann", OTHER, T, 1, "x", "x"),
        RemovePost("ann", OTHER, T, 1, RemovalGround.SPAM, by_staff=True),
        RestorePost("ann", OTHER, T, 1, by_staff=True),
        AcceptAnswer("ann", OTHER, T, None),
        CastVote("bob", OTHER, T, 1, 1),
        ReadThread("ann", OTHER, T, 1),
        SetThreadLevel("ann", OTHER, T, ThreadLevel.MUTED),
        PinThread(OTHER, T, pinned=True),
        CloseThread(OTHER, T, CloseGround.OVER),
        ReopenThread(OTHER, T),
        MoveThread(OTHER, T, None),
    ):
        assert await campus.refused(command) == "thread_not_found"


async def test_a_pinned_thread_stays_so(campus: Campus) -> None:
    """A second time changes nothing."""
    await campus.give(*STARTED)
    assert await campus.new(PinThread(RUN, T, pinned=True)) == [(f"thread-{T}", fact(Thread.Pinned))]
    assert await campus.repeats(PinThread(RUN, T, pinned=True))


async def test_who_is_mentioned_is_a_fact_of_the_post(campus: Campus) -> None:
    """In the append of the text; on an edit, once they are others. Who has no place and no role is refused."""
    await campus.give(*STARTED)
    new = await campus.new(reply("bob", text="@[ann], as @[cid] says."))
    said = fact(Post.Mentioned, run_id=RUN, old=[], new=["ann", "cid"])
    assert [(stream, each) for stream, each in new if each == said] == [(f"post-{T}:2", said)]
    assert await campus.refused(reply("bob", text="@[zoe]?")) == "not_mentionable"
    edit = EditPost("bob", RUN, T, 2, "", "As @[cid] says.")
    assert await campus.new(edit) == [
        (f"post-{T}:2", fact(Post.Mentioned, run_id=RUN, old=["ann", "cid"], new=["cid"])),
        (f"text-bob:{T}:2", fact(Writing.Edited, title="", text="As @[cid] says.")),
    ]
    assert await campus.repeats(edit)
    await campus.give(WithdrawEnrollment("cid", RUN))
    assert len(await campus.new(EditPost("bob", RUN, T, 2, "", "As @[cid] said."))) == 1
    assert await campus.refused(reply("bob", text="@[cid]?")) == "not_mentionable"


async def test_a_quote_keeps_no_words_of_another(campus: Campus) -> None:
    """A reference to the post, to which edit of it, and to which of its words; also to a post that is named beside."""
    await campus.give(*STARTED, reply("bob", text="Count *seven* rows."))
    new = await campus.new(reply("cid", 2, "> Count *seven*\n> rows.\n\n> Why\n\nYes."))
    assert new[-1] == (f"text-cid:{T}:3", fact(Writing.Written, title="", text=">[#2.0 0-19]\n\n> Why\n\nYes."))
    await campus.give(EditPost("bob", RUN, T, 2, "", "Count eight rows."))
    both = EditPost("cid", RUN, T, 3, "", "> I count *six* rows.\n\n> eight", quotes=(1, 2))
    text = ">[#1.0 0-19]\n\n>[#2.1 6-11]"
    assert await campus.new(both) == [(f"text-cid:{T}:3", fact(Writing.Edited, title="", text=text))]
    await campus.give(RemovePost("bob", RUN, T, 2, RemovalGround.OWN_WISH))
    kept = await campus.new(reply("ann", text="> eight", quotes=(2,)))
    assert kept[-1][1] == fact(Writing.Written, title="", text="> eight")
    await campus.destroy_key("ann")
    erased = await campus.new(reply("cid", text="> I count *six* rows."))
    assert erased[-1][1] == fact(Writing.Written, title="", text="> I count *six* rows.")
