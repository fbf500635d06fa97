"""Use cases of topics: who opens threads and replies where, and what another cohort finds."""

from datetime import timedelta

from commands.catalog import OpenRun, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.enrollment.cohorts import AssignCohort, PlanCohort
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
from commands.forum.merging import MoveToTopic
from commands.forum.topics import ArchiveTopic, ChangeTopic, CreateTopic, OrderTopics
from domain.forum import RemovalGround, Thread, ThreadKind, ThreadLevel, Topics, WhoPosts
from tests.support.given import fact
from tests.support.usecases import END, RUN, START, Campus

PACED = "algebra-paced"
STREAM = f"topics-{PACED}"
GROUP = CreateTopic(PACED, "g", "Group", "", WhoPosts.ALL, "spring")
NEWS = CreateTopic(PACED, "n", "News", "", WhoPosts.STAFF)
OPENED = (
    ScheduleRun(PACED, "algebra", 1, START, END, due_from="enrollment"),
    OpenRun(PACED),
    *(RequestEnrollment(each, PACED) for each in ("ann", "bob")),
    *(PlanCohort(PACED, each, each, START + timedelta(days=1)) for each in ("spring", "autumn")),
    AssignCohort(PACED, "spring", ["ann"]),
    AssignCohort(PACED, "autumn", ["bob"]),
    GROUP,
    NEWS,
)


def thread(learner_id: str, topic_id: str, thread_id: str = "t", *, by_staff: bool = False) -> CreateThread:
    return CreateThread(
        learner_id, PACED, thread_id, ThreadKind.QUESTION, None, "Why", "Why?", by_staff=by_staff, topic_id=topic_id
    )


async def test_topics_are_made_by_the_staff(campus: Campus) -> None:
    """For a cohort that there is; named, ordered and archived, each recorded once."""
    await campus.give(*OPENED[:-2])
    made = fact(Topics.Created, topic_id="g", name="Group", description="", who_posts="all", cohort_id="spring")
    assert await campus.new(GROUP) == [(STREAM, made)]
    assert await campus.refused(GROUP) == "topic_exists"
    assert await campus.refused(CreateTopic(PACED, "x", "X", "", WhoPosts.ALL, "winter")) == "cohort_not_found"
    assert await campus.refused(CreateTopic("none", "x", "X", "", WhoPosts.ALL)) == "run_not_found"
    for command in (
        ChangeTopic(PACED, "g", "Group", "Ours", WhoPosts.ALL),
        OrderTopics(PACED, ("g", "general")),
        ArchiveTopic(PACED, "g", archived=True),
        ArchiveTopic(PACED, "g", archived=False),
    ):
        assert [stream for stream, _ in await campus.new(command)] == [STREAM]
        assert await campus.repeats(command)


async def test_only_the_staff_post_in_a_topic_of_the_staff(campus: Campus) -> None:
    """Threads and replies; learners read and vote there."""
    await campus.give(*OPENED)
    assert await campus.refused(thread("ann", "n")) == "topic_of_staff"
    await campus.give(thread("eva", "n", by_staff=True))
    assert await campus.refused(PostReply("ann", PACED, "t", 1, "Thanks.")) == "topic_of_staff"
    await campus.give(ReadThread("ann", PACED, "t", 1), CastVote("bob", PACED, "t", 1, 1))
    await campus.give(PostReply("eva", PACED, "t", 1, "More.", by_staff=True))
    await campus.give(ChangeTopic(PACED, "n", "News", "", WhoPosts.ALL), PostReply("ann", PACED, "t", 1, "Thanks."))


async def test_an_archived_topic_takes_nothing(campus: Campus) -> None:
    """No thread, reply or edit, and no thread is put into it; it is read as before."""
    await campus.give(*OPENED, thread("ann", "g"), ArchiveTopic(PACED, "g", archived=True))
    assert await campus.refused(thread("eva", "g", "t2", by_staff=True)) == "topic_archived"
    assert await campus.refused(PostReply("ann", PACED, "t", 1, "More.")) == "topic_archived"
    assert await campus.refused(EditPost("ann", PACED, "t", 1, "Why", "So?")) == "topic_archived"
    await campus.give(thread("ann", "general", "t3"), ReadThread("ann", PACED, "t", 1))
    assert await campus.refused(MoveToTopic(PACED, "t3", "g")) == "topic_archived"


async def test_another_cohort_finds_nothing(campus: Campus) -> None:
    """Neither topic nor thread, whatever is tried; who comes into the cohort finds both, who leaves it does not."""
    await campus.give(*OPENED, thread("ann", "g"), PostReply("ann", PACED, "t", 1, "So."))
    assert await campus.refused(thread("bob", "g", "t2")) == "topic_not_found"
    of_bob = (
        PostReply("bob", PACED, "t", 1, "x"),
        EditPost("bob", PACED, "t", 1, "x", "x"),
        RemovePost("bob", PACED, "t", 1, RemovalGround.OWN_WISH),
        RestorePost("bob", PACED, "t", 1),
        AcceptAnswer("bob", PACED, "t", 2),
        CastVote("bob", PACED, "t", 1, 1),
        ReadThread("bob", PACED, "t", 1),
        SetThreadLevel("bob", PACED, "t", ThreadLevel.MUTED),
    )
    for command in of_bob:
        assert await campus.refused(command) == "thread_not_found"
    await campus.give(PostReply("eva", PACED, "t", 1, "x", by_staff=True))
    await campus.give(AssignCohort(PACED, "spring", ["bob"]), PostReply("bob", PACED, "t", 1, "x"))
    await campus.give(AssignCohort(PACED, None, ["ann"]))
    assert await campus.refused(PostReply("ann", PACED, "t", 1, "x")) == "thread_not_found"


async def test_a_thread_is_put_into_another_topic(campus: Campus) -> None:
    """By the staff, also into one for a cohort; the same again changes nothing."""
    await campus.give(*OPENED, thread("bob", "general"))
    move = MoveToTopic(PACED, "t", "g")
    moved = fact(Thread.TopicChanged, old_topic_id="general", new_topic_id="g")
    assert await campus.new(move) == [("thread-t", moved)]
    assert await campus.repeats(move)
    assert await campus.refused(ReadThread("bob", PACED, "t", 1)) == "thread_not_found"
    assert await campus.refused(MoveToTopic(PACED, "t", "x")) == "topic_not_found"
    assert await campus.refused(MoveToTopic(RUN, "t", "general")) == "thread_not_found"
