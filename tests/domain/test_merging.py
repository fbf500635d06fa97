"""Rules of threads that are merged, separated and moved to another run."""

import pytest

from domain.forum import MOST_MERGED, MergedIntoItself, Thread, ThreadMerged, TooManyMerged
from tests.support.given import Said, fact, given, replay

CREATED = fact(Thread.Created, run_id="algebra-1", topic_id="general", unit_id="q1", kind="question")
MERGED = fact(Thread.Merged, old_into=None, new_into="t2")


def other(*more: Said, thread_id: str = "t2") -> Thread:
    """Another thread."""
    return replay(Thread, f"thread-{thread_id}", [CREATED, *more])


def absorbed(other_id: str) -> Said:
    return fact(Thread.Absorbed, other_id=other_id)


def test_a_thread_leads_on_to_another() -> None:
    """Which knows of it; the same again changes nothing on either side."""
    into = other()
    given(Thread, CREATED).when(lambda thread: thread.merge(into)).then(MERGED)
    assert [type(each) for each in into.pending_events] == [Thread.Absorbed]
    assert into.absorbed == ["t1"]
    known = other(absorbed("t1"))
    given(Thread, CREATED, MERGED).when(lambda thread: thread.merge(known)).then()
    assert not known.pending_events


def test_no_thread_is_merged_into_itself_or_into_one_that_leads_on() -> None:
    """So there is no chain and no circle."""
    given(Thread, CREATED).when(lambda thread: thread.merge(thread)).refused(MergedIntoItself, thread_id="t1")
    leading = other(fact(Thread.Merged, old_into=None, new_into="t1"))
    given(Thread, CREATED).when(lambda thread: thread.merge(leading)).refused(ThreadMerged, thread_id="t2", into="t1")


def test_what_leads_on_goes_with_it() -> None:
    """A thread that was merged into one which is merged in turn leads on to the new one."""
    again = fact(Thread.Merged, old_into="t2", new_into="t3")
    given(Thread, CREATED, MERGED).when(lambda thread: thread.merge(other(thread_id="t3"))).then(again)
    assert other(absorbed("t1"), fact(Thread.Merged, old_into=None, new_into="t3")).absorbed == []


def test_so_many_are_merged_into_one() -> None:
    """One more is refused."""
    full = other(*(absorbed(f"x{number}") for number in range(MOST_MERGED)))
    given(Thread, CREATED).when(lambda thread: thread.merge(full)).refused(
        TooManyMerged, thread_id="t2", most=MOST_MERGED
    )


def test_a_merged_thread_is_separated() -> None:
    """And takes posts again; the other one knows of it no longer."""
    into = other(absorbed("t1"))
    given(Thread, CREATED, MERGED).when(lambda thread: thread.must_be_open()).refused(
        ThreadMerged, thread_id="t1", into="t2"
    )
    separated = fact(Thread.Separated, into="t2")
    given(Thread, CREATED, MERGED).when(lambda thread: thread.separate(into)).then(separated)
    assert into.absorbed == []
    given(Thread, CREATED, MERGED, separated).when(lambda thread: thread.must_be_open()).then()


@pytest.mark.parametrize("unit_id", ["q2", None])
def test_a_thread_goes_to_another_run(unit_id: str | None) -> None:
    """With a topic and a unit of that one; to its own run it does not go."""
    old = {"old_run_id": "algebra-1", "old_topic_id": "general", "old_unit_id": "q1"}
    moved = fact(Thread.RunChanged, **old, new_run_id="algebra-2", new_topic_id="h", new_unit_id=unit_id)
    given(Thread, CREATED).when(lambda thread: thread.change_run("algebra-2", "h", unit_id)).then(moved)
    given(Thread, CREATED, moved).when(lambda thread: thread.must_be_of("algebra-2")).then()
    given(Thread, CREATED).when(lambda thread: thread.change_run("algebra-1", "h", unit_id)).then()
