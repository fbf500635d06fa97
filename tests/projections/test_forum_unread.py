"""Unread posts as they are counted from the rows of the forum, against a recount of the facts, in any order."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from adapters.postgres.as_of.reader import AsOfReader
from adapters.postgres.queries import forum, forum_topics
from adapters.postgres.queries.forum import ForumReader, StoredPost, StoredThread, ThreadsAsked, UnreadCounts
from adapters.postgres.queries.forum_topics import TopicList
from adapters.settings import Settings
from commands.catalog import OpenRun, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.enrollment.cohorts import AssignCohort, PlanCohort
from commands.forum import (
    CreateThread,
    PostReply,
    ReadThread,
    RemovePost,
    RestorePost,
    SetThreadLevel,
)
from commands.forum.merging import MergeThread, MoveToRun, MoveToTopic, SeparateThread
from commands.forum.threads import (
    CloseThread,
    MoveThread,
    ReopenThread,
)
from commands.forum.topics import ArchiveTopic, CreateTopic, OrderTopics
from commands.log import Context
from commands.user import RequestErasure
from domain.fact import Fact
from domain.forum import FIRST_TOPIC, CloseGround, RemovalGround, ThreadKind, ThreadLevel, WhoPosts
from projections.accounts import ACCOUNTS
from projections.forum import (
    Forum,
)
from tests.support.recounts import Recounted, run_recounted
from tests.support.usecases import AT, COURSE, END, START

PEOPLE, THREAD_IDS = ("ann", "bob", "cid"), ("t1", "t2", "t3")
WHO, THREAD, NUMBER = st.sampled_from(PEOPLE), st.sampled_from(THREAD_IDS), st.integers(1, 6)
HARMLESS = {
    *("thread_not_found", "thread_exists", "post_not_found", "post_removed", "thread_closed", "too_deep"),
    *("thread_merged", "merged_into_itself", "other_readers"),
    *("topic_not_found", "topic_archived", "topic_of_staff", "bad_topic_order"),
}
RUN, GROUP, OTHER = "algebra-paced", "group", "algebra-other"
PACED = (
    ScheduleRun(OTHER, "algebra", 1, START, END),
    OpenRun(OTHER),
    *(RequestEnrollment(each, OTHER) for each in PEOPLE),
    ScheduleRun(RUN, "algebra", 1, START, END, due_from="enrollment"),
    OpenRun(RUN),
    *(RequestEnrollment(each, RUN) for each in PEOPLE),
    PlanCohort(RUN, "spring", "Spring", START),
    AssignCohort(RUN, "spring", ["ann"]),
    CreateTopic(RUN, GROUP, "Group", "", WhoPosts.ALL, "spring"),
    CreateTopic(RUN, "news", "News", "", WhoPosts.STAFF),
)
TOPIC, ONE_RUN = st.sampled_from((FIRST_TOPIC, GROUP, "news")), st.sampled_from((RUN, OTHER))


class Recount(NamedTuple):
    """
    What a person sees of a thread: its run and topic, how many posts are unread, and whether it is muted.

    Those of threads that lead on to it are counted with it, but for muted ones.
    """

    run_id: str
    topic_id: str
    unread: int
    muted: bool


def in_spring(facts: Sequence[Fact], who: str) -> bool:
    """Whether a person is in the cohort for which the group's topic is."""
    changes = [each for each in facts if each.type == "enrollment.cohort_changed" and each.id("learner_id") == who]
    return bool(changes) and changes[-1].data["new_cohort"] == "spring"


class Stands(NamedTuple):
    """Where a thread stands: its run, its topic, and the thread to which it leads on."""

    run_id: str
    topic_id: str
    into: str | None = None


def places_of(facts: Sequence[Fact]) -> dict[str, Stands]:
    """Where each thread stands."""
    places: dict[str, Stands] = {}
    for fact in facts:
        if fact.category != "thread":
            continue
        thread, data = fact.id("thread_id"), fact.data
        if fact.type == "thread.created":
            places[thread] = Stands(data["run_id"], data["topic_id"])
        elif fact.type == "thread.topic_changed":
            places[thread] = places[thread]._replace(topic_id=data["new_topic_id"])
        elif fact.type == "thread.run_changed":
            places[thread] = places[thread]._replace(run_id=data["new_run_id"], topic_id=data["new_topic_id"])
        elif fact.type in ("thread.merged", "thread.separated"):
            places[thread] = places[thread]._replace(into=data.get("new_into"))
    return places


def recounted(facts: Sequence[Fact], who: str) -> dict[str, Recount]:
    """By thread that a person sees, what is unread there: by looking at each of the facts."""
    places, of_group = places_of(facts), in_spring(facts, who)
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
        if places[thread].topic_id != GROUP or of_group
    ]
    unread = {
        thread: sum(
            author != who and post not in removed and post[1] > through[thread]
            for post, author in authors.items()
            if post[0] == thread
        )
        for thread in seen
    }
    return {
        thread: Recount(
            *places[thread][:2],
            unread[thread] + sum(unread[each] for each in seen if places[each].into == thread and each not in muted),
            thread in muted,
        )
        for thread in seen
        if places[thread].into is None
    }


class Conversation(Recounted):
    """Three people, two threads."""

    folded = ((Forum, (*Forum.tables, ACCOUNTS)),)
    harmless = HARMLESS
    begin_with = (*COURSE, *PACED)

    @rule(who=WHO, thread=THREAD, topic=TOPIC, anonymous=st.booleans())
    def create(self, who: str, thread: str, topic: str, *, anonymous: bool) -> None:
        self.do(CreateThread(who, RUN, thread, ThreadKind.QUESTION, "q1", "Why", "Why?", anonymous, topic_id=topic))

    @rule(thread=THREAD, topic=TOPIC)
    def move_to_topic(self, thread: str, topic: str) -> None:
        self.do(MoveToTopic(RUN, thread, topic))

    @rule(thread=THREAD, into=THREAD, run=ONE_RUN)
    def merge(self, thread: str, into: str, run: str) -> None:
        self.do(MergeThread(run, thread, into))

    @rule(thread=THREAD, run=ONE_RUN)
    def separate(self, thread: str, run: str) -> None:
        self.do(SeparateThread(run, thread))

    @rule(thread=THREAD, there=st.booleans(), topic=TOPIC)
    def move_to_run(self, thread: str, topic: str, *, there: bool) -> None:
        move = MoveToRun(RUN, thread, OTHER, FIRST_TOPIC, None) if there else MoveToRun(OTHER, thread, RUN, topic, "q1")
        self.do(move)

    @rule(topic=st.sampled_from((GROUP, "news")), archived=st.booleans())
    def archive(self, topic: str, *, archived: bool) -> None:
        self.do(ArchiveTopic(RUN, topic, archived))

    @rule(order=st.permutations((FIRST_TOPIC, GROUP, "news")))
    def put_in_order(self, order: list[str]) -> None:
        self.do(OrderTopics(RUN, tuple(order)))

    @rule(who=WHO, cohort=st.sampled_from(("spring", None)))
    def assign(self, who: str, cohort: str | None) -> None:
        self.do(AssignCohort(RUN, cohort, [who]))

    @rule(who=WHO, thread=THREAD, parent=NUMBER, run=ONE_RUN, anonymous=st.booleans())
    def reply(self, who: str, thread: str, parent: int, run: str, *, anonymous: bool) -> None:
        self.do(PostReply(who, run, thread, parent, "So.", anonymous))

    @rule(thread=THREAD, number=NUMBER)
    def remove(self, thread: str, number: int) -> None:
        self.do(RemovePost("eva", RUN, thread, number, RemovalGround.SPAM, by_staff=True))

    @rule(thread=THREAD, number=NUMBER)
    def restore(self, thread: str, number: int) -> None:
        self.do(RestorePost("eva", RUN, thread, number, by_staff=True))

    @rule(who=WHO, thread=THREAD, number=NUMBER, run=ONE_RUN)
    def read(self, who: str, thread: str, number: int, run: str) -> None:
        self.do(ReadThread(who, run, thread, number))

    @rule(who=WHO, thread=THREAD, level=st.sampled_from(ThreadLevel))
    def set_level(self, who: str, thread: str, level: ThreadLevel) -> None:
        self.do(SetThreadLevel(who, RUN, thread, level))

    @rule(thread=THREAD, unit=st.sampled_from(("q1", "q2", None)))
    def move(self, thread: str, unit: str | None) -> None:
        self.do(MoveThread(RUN, thread, unit))

    @rule(thread=THREAD, closed=st.booleans())
    def close(self, thread: str, *, closed: bool) -> None:
        self.do(CloseThread(RUN, thread, CloseGround.OVER) if closed else ReopenThread(RUN, thread))

    @precondition(lambda self: "cid" not in self.campus_erased)
    @rule()
    def erase(self) -> None:
        self.run(self.campus.destroy_key("cid"))
        self.run(self.campus.bus.handle(RequestErasure("cid", is_known=True), Context("test", AT)))

    @property
    def campus_erased(self) -> set[str]:
        return {who for who, key in self.log.keys.items() if key is None}

    async def compare(self, reader: AsOfReader, facts: Sequence[Fact]) -> None:
        for who in PEOPLE:
            me = ForumReader(who, staff=False, cohort_id="spring" if in_spring(facts, who) else None)
            expected = recounted(facts, who)
            for run in (RUN, OTHER):
                of_run = {thread: each for thread, each in expected.items() if each.run_id == run}
                await self._compare(reader, run, me, of_run)

    async def _compare(self, reader: AsOfReader, run: str, me: ForumReader, expected: dict[str, Recount]) -> None:
        asked = ThreadsAsked(run_id=run, reader=me)
        page = await forum.threads(reader, asked, None, 10)
        threads = [msgspec.json.decode(row[-1], type=StoredThread) for row in page.rows]
        found = {each.thread_id: Recount(run, each.topic_id, each.unread, each.level == "muted") for each in threads}
        assert found == expected
        heard = [each for each in expected.values() if each.unread and not each.muted]
        answer = await forum.unread(reader, run, me)
        counts = msgspec.json.decode(answer.body or b"", type=UnreadCounts)
        assert (counts.threads, counts.posts) == (len(heard), sum(each.unread for each in heard))
        unread = await forum.threads(reader, msgspec.structs.replace(asked, unread=True), None, 10)
        assert len(unread.rows) == len(heard)
        await self._compare_topics(reader, run, me, expected)
        for each in threads:
            rows = (await forum.posts(reader, each.thread_id, me.learner_id, 0, 100)).rows
            posts = [msgspec.json.decode(row[-1], type=StoredPost) for row in rows]
            assert [post.post_no for post in posts] == list(range(1, each.posts + 1))
            assert sum(post.removed is None for post in posts) == each.shown

    async def _compare_topics(
        self, reader: AsOfReader, run: str, me: ForumReader, expected: dict[str, Recount]
    ) -> None:
        answer = await forum_topics.topics(reader, run, me)
        found = msgspec.json.decode(answer.body or b"", type=TopicList).items
        assert {each.topic_id for each in found} >= {FIRST_TOPIC, *(each.topic_id for each in expected.values())}
        for topic in found:
            held = [each for each in expected.values() if each.topic_id == topic.topic_id]
            heard = [each.unread for each in held if each.unread and not each.muted]
            assert (topic.threads, topic.unread_threads, topic.unread) == (len(held), len(heard), sum(heard))


@pytest.mark.postgres
@pytest.mark.parametrize("examples", [8, pytest.param(400, marks=pytest.mark.slow)])
def test_unread_posts_in_any_order(settings: Settings, examples: int) -> None:
    """After posts, removals, restorations, readings, moves and erasures: as a recount says, at each position."""
    run_recounted(Conversation, settings, examples)
