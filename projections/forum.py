"""
The forum: topics, threads and their posts, what is written in them, votes, and how far each person has read.

A row of a thread or of a post is changed by facts of the thread, and one of a text, a vote or a reading by facts of the
person; queries join them. Texts are sealed. How many posts are unread is counted from both sides when it is asked:
`posts`, `hidden` and the own posts of a thread are enough, so no row is changed for each reader of a new post.

Reads     facts of domain.forum, in log order.
Writes    forum_topics, forum_threads, forum_posts, forum_writings, forum_votes, forum_scores, forum_readings.
Serves    api.forum.reading.
Rebuild   campus projections rebuild forum (safe: rows are its only effect).
"""

from bisect import insort
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.streams import named_id, named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class ForumTopic(msgspec.Struct):
    """
    A topic of a run; the first of each run, `general`, has no row before something is decided about it.

    Attributes:
        place: where it stands among the topics of its run: the number that the last order gave it, and after all
            that are in an order, the position in the log at which it was made.
        cohort_id: for whose learners it is; null for all.
    """

    run_id: str
    topic_id: str
    name: str = ""
    description: str = ""
    who_posts: str = "all"
    cohort_id: str | None = None
    archived: bool = False
    place: int = 0


class ForumThread(msgspec.Struct):
    """
    A thread.

    Attributes:
        pinned: 1 where it stands before all others, else 0.
        closed: why it takes no posts; null where it does.
        posts: the number of its last post.
        hidden: the numbers of posts that are removed, in order.
        merged_into: the thread to which it leads on; null for one that stands by itself.
        last_position: of the last post in the log, by which threads are sorted.
        learner_id, anonymous, by_staff: of its first post.
    """

    thread_id: str
    run_id: str = ""
    topic_id: str = "general"
    unit_id: str | None = None
    kind: str = ""
    pinned: int = 0
    closed: str | None = None
    accepted_no: int | None = None
    merged_into: str | None = None
    posts: int = 0
    hidden: list[int] = []
    last_position: int = 0
    created_at: datetime | None = None
    last_at: datetime | None = None
    learner_id: str = ""
    anonymous: bool = False
    by_staff: bool = False


class ForumPost(msgspec.Struct):
    """A post; `parent_no` is null for the first of a thread, and `removed` says why it is not shown."""

    thread_id: str
    post_no: int
    parent_no: int | None = None
    depth: int = 0
    learner_id: str = ""
    anonymous: bool = False
    by_staff: bool = False
    posted_at: datetime | None = None
    removed: str | None = None


class ForumWriting(msgspec.Struct):
    """What a post says, sealed; `edits` is how often it was changed."""

    learner_id: str
    thread_id: str
    post_no: int
    title: str = ""
    text: str = ""
    edits: int = 0
    edited_at: datetime | None = None


class ForumVote(msgspec.Struct):
    """A person's vote on a post: 1, -1, or 0 for none."""

    learner_id: str
    thread_id: str
    post_no: int
    value: int = 0


class ForumScore(msgspec.Struct):
    """The sum of the votes on a post."""

    thread_id: str
    post_no: int
    score: int = 0


class ForumReading(msgspec.Struct):
    """How far a person has read a thread, by the number of a post, and how much of it the person wants to hear."""

    learner_id: str
    thread_id: str
    through: int = 0
    level: str = "normal"


TOPICS = Table("forum_topics", ForumTopic, ("run_id", "topic_id"))
THREADS = Table(
    "forum_threads", ForumThread, ("thread_id",), indexes=(("run_id", "pinned", "last_position"), ("merged_into",))
)
POSTS = Table("forum_posts", ForumPost, ("thread_id", "post_no"), indexes=(("thread_id", "learner_id", "post_no"),))
WRITINGS = Table("forum_writings", ForumWriting, ("learner_id", "thread_id", "post_no"))
VOTES = Table("forum_votes", ForumVote, ("learner_id", "thread_id", "post_no"))
SCORES = Table("forum_scores", ForumScore, ("thread_id", "post_no"), distribution="partial")
READINGS = Table("forum_readings", ForumReading, ("learner_id", "thread_id"))

_run, _thread, _post = named_id("run_id"), named_id("thread_id"), named_ids("thread_id", "post_no")
_own, _reading = named_ids("learner_id", "thread_id", "post_no"), named_ids("learner_id", "thread_id")


def _needs_topic(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(TOPICS, (_run(fact.stream_id), fact.data["topic_id"])),)


def _needs_topics(fact: Fact) -> Iterable[RowKey]:
    run_id = _run(fact.stream_id)
    return tuple(RowKey(TOPICS, (run_id, topic_id)) for topic_id in fact.data["new"])


def _needs_thread(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(THREADS, (_thread(fact.stream_id),)),)


def _needs_post(fact: Fact) -> Iterable[RowKey]:
    thread_id, post_no = _post(fact.stream_id)
    return (RowKey(THREADS, (thread_id,)), RowKey(POSTS, (thread_id, int(post_no))))


def _needs_writing(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(WRITINGS, _own_key(fact)),)


def _needs_vote(fact: Fact) -> Iterable[RowKey]:
    learner_id, thread_id, post_no = _own_key(fact)
    return (RowKey(VOTES, (learner_id, thread_id, post_no)), RowKey(SCORES, (thread_id, post_no)))


def _needs_reading(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(READINGS, _reading(fact.stream_id)),)


def _own_key(fact: Fact) -> tuple[str, str, int]:
    learner_id, thread_id, post_no = _own(fact.stream_id)
    return learner_id, thread_id, int(post_no)


def _topic_row(fact: Fact, rows: Rows) -> ForumTopic:
    return rows.edit(TOPICS, ForumTopic, _run(fact.stream_id), fact.data["topic_id"])


def _topic_created(fact: Fact, rows: Rows) -> None:
    row, data = _topic_row(fact, rows), fact.data
    row.name, row.description, row.who_posts = data["name"], data["description"], data["who_posts"]
    row.cohort_id, row.place = data["cohort_id"], fact.position


def _topic_changed(fact: Fact, rows: Rows) -> None:
    row, data = _topic_row(fact, rows), fact.data
    row.name, row.description, row.who_posts = data["new_name"], data["new_description"], data["new_who_posts"]


def _topics_ordered(fact: Fact, rows: Rows) -> None:
    for place, topic_id in enumerate(fact.data["new"], 1):
        rows.edit(TOPICS, ForumTopic, _run(fact.stream_id), topic_id).place = place


def _topic_archived(fact: Fact, rows: Rows) -> None:
    _topic_row(fact, rows).archived = fact.type == "topic.archived"


def _thread_row(fact: Fact, rows: Rows) -> ForumThread:
    return rows.edit(THREADS, ForumThread, _thread(fact.stream_id))


def _rows_of_post(fact: Fact, rows: Rows) -> tuple[ForumThread, ForumPost]:
    thread_id, post_no = _post(fact.stream_id)
    return rows.edit(THREADS, ForumThread, thread_id), rows.edit(POSTS, ForumPost, thread_id, int(post_no))


def _created(fact: Fact, rows: Rows) -> None:
    row, data = _thread_row(fact, rows), fact.data
    row.run_id, row.topic_id, row.unit_id = data["run_id"], data["topic_id"], data["unit_id"]
    row.kind, row.created_at = data["kind"], fact.occurred_at


def _posted(fact: Fact, rows: Rows) -> None:
    (thread, post), data = _rows_of_post(fact, rows), fact.data
    post.learner_id, post.anonymous, post.by_staff = data["learner_id"], data["anonymous"], data["by_staff"]
    post.parent_no, post.depth, post.posted_at = data.get("parent_no"), data.get("depth", 0), fact.occurred_at
    thread.posts, thread.last_position, thread.last_at = post.post_no, fact.position, fact.occurred_at
    if post.parent_no is None:
        thread.learner_id, thread.anonymous, thread.by_staff = post.learner_id, post.anonymous, post.by_staff


def _removed(fact: Fact, rows: Rows) -> None:
    thread, post = _rows_of_post(fact, rows)
    post.removed = fact.data["ground"]
    insort(thread.hidden, post.post_no)


def _restored(fact: Fact, rows: Rows) -> None:
    thread, post = _rows_of_post(fact, rows)
    post.removed = None
    thread.hidden.remove(post.post_no)


def _pinned(fact: Fact, rows: Rows) -> None:
    _thread_row(fact, rows).pinned = int(fact.type == "thread.pinned")


def _closed(fact: Fact, rows: Rows) -> None:
    _thread_row(fact, rows).closed = fact.data.get("ground")


def _moved(fact: Fact, rows: Rows) -> None:
    _thread_row(fact, rows).unit_id = fact.data["new_unit_id"]


def _topic_of_thread_changed(fact: Fact, rows: Rows) -> None:
    _thread_row(fact, rows).topic_id = fact.data["new_topic_id"]


def _run_changed(fact: Fact, rows: Rows) -> None:
    row, data = _thread_row(fact, rows), fact.data
    row.run_id, row.topic_id, row.unit_id = data["new_run_id"], data["new_topic_id"], data["new_unit_id"]


def _merged(fact: Fact, rows: Rows) -> None:
    _thread_row(fact, rows).merged_into = fact.data.get("new_into")


def _accepted(fact: Fact, rows: Rows) -> None:
    _thread_row(fact, rows).accepted_no = fact.data.get("new_post_no")


def _written(fact: Fact, rows: Rows) -> None:
    row = rows.edit(WRITINGS, ForumWriting, *_own_key(fact))
    row.title, row.text = fact.data["title"], fact.data["text"]
    if fact.type == "text.edited":
        row.edits, row.edited_at = row.edits + 1, fact.occurred_at


def _voted(fact: Fact, rows: Rows) -> None:
    learner_id, thread_id, post_no = _own_key(fact)
    old, value = fact.data.get("old", fact.data.get("value", 0)), fact.data.get("new", 0)
    rows.edit(VOTES, ForumVote, learner_id, thread_id, post_no).value = value
    rows.edit(SCORES, ForumScore, thread_id, post_no).score += value - old


def _read(fact: Fact, rows: Rows) -> None:
    rows.edit(READINGS, ForumReading, *_reading(fact.stream_id)).through = fact.data["new_post_no"]


def _level_set(fact: Fact, rows: Rows) -> None:
    rows.edit(READINGS, ForumReading, *_reading(fact.stream_id)).level = fact.data["new"]


_BOTH = (THREADS, POSTS)


class Forum(Projection):
    """Topics, threads, posts and their readers."""

    name = "forum"
    version = 3
    store = "postgres"
    segments = SEGMENTS
    tables = (TOPICS, THREADS, POSTS, WRITINGS, VOTES, SCORES, READINGS)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "topic.created": Handler(_needs_topic, _topic_created, writes=(TOPICS,)),
        "topic.changed": Handler(_needs_topic, _topic_changed, writes=(TOPICS,)),
        "topics.ordered": Handler(_needs_topics, _topics_ordered, writes=(TOPICS,)),
        "topic.archived": Handler(_needs_topic, _topic_archived, writes=(TOPICS,)),
        "topic.unarchived": Handler(_needs_topic, _topic_archived, writes=(TOPICS,)),
        "thread.created": Handler(_needs_thread, _created, writes=(THREADS,)),
        "thread.pinned": Handler(_needs_thread, _pinned, writes=(THREADS,)),
        "thread.unpinned": Handler(_needs_thread, _pinned, writes=(THREADS,)),
        "thread.closed": Handler(_needs_thread, _closed, writes=(THREADS,)),
        "thread.reopened": Handler(_needs_thread, _closed, writes=(THREADS,)),
        "thread.moved": Handler(_needs_thread, _moved, writes=(THREADS,)),
        "thread.topic_changed": Handler(_needs_thread, _topic_of_thread_changed, writes=(THREADS,)),
        "thread.run_changed": Handler(_needs_thread, _run_changed, writes=(THREADS,)),
        "thread.merged": Handler(_needs_thread, _merged, writes=(THREADS,)),
        "thread.separated": Handler(_needs_thread, _merged, writes=(THREADS,)),
        "answer.accepted": Handler(_needs_thread, _accepted, writes=(THREADS,)),
        "answer.withdrawn": Handler(_needs_thread, _accepted, writes=(THREADS,)),
        "opening.posted": Handler(_needs_post, _posted, writes=_BOTH),
        "reply.posted": Handler(_needs_post, _posted, writes=_BOTH),
        "post.removed": Handler(_needs_post, _removed, writes=_BOTH),
        "post.restored": Handler(_needs_post, _restored, writes=_BOTH),
        "text.written": Handler(_needs_writing, _written, writes=(WRITINGS,)),
        "text.edited": Handler(_needs_writing, _written, writes=(WRITINGS,)),
        "vote.cast": Handler(_needs_vote, _voted, writes=(VOTES, SCORES)),
        "vote.withdrawn": Handler(_needs_vote, _voted, writes=(VOTES, SCORES)),
        "reading.advanced": Handler(_needs_reading, _read, writes=(READINGS,)),
        "reading.level_changed": Handler(_needs_reading, _level_set, writes=(READINGS,)),
    }
