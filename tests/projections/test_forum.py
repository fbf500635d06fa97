"""The forum as rows; unread posts that are counted from them are in test_forum_unread.py."""

from projections.forum import (
    POSTS,
    READINGS,
    SCORES,
    THREADS,
    TOPICS,
    VOTES,
    WRITINGS,
    Forum,
    ForumPost,
    ForumReading,
    ForumScore,
    ForumThread,
    ForumTopic,
    ForumVote,
    ForumWriting,
)
from tests.support.facts import History, day, fold, rows_of

BOB = {"run_id": "AAA-1", "learner_id": "bob", "anonymous": False, "by_staff": False}


def asked_and_answered() -> History:
    """A question of ann, without a name, and a reply of bob."""
    history = History().add(
        "thread-t", "thread.created", day(1), run_id="AAA-1", topic_id="general", unit_id="u", kind="question"
    )
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
    row = ForumThread(
        "t", "AAA-1", "general", "u", "question", posts=2, last_position=4, learner_id="ann", anonymous=True
    )
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


def test_a_thread_is_merged_and_moved() -> None:
    """Its row says to which one it leads on, and where it stands; what the other one says of it changes no row."""
    history = asked_and_answered().add("thread-t", "thread.merged", old_into=None, new_into="x")
    history.add("thread-x", "thread.absorbed", other_id="t")
    places = {"old_run_id": "AAA-1", "old_topic_id": "general", "old_unit_id": "u"}
    history.add(
        "thread-t", "thread.run_changed", day(3), **places, new_run_id="AAA-2", new_topic_id="h", new_unit_id=None
    )
    row = thread_of(history)
    assert (row.merged_into, row.run_id, row.topic_id, row.unit_id, row.posts) == ("x", "AAA-2", "h", None, 2)
    assert thread_of(history.add("thread-t", "thread.separated", into="x")).merged_into is None


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


def test_topics_stand_in_their_order() -> None:
    """Made after all others, put in order, changed and archived; the first has a row once something is decided."""
    history = History()
    made = {"name": "Homework", "description": "Stuck?", "who_posts": "all", "cohort_id": "spring"}
    history.add("topics-AAA-1", "topic.created", day(1), topic_id="h", **made)
    assert rows_of(fold(Forum, history), TOPICS, ForumTopic) == [
        ForumTopic("AAA-1", "h", "Homework", "Stuck?", "all", "spring", place=1)
    ]
    history.add("topics-AAA-1", "topics.ordered", old=["general", "h"], new=["h", "general"])
    change = {"old_name": "", "new_name": "Talk", "old_description": "", "new_description": "All"}
    history.add(
        "topics-AAA-1",
        "topic.changed",
        day(1),
        topic_id="general",
        **change,
        old_who_posts="all",
        new_who_posts="staff",
    )
    history.add("topics-AAA-1", "topic.archived", topic_id="h")
    rows = {row.topic_id: row for row in rows_of(fold(Forum, history), TOPICS, ForumTopic)}
    assert rows["general"] == ForumTopic("AAA-1", "general", "Talk", "All", "staff", place=2)
    assert (rows["h"].place, rows["h"].archived) == (1, True)
    history.add("topics-AAA-1", "topic.unarchived", topic_id="h")
    assert not any(row.archived for row in rows_of(fold(Forum, history), TOPICS, ForumTopic))
