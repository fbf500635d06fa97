"""Every aggregate and every fact is known by one name, and every stream begins blank."""

import pytest
from eventsourcing.domain import CanInitAggregate

from domain.aggregate import Aggregate
from domain.registry import AGGREGATES, BY_CATEGORY, FACTS
from tests.support.given import STREAMS

WITHIN = {
    "regrade": "quiz",
    "answer": "thread",
    "opening": "post",
    "reply": "post",
    "topic": "topics",
    "mentions": "post",
    "deadline": "reminders",
}
"""Things that have facts of their own within the streams of another, by their names in the vocabulary."""


OLD_WITHOUT_NEW = {
    *("enrollment.extension_withdrawn", "question.revised", "attempt.deadline_moved", "attempt.lateness_changed"),
    *("attempt.regraded", "attempt.grade_overridden", "allowance.granted"),
}
"""Facts from before there was one way: the new value has the name that other facts of the stream have (0336)."""


def test_a_change_names_both_values_alike() -> None:
    """One value is `old` and `new`, several are `old_…` and `new_…`; nothing else is added to the list of others."""
    without = set()
    for name, fact_class in FACTS.items():
        fields = set(fact_class.__dataclass_fields__)  # type: ignore[attr-defined]
        olds = {field for field in fields if field == "old" or field.startswith("old_")}
        if not {f"new{field.removeprefix('old')}" for field in olds} <= fields:
            without.add(name)
    assert without == OLD_WITHOUT_NEW


def test_names_are_used_once() -> None:
    """No two aggregates share a category, and no two facts a name."""
    own = [
        member
        for aggregate in AGGREGATES
        for member in vars(aggregate).values()
        if isinstance(member, type) and issubclass(member, Aggregate.Event) and member.__name__ != "Event"
    ]
    assert len(BY_CATEGORY) == len(AGGREGATES)
    assert set(own) == set(FACTS.values())
    assert len(own) == len(FACTS)


@pytest.mark.parametrize("topic", FACTS)
def test_a_fact_is_named_after_its_aggregate(topic: str) -> None:
    """The name begins with the category of the streams in which the fact stands, or with a thing within them."""
    name = topic.partition(".")[0]
    category = WITHIN.get(name, name)
    assert FACTS[topic] in vars(BY_CATEGORY[category]).values()


@pytest.mark.parametrize("topic", FACTS)
def test_no_fact_creates(topic: str) -> None:
    """A first fact is one like any other."""
    assert not issubclass(FACTS[topic], CanInitAggregate)


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_a_stream_begins_blank(aggregate: type[Aggregate]) -> None:
    """Before its first fact an aggregate is there, at version 0, with nothing to store."""
    blank = aggregate.blank(STREAMS[aggregate.category])
    assert (blank.version, blank.exists, list(blank.pending_events)) == (0, False, [])


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_a_snapshot_remembers_the_whole_state(aggregate: type[Aggregate]) -> None:
    """Where the state is stored beside the log, no attribute of it is left out."""
    state = {name for name in vars(aggregate.blank(STREAMS[aggregate.category])) if name[0] != "_"} - {"importing"}
    if aggregate.snapshot_every:
        assert set(aggregate.snapshot_fields) == state
