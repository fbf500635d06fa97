"""A row that cannot be read does not stop those who follow the log."""

import pytest

from adapters.postgres.log.decoding import (
    UNKNOWN,
    fact_of,
    meta_of,
    must_be_of_this_release,
    must_be_readable,
    readable,
)
from domain.codec import UnknownFact
from projections.engine.rows import Unreadable, UnreadableFact
from tests.support.dossiers import stored
from tests.support.facts import History
from tests.support.random_changes import DATA, META, SCHEMA, with_value

BROKEN = [b"", b"{", b"[]", b'{"event_id":1}', b'{"\xa2":1}', b'{"event_id":"\xa2","actor":"","source":""}']


@pytest.mark.parametrize("text", BROKEN)
def test_meta_that_cannot_be_decoded(text: bytes) -> None:
    """The fact is one, of an unknown source; also where the bytes are no UTF-8."""
    (row, *_) = map(stored, History().course().facts)
    assert meta_of(text) is UNKNOWN
    found = fact_of(with_value(row, META, text))
    assert (found.type, found.meta, isinstance(found, Unreadable)) == (row[3], UNKNOWN, False)


@pytest.mark.parametrize("text", [BROKEN[0], BROKEN[1], BROKEN[4]])
def test_data_that_cannot_be_decoded(text: bytes) -> None:
    """The fact says that it cannot be read."""
    (row, *_) = map(stored, History().course().facts)
    assert isinstance(fact_of(with_value(row, DATA, text)), Unreadable)


def test_a_fact_that_cannot_be_read_takes_its_stream_with_it() -> None:
    """Lists of many things leave out what it is about; the error of who needs the fact names it."""
    history = History().course().enrolled("ann").enrolled("bob").enrolled("ann")
    rows = [stored(fact) for fact in history.facts]
    index = next(index for index, row in enumerate(rows) if row[1].startswith("enrollment-ann"))
    rows[index] = with_value(rows[index], DATA, b"{")
    facts = [fact_of(row) for row in rows]
    assert [fact.stream_id for fact in readable(facts)] == [row[1] for row in rows if row[1] != rows[index][1]]
    assert facts[index].meta.event_id
    with pytest.raises(
        UnreadableFact, match=rf"the fact at position {index + 1} \({facts[index].type}, version \d\) can"
    ):
        must_be_readable(facts[index])
    assert must_be_of_this_release(facts) == facts


def test_a_fact_of_a_later_release_is_known_as_such() -> None:
    """What follows from it is the matter of that release."""
    (row, *_) = map(stored, History().course().facts)
    later = fact_of(with_value(row, SCHEMA, 99))
    with pytest.raises(UnknownFact, match="known up to version"):
        must_be_of_this_release([later])
