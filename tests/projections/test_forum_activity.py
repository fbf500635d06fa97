"""Who writes on a run under a name, and how often a forum has changed, as rows."""

from typing import Any

from projections.forum_activity import CHANGES, PEOPLE, ForumActivity, ForumChange, ForumPerson
from tests.support.facts import History, day, fold, rows_of


def post(number: int, learner_id: str, *, anonymous: bool = False, thread: str = "t1") -> tuple[str, str, Any]:
    stream = f"post-{thread}:{number}"
    said = {"run_id": "AAA-1", "learner_id": learner_id, "anonymous": anonymous, "by_staff": False}
    if number == 1:
        return stream, "opening.posted", said
    return stream, "reply.posted", {**said, "parent_no": 1, "depth": 1}


def test_an_anonymous_post_counts_for_no_person() -> None:
    """It changes the forum and the thread as any other does."""
    history = History()
    for stream, kind, said in (
        post(1, "7", anonymous=True),
        post(2, "8"),
        post(3, "8"),
        post(1, "9", thread="t2"),
        post(4, "7", anonymous=True),
    ):
        history.add(stream, kind, day(1), **said)
    rows = fold(ForumActivity, history)
    assert rows_of(rows, PEOPLE, ForumPerson) == [ForumPerson("AAA-1", "8", 2), ForumPerson("AAA-1", "9", 1)]
    changes = [ForumChange("AAA-1", 5), ForumChange("t1", 4), ForumChange("t2", 1)]
    assert rows_of(rows, CHANGES, ForumChange) == changes


def test_what_changes_a_thread() -> None:
    """Its answer, what its posts say and their points; what someone has read does not."""
    history = History()
    history.add("thread-t1", "thread.pinned", day(1))
    history.add("thread-t1", "answer.withdrawn", day(1), post_no=2, by_staff=False)
    history.add("post-t1:2", "post.removed", day(1), ground="rude")
    history.add("text-7:t1:2", "text.edited", day(1), title="", text="x")
    history.add("vote-7:t1:3", "vote.cast", day(1), old=0, new=1)
    history.add("reading-7:t1", "reading.advanced", day(1), old_post_no=0, new_post_no=3)
    assert rows_of(fold(ForumActivity, history), CHANGES, ForumChange) == [ForumChange("t1", 5)]
