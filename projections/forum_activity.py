"""
What goes on in forums: who has written on a run under a name, and how often a run's forum or a thread has changed.

Posts of people lie in many threads, so each segment has a part of the sums. An anonymous post counts for no person.

Reads     facts of domain.forum, in log order.
Writes    forum_people, one row per run and person; forum_changes, one per run and one per thread.
Serves    api.forum.mentions.
Rebuild   campus projections rebuild forum_activity (safe: rows are its only effect).
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.streams import named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class ForumPerson(msgspec.Struct):
    """How many posts a person has written on a run under the own name, also removed ones."""

    run_id: str
    learner_id: str
    posts: int = 0


class ForumChange(msgspec.Struct):
    """How often a run's forum has got a post, or something was changed in a thread; `place` is the id of either."""

    place: str
    changes: int = 0


PEOPLE = Table("forum_people", ForumPerson, ("run_id", "learner_id"), distribution="partial")
CHANGES = Table("forum_changes", ForumChange, ("place",), distribution="partial")
_thread_of_text = named_ids("learner_id", "thread_id", "post_no")


def _person(fact: Fact) -> tuple[str, str] | None:
    data = fact.data
    return None if data["anonymous"] else (data["run_id"], data["learner_id"])


def _needs_of_post(fact: Fact) -> Iterable[RowKey]:
    person = _person(fact)
    if person is not None:
        yield RowKey(PEOPLE, person)
    yield RowKey(CHANGES, (fact.data["run_id"],))
    yield RowKey(CHANGES, (fact.id("thread_id"),))


def _posted(fact: Fact, rows: Rows) -> None:
    person = _person(fact)
    if person is not None:
        rows.edit(PEOPLE, ForumPerson, *person).posts += 1
    for place in (fact.data["run_id"], fact.id("thread_id")):
        rows.edit(CHANGES, ForumChange, place).changes += 1


def _needs_thread(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(CHANGES, (fact.id("thread_id"),)),)


def _changed(fact: Fact, rows: Rows) -> None:
    rows.edit(CHANGES, ForumChange, fact.id("thread_id")).changes += 1


def _needs_text(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(CHANGES, (_thread_of_text(fact.stream_id)[1],)),)


def _said(fact: Fact, rows: Rows) -> None:
    rows.edit(CHANGES, ForumChange, _thread_of_text(fact.stream_id)[1]).changes += 1


OF_THREADS = (
    *("thread.pinned", "thread.unpinned", "thread.closed", "thread.reopened", "thread.moved", "thread.topic_changed"),
    *("thread.run_changed", "thread.merged", "thread.separated", "thread.absorbed", "thread.released"),
)
OF_ANSWERS = ("answer.accepted", "answer.withdrawn", "post.removed", "post.restored")
OF_PEOPLE = ("text.edited", "vote.cast", "vote.withdrawn")


class ForumActivity(Projection):
    """People and changes of forums."""

    name = "forum_activity"
    version = 2
    store = "postgres"
    segments = SEGMENTS
    tables = (PEOPLE, CHANGES)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "opening.posted": Handler(_needs_of_post, _posted, writes=(PEOPLE, CHANGES)),
        "reply.posted": Handler(_needs_of_post, _posted, writes=(PEOPLE, CHANGES)),
        **dict.fromkeys((*OF_THREADS, *OF_ANSWERS), Handler(_needs_thread, _changed, writes=(CHANGES,))),
        **dict.fromkeys(OF_PEOPLE, Handler(_needs_text, _said, writes=(CHANGES,))),
    }
