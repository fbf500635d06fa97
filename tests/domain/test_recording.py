"""Facts that are recorded the short way are those that the library makes, and aggregates remember them alike."""

from typing import Any

import pytest
from eventsourcing.domain import DecoratedFuncCaller, OriginatorIDError, OriginatorVersionError

from domain.codec import encode_data, fields_of
from domain.progress import CourseProgress
from domain.recording import new_fact
from domain.registry import FACTS
from tests.support.given import AT

STREAM = "progress-7:AAA"


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_a_fact_is_stored_as_the_library_makes_it(topic: str) -> None:
    """Whatever the order in which its fields are given."""
    cls: Any = FACTS[topic]
    given = {name: f"value of {name}" for name in reversed(fields_of(cls))}
    short: Any = new_fact(cls, STREAM, 3, given)
    made = cls(originator_id=STREAM, originator_version=3, timestamp=short.timestamp, **given)
    assert vars(short) == vars(made)
    assert encode_data(short) == encode_data(made)


def test_a_field_that_is_missing_is_refused() -> None:
    """A fact is never recorded without one of its fields, nor with one that it does not have."""
    progress = CourseProgress.blank(STREAM)
    with pytest.raises(TypeError):
        progress._activity_recorded(unit_id="1", kind="url")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        progress.trigger_event(CourseProgress.ActivityRecorded, unit_id="1", kind="url", clicks=3)
    assert not progress.exists
    assert not progress.collect_events()


def test_a_fact_is_remembered_in_its_turn_only() -> None:
    """One of another aggregate, or that is not the next, changes nothing."""
    progress, fields = CourseProgress.blank(STREAM), {"unit_id": "1"}
    for stream, version, error in (("progress-8:AAA", 1, OriginatorIDError), (STREAM, 2, OriginatorVersionError)):
        fact: Any = new_fact(CourseProgress.UnitOpened, stream, version, fields)
        with pytest.raises(error):
            fact.mutate(progress)
    assert not progress.exists
    assert not progress.opened


def test_both_ways_remember_alike() -> None:
    """The library's way and the short one leave the same aggregate."""
    fact: Any = new_fact(CourseProgress.UnitOpened, STREAM, 1, {"unit_id": "1"})
    short, library = CourseProgress.blank(STREAM), CourseProgress.blank(STREAM)
    fact.mutate(short)
    DecoratedFuncCaller.apply(fact, library)
    library.version, library.modified_on = 1, fact.timestamp
    assert short == library
    assert short.modified_on != AT
