"""
Golden files: an example of every fact in every version that was ever written, byte by byte as the log has it.

A file of `tests/golden` is never changed and never deleted: there may be a log with such a fact in it.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.aggregate import Aggregate
from domain.catalog import Course, Unit, structure_hash
from domain.codec import decode_data, decode_event, encode_data, version_of
from domain.registry import AGGREGATES, FACTS
from tests.support.given import AT, STREAMS, state_of

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(topic: str, version: int) -> Path:
    """The file of one fact in one version."""
    return GOLDEN / f"{topic}.v{version}.json"


def written() -> list[tuple[str, int]]:
    """Every fact in every version that was ever written."""
    return [(topic, version) for topic, cls in FACTS.items() for version in range(1, version_of(cls) + 1)]


def aggregate_of(topic: str) -> type[Aggregate]:
    """The aggregate to which a fact belongs."""
    return next(aggregate for aggregate in AGGREGATES if FACTS[topic] in vars(aggregate).values())


def decoded(topic: str, version: int, data: bytes) -> Aggregate.Event:
    """The first event of a stream, from its stored form."""
    stream = STREAMS[aggregate_of(topic).category]
    return decode_event(topic, version, data, stream=stream, version=1, occurred_at=AT)


def test_every_version_of_every_fact_has_a_golden_file() -> None:
    """A new fact, or a new version of one, comes with the bytes of an example; no example is ever taken away."""
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted(golden(*fact).name for fact in written())


@pytest.mark.parametrize(("topic", "version"), written())
def test_what_was_written_can_be_read_and_folded(topic: str, version: int) -> None:
    """Every version is brought up to the newest, has the fields of that, and makes an aggregate what it was."""
    data = golden(topic, version).read_bytes()
    event, plain = decoded(topic, version, data), decode_data(topic, version, data)
    newest = encode_data(event)
    assert msgspec.json.decode(newest) == plain

    aggregate = aggregate_of(topic).blank(event.originator_id)
    event.mutate(aggregate)
    again = aggregate_of(topic).blank(event.originator_id)
    decoded(topic, version_of(FACTS[topic]), newest).mutate(again)
    assert aggregate.version == 1
    assert state_of(aggregate) == state_of(again)


@pytest.mark.parametrize("topic", FACTS)
def test_the_newest_version_is_written_as_it_always_was(topic: str) -> None:
    """The same fact gives the same bytes; other bytes need another version."""
    newest = version_of(FACTS[topic])
    data = golden(topic, newest).read_bytes()
    assert encode_data(decoded(topic, newest, data)) == data


@pytest.mark.parametrize("topic", FACTS)
def test_a_new_fact_is_written_in_the_order_of_its_fields(topic: str) -> None:
    """Recording a fact again writes the bytes that the log already has."""
    data = golden(topic, version_of(FACTS[topic])).read_bytes()
    event = decoded(topic, version_of(FACTS[topic]), data)
    assert encode_data(FACTS[topic](**dict(sorted(vars(event).items())))) == data


@pytest.mark.parametrize("topic", FACTS)
def test_an_irregular_fact_says_why_after_its_own_fields(topic: str) -> None:
    """The mark of history that breaks a rule of today is stored and read with the fact, and harms no fold."""
    newest = version_of(FACTS[topic])
    fields: dict[str, Any] = msgspec.json.decode(golden(topic, newest).read_bytes())
    data = msgspec.json.encode({**fields, "irregular": "no_access"})
    event = decoded(topic, newest, data)
    assert encode_data(event) == data
    event.mutate(aggregate_of(topic).blank(event.originator_id))


@pytest.mark.parametrize("topic", FACTS)
def test_a_field_that_is_missing_is_noticed(topic: str) -> None:
    """A stored fact without one of its fields is not folded as if it had it."""
    newest = version_of(FACTS[topic])
    fields: dict[str, Any] = msgspec.json.decode(golden(topic, newest).read_bytes())
    for name in fields:
        rest = {other: value for other, value in fields.items() if other != name}
        with pytest.raises(msgspec.ValidationError, match=name):
            decoded(topic, newest, msgspec.json.encode(rest))


def test_the_hash_of_a_structure_stays_what_it_was() -> None:
    """Equal structures have had equal hashes since the first of them was published."""
    fields = msgspec.json.decode(golden(Course.VersionPublished.TOPIC, 1).read_bytes())
    assert structure_hash(msgspec.convert(fields["units"], list[Unit])) == fields["structure_hash"]
