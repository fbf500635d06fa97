"""Tags follow from the id of a stream and from fields that never change, and a query asks for types and tags."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.aggregate import Aggregate
from domain.fact import Fact, Meta
from domain.registry import AGGREGATE_OF, AGGREGATES, FACTS
from domain.tags import QueryItem, matches, tags_of

WHEN = datetime(2026, 3, 1, tzinfo=UTC)


def fact(stream: str, name: str, **data: Any) -> Fact:
    """A fact on a stream."""
    return Fact(1, stream, 1, name, 1, 0, data, Meta("", "", ""), WHEN, WHEN)


@pytest.mark.parametrize(
    ("stream", "data", "tags"),
    [
        ("course-AAA", {}, ("course:AAA",)),
        ("run-AAA-2013J", {"course_id": "AAA", "capacity": 3}, ("run:AAA-2013J", "course:AAA")),
        ("run-AAA-2013J", {}, ("run:AAA-2013J",)),
        ("enrollment-28400:AAA-2013J", {"mode": "free"}, ("learner:28400", "run:AAA-2013J")),
        ("seats-AAA-2013J", {"learner_id": "28400"}, ("run:AAA-2013J",)),
        ("progress-28400:AAA-2013J", {"unit_id": "u"}, ("learner:28400", "run:AAA-2013J")),
        ("quiz-1752", {"run_id": "AAA-2013J"}, ("quiz:1752", "run:AAA-2013J")),
        ("attempt-28400:1752:1", {"run_id": "AAA-2013J"}, ("learner:28400", "quiz:1752")),
        ("thread-0d9c7f0a", {"run_id": "AAA-2013J"}, ("thread:0d9c7f0a",)),
        ("post-0d9c7f0a:2", {"run_id": "AAA-2013J"}, ("thread:0d9c7f0a",)),
        ("text-28400:0d9c7f0a:2", {}, ("learner:28400", "thread:0d9c7f0a")),
        ("reading-28400:0d9c7f0a", {}, ("learner:28400", "thread:0d9c7f0a")),
        ("shelf-AAA:7", {}, ()),
    ],
)
def test_the_tags_of_a_fact_are_for_ever(stream: str, data: dict[str, Any], tags: tuple[str, ...]) -> None:
    """Conditions of all times rest on them; a stream that no aggregate has carries none."""
    assert tags_of(stream, data) == tags


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_what_tags_is_found_by_the_log(aggregate: type[Aggregate]) -> None:
    """The log looks into the first two ids of a stream, and a field that tags belongs to a fact that has it."""
    assert not any(name.endswith("_id") for name in aggregate.ids[2:])
    own = [FACTS[name] for name, of in AGGREGATE_OF.items() if of is aggregate]
    fields = {name for fact_class in own for name in fact_class.__dataclass_fields__}  # type: ignore[attr-defined]
    assert fields.issuperset(aggregate.tagged_by)


def test_an_item_wants_one_type_and_all_tags() -> None:
    """No types: any; no tags: any; one item of several is enough; no item: every fact."""
    scheduled = fact("run-AAA", "run.scheduled", course_id="A")
    assert matches((), scheduled)
    assert matches((QueryItem(("run.opened", "run.scheduled"), ("course:A", "run:AAA")),), scheduled)
    assert matches((QueryItem(tags=("course:B",)), QueryItem(tags=("course:A",))), scheduled)
    assert not matches((QueryItem(("run.scheduled",), ("course:A", "run:B")),), scheduled)
    assert not matches((QueryItem(("run.opened",), ("course:A",)),), scheduled)
