"""Use cases of merging and moving threads: what goes with them, and what is refused."""

import asyncio

from commands.enrollment import RequestEnrollment
from commands.forum import CastVote, CreateThread, EditPost, PostReply, ReadThread
from commands.forum.merging import MergeThread, MoveToRun, MoveToTopic, SeparateThread
from commands.forum.moderation import ReportPost, WithdrawReport
from commands.forum.topics import CreateTopic
from commands.log import Context
from domain.errors import DomainError
from domain.forum import Thread, ThreadKind, WhoPosts
from domain.forum.moderation import ReportGround
from tests.commands.test_topics import OPENED, PACED
from tests.support.given import fact
from tests.support.usecases import AT, RUN, Campus

ASKED = (
    *OPENED,
    RequestEnrollment("ann", RUN),
    *(CreateThread("ann", PACED, each, ThreadKind.QUESTION, "q1", each, "Why?") for each in ("t1", "t2", "t3")),
)


async def test_a_merge_is_one_append(campus: Campus) -> None:
    """On both sides; the merged thread takes no posts and no edits, and is voted for and read as before."""
    await campus.give(*ASKED)
    merge = MergeThread(PACED, "t1", "t2")
    assert await campus.new(merge) == [
        ("thread-t2", fact(Thread.Absorbed, other_id="t1")),
        ("thread-t1", fact(Thread.Merged, old_into=None, new_into="t2")),
    ]
    assert await campus.repeats(merge)
    assert await campus.refused(PostReply("ann", PACED, "t1", 1, "x")) == "thread_merged"
    assert await campus.refused(EditPost("ann", PACED, "t1", 1, "x", "x")) == "thread_merged"
    await campus.give(CastVote("bob", PACED, "t1", 1, 1), ReadThread("bob", PACED, "t1", 1))
    assert await campus.refused(MergeThread(PACED, "t1", "t3")) == "thread_merged"
    assert await campus.refused(MergeThread(PACED, "t3", "t1")) == "thread_merged"
    assert await campus.refused(MergeThread(PACED, "t3", "t3")) == "merged_into_itself"
    assert await campus.refused(MergeThread(PACED, "t3", "t9")) == "thread_not_found"
    separate = SeparateThread(PACED, "t1")
    assert await campus.new(separate) == [
        ("thread-t2", fact(Thread.Released, other_id="t1")),
        ("thread-t1", fact(Thread.Separated, into="t2")),
    ]
    assert await campus.repeats(separate)
    await campus.give(PostReply("ann", PACED, "t1", 1, "x"))


async def test_what_leads_on_goes_along(campus: Campus) -> None:
    """Into another thread, another topic and another run; it is moved with the one to which it leads, and not alone."""
    await campus.give(*ASKED, MergeThread(PACED, "t1", "t2"))
    await campus.give(MergeThread(PACED, "t2", "t3"))
    for each in ("t1", "t2"):
        assert (await campus.log.stream(f"thread-{each}"))[-1].data["new_into"] == "t3"
    for alone in (MoveToTopic(PACED, "t1", "g"), MoveToRun(PACED, "t1", RUN, "general", None)):
        assert await campus.refused(alone) == "thread_merged"
    assert [stream for stream, _ in await campus.new(MoveToTopic(PACED, "t3", "g"))] == [
        *("thread-t2", "thread-t1", "thread-t3")
    ]
    move = MoveToRun(PACED, "t3", RUN, "general", "q2")
    assert len(await campus.new(move)) == 3
    assert await campus.refused(move) == "thread_not_found"
    await campus.give(ReadThread("ann", RUN, "t1", 1), PostReply("ann", RUN, "t3", 1, "x"))
    assert await campus.refused(ReadThread("bob", RUN, "t3", 1)) == "not_enrolled"
    await campus.give(SeparateThread(RUN, "t2"))
    assert len(await campus.new(MoveToTopic(RUN, "t3", "general"))) == 0
    assert (await campus.log.stream("thread-t3"))[-1].data == {"other_id": "t2"}


async def test_the_same_people_read_both(campus: Campus) -> None:
    """A thread for a cohort is merged into one for the same, and neither with one of another run."""
    await campus.give(*ASKED, MoveToTopic(PACED, "t1", "g"))
    assert await campus.refused(MergeThread(PACED, "t1", "t2")) == "other_readers"
    assert await campus.refused(MergeThread(PACED, "t2", "t1")) == "other_readers"
    await campus.give(MoveToRun(PACED, "t3", RUN, "general", None))
    assert await campus.refused(MergeThread(PACED, "t2", "t3")) == "thread_not_found"


async def test_a_run_takes_threads_to_its_topics_and_units(campus: Campus) -> None:
    """What it does not have is refused, and so is an own run."""
    await campus.give(*ASKED, CreateTopic(RUN, "h", "Homework", "", WhoPosts.ALL))
    assert await campus.refused(MoveToRun(PACED, "t1", RUN, "g", None)) == "topic_not_found"
    assert await campus.refused(MoveToRun(PACED, "t1", RUN, "h", "q9")) == "unknown_unit"
    assert await campus.refused(MoveToRun(PACED, "t1", "none", "h", None)) == "run_not_found"
    assert await campus.repeats(MoveToRun(PACED, "t1", PACED, "general", None))


async def test_a_thread_stays_while_the_staff_have_to_decide(campus: Campus) -> None:
    """About a post of it, or of one that leads on to it; then it goes."""
    await campus.give(*ASKED, MergeThread(PACED, "t2", "t1"))
    await campus.give(ReportPost("bob", PACED, "t2", 1, ReportGround.SPAM))
    move = MoveToRun(PACED, "t1", RUN, "general", None)
    assert await campus.refused(move) == "moderation_waits"
    await campus.give(WithdrawReport("bob", PACED, "t2", 1))
    assert len(await campus.new(move)) == 2


async def test_two_merges_that_cross(campus: Campus) -> None:
    """One of them is refused: neither thread leads in a circle."""
    await campus.give(*ASKED)
    merges = (MergeThread(PACED, "t1", "t2"), MergeThread(PACED, "t2", "t1"))
    done = await asyncio.gather(
        *(campus.bus.handle(each, Context("test", AT)) for each in merges), return_exceptions=True
    )
    (refused,) = [each for each in done if isinstance(each, BaseException)]
    assert isinstance(refused, DomainError)
    assert refused.code == "thread_merged"
