"""A row that cannot be read does not stop those who follow the log."""

import pytest

from adapters.postgres.log.pages import UNKNOWN, fact_of, meta_of
from projections.engine.rows import Unreadable
from tests.support.dossiers import stored
from tests.support.facts import History
from tests.support.random_changes import DATA, META, with_value

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
