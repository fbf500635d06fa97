"""Rules of the topics of a forum, and of the topic of a thread."""

from operator import methodcaller

from domain.forum import (
    FIRST_TOPIC,
    MOST_TOPICS,
    BadTopicOrder,
    FirstTopic,
    StaffTopic,
    Thread,
    TooManyTopics,
    Topic,
    TopicArchived,
    TopicExists,
    TopicNotFound,
    Topics,
    WhoPosts,
)
from tests.support.given import Said, fact, given, replay

RUN = "algebra-1"
ALL, STAFF = WhoPosts.ALL, WhoPosts.STAFF
HOMEWORK = fact(
    Topics.Created, topic_id="h", name="Homework", description="Stuck?", who_posts="all", cohort_id="spring"
)
NEWS = fact(Topics.Created, topic_id="n", name="News", description="", who_posts="staff", cohort_id=None)
ARCHIVED, UNARCHIVED = fact(Topics.Archived, topic_id="h"), fact(Topics.Unarchived, topic_id="h")


def changed(topic_id: str, old: tuple[str, str, str], new: tuple[str, str, str]) -> Said:
    names = ("name", "description", "who_posts")
    fields = {f"old_{name}": value for name, value in zip(names, old, strict=True)}
    fields |= {f"new_{name}": value for name, value in zip(names, new, strict=True)}
    return fact(Topics.Changed, topic_id=topic_id, **fields)


def test_a_run_has_a_topic_without_a_fact() -> None:
    """It is open to all, is called something else like any other, and is never archived."""
    topics = replay(Topics, f"topics-{RUN}", [])
    assert topics.topic(FIRST_TOPIC) == Topic(FIRST_TOPIC)
    renamed = changed(FIRST_TOPIC, ("", "", "all"), ("Talk", "About it all", "staff"))
    given(Topics).when(lambda topics: topics.change(FIRST_TOPIC, " Talk ", "About it all", STAFF)).then(renamed)
    given(Topics).when(lambda topics: topics.archive(FIRST_TOPIC)).refused(FirstTopic, run_id=RUN)


def test_a_topic_is_made_once() -> None:
    """Under a name of its own, whatever its case; one that is archived has left its name."""
    given(Topics).when(lambda topics: topics.create("h", "Homework ", "Stuck?", ALL, "spring")).then(HOMEWORK)
    given(Topics, HOMEWORK).when(lambda topics: topics.create("h", "Other", "", ALL, None)).refused(
        TopicExists, run_id=RUN, name="Homework"
    )
    given(Topics, HOMEWORK).when(lambda topics: topics.create("x", "HOMEWORK", "", ALL, None)).refused(
        TopicExists, run_id=RUN, name="HOMEWORK"
    )
    other = fact(Topics.Created, topic_id="x", name="Homework", description="", who_posts="all", cohort_id=None)
    given(Topics, HOMEWORK, ARCHIVED).when(lambda topics: topics.create("x", "Homework", "", ALL, None)).then(other)
    given(Topics, HOMEWORK, ARCHIVED, other).when(lambda topics: topics.unarchive("h")).refused(
        TopicExists, run_id=RUN, name="Homework"
    )


def test_a_topic_is_changed() -> None:
    """The same again changes nothing, and neither is a topic that there is not; its cohort stays."""
    new = changed("n", ("News", "", "staff"), ("News", "From us", "all"))
    given(Topics, NEWS).when(lambda topics: topics.change("n", "News", "From us", ALL)).then(new)
    given(Topics, NEWS).when(lambda topics: topics.change("n", "News", "", STAFF)).then()
    given(Topics).when(lambda topics: topics.change("n", "News", "", STAFF)).refused(
        TopicNotFound, run_id=RUN, topic_id="n"
    )
    moved = replay(Topics, f"topics-{RUN}", [HOMEWORK, changed("h", ("Homework", "Stuck?", "all"), ("H", "", "all"))])
    assert moved.topic("h").cohort_id == "spring"


def test_an_order_names_all_topics_once() -> None:
    """Archived ones among them; the same order again changes nothing."""
    ordered = fact(Topics.Ordered, old=[FIRST_TOPIC, "h", "n"], new=["n", FIRST_TOPIC, "h"])
    past = (HOMEWORK, NEWS, ARCHIVED)
    given(Topics, *past).when(lambda topics: topics.put_in_order(["n", FIRST_TOPIC, "h"])).then(ordered)
    given(Topics, *past, ordered).when(lambda topics: topics.put_in_order(["n", FIRST_TOPIC, "h"])).then()
    for wrong in (["n", "h"], ["n", "n", "h"], [FIRST_TOPIC, "n", "h", "x"]):
        given(Topics, *past).when(methodcaller("put_in_order", wrong)).refused(BadTopicOrder, run_id=RUN)


def test_a_run_has_so_many_topics() -> None:
    """Archived ones do not count."""
    full = [
        fact(Topics.Created, topic_id=f"t{no}", name=f"T{no}", description="", who_posts="all", cohort_id=None)
        for no in range(MOST_TOPICS - 1)
    ]
    given(Topics, *full).when(lambda topics: topics.create("x", "X", "", ALL, None)).refused(
        TooManyTopics, run_id=RUN, most=MOST_TOPICS
    )
    archived = fact(Topics.Archived, topic_id="t0")
    given(Topics, *full, archived).when(lambda topics: topics.create("x", "X", "", ALL, None)).then(
        fact(Topics.Created, topic_id="x", name="X", description="", who_posts="all", cohort_id=None)
    )


def test_archived_and_back() -> None:
    """Each once."""
    given(Topics, HOMEWORK).when(lambda topics: topics.archive("h")).then(ARCHIVED)
    given(Topics, HOMEWORK, ARCHIVED).when(lambda topics: topics.archive("h")).then()
    given(Topics, HOMEWORK, ARCHIVED).when(lambda topics: topics.unarchive("h")).then(UNARCHIVED)
    given(Topics, HOMEWORK).when(lambda topics: topics.unarchive("h")).then()


def test_who_posts_and_who_sees() -> None:
    """Only the staff in a topic of the staff, no one in an archived one; a cohort's is seen by its learners."""
    given(Topics, NEWS).when(lambda topics: topics.topic("n").must_take_posts(by_staff=True)).then()
    given(Topics, NEWS).when(lambda topics: topics.topic("n").must_take_posts(by_staff=False)).refused(
        StaffTopic, topic_id="n"
    )
    given(Topics, HOMEWORK, ARCHIVED).when(lambda topics: topics.topic("h").must_take_posts(by_staff=True)).refused(
        TopicArchived, topic_id="h"
    )
    homework = replay(Topics, f"topics-{RUN}", [HOMEWORK]).topic("h")
    assert [homework.is_seen_by(each) for each in ("spring", "autumn", None)] == [True, False, False]


def test_a_thread_is_put_into_another_topic() -> None:
    """The same again changes nothing; a thread of before is in the first topic."""
    created = fact(Thread.Created, run_id=RUN, topic_id=FIRST_TOPIC, unit_id=None, kind="question")
    moved = fact(Thread.TopicChanged, old_topic_id=FIRST_TOPIC, new_topic_id="h")
    given(Thread, created).when(lambda thread: thread.change_topic("h")).then(moved)
    given(Thread, created, moved).when(lambda thread: thread.change_topic("h")).then()
