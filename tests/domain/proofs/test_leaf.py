"""The entry of a fact: stored for ever in what others have signed, so its bytes are written down here."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proofs.leaf import EPOCH, MICROSECOND, Entry, NoEntry, content_hash, entry_of, leaf_of, read_entry
from domain.proofs.merkle import leaf_hash

AT = datetime(2026, 2, 1, 9, 0, 0, 123456, tzinfo=UTC)
ROW: tuple[Any, ...] = (
    *(7, "enrollment-28400:algebra", 2, "enrollment.activated", 1, 33, b'{"access_from":null}', b'{"event_id":"x"}'),
    *(AT, AT + timedelta(microseconds=1)),
)
ENTRY = (
    "01"  # the version of this encoding
    "0000000000000007"  # position
    "00000002"  # stream version
    "00000001"  # schema version
    "0021"  # partition
    "000649bf6e678640"  # occurred at, microseconds since 1970
    "000649bf6e678641"  # recorded at
    "0018"  # length of the stream's id, and the id
    "656e726f6c6c6d656e742d32383430303a616c6765627261"
    "0014"  # length of the type, and the type
    "656e726f6c6c6d656e742e616374697661746564"
)
CONTENT = (
    b"\x02" + (20).to_bytes(8) + b'{"access_from":null}' + (16).to_bytes(8) + b'{"event_id":"x"}'
)  # of which the last 32 bytes of the entry are the SHA-256

names = st.text("aé-:\0", max_size=6)
times = st.datetimes(timezones=st.just(UTC))
rows = st.tuples(
    st.integers(1, 2**63 - 1),
    names,
    st.integers(1, 2**31 - 1),
    names,
    st.integers(1, 2**15 - 1),
    st.integers(0, 63),
    st.binary(max_size=30),
    st.binary(max_size=30),
    times,
    times,
)


def test_the_bytes_of_an_entry() -> None:
    """These bytes are what trees are made of: they never change, a new form gets a new version."""
    assert entry_of(ROW).hex() == ENTRY + sha256(CONTENT).hexdigest()
    assert leaf_hash(entry_of(ROW)) == sha256(b"\0" + entry_of(ROW)).digest() == leaf_of(raw(ROW))


def raw(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row with texts in UTF-8, and times in microseconds."""
    times = ((each - EPOCH) // MICROSECOND for each in row[8:])
    return (row[0], row[1].encode(), row[2], row[3].encode(), *row[4:8], *times)


@given(rows)
def test_a_leaf_is_made_at_once(row: tuple[Any, ...]) -> None:
    """It is the hash of the entry, wherever the times of the row begin to count."""
    assert leaf_of(raw(row)) == leaf_hash(entry_of(row))
    *columns, occurred_at, recorded_at = raw(row)
    assert leaf_of((*columns, occurred_at - 7, recorded_at - 7), 7) == leaf_hash(entry_of(row))


def test_an_entry_is_read() -> None:
    """The envelope of a fact can be read from its entry."""
    micro = 1_769_936_400_123_456
    assert read_entry(entry_of(ROW)) == Entry(
        *(7, "enrollment-28400:algebra", 2, "enrollment.activated", 1, 33),
        *(content_hash(ROW[6], ROW[7]), micro, micro + 1),
    )


@given(rows, rows)
def test_two_facts_never_have_one_entry(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    """The encoding is unambiguous: entries are equal only where every column is."""
    assert (entry_of(one) == entry_of(other)) is (one == other)
    assert read_entry(entry_of(one)).stream_id == one[1]


def test_every_column_counts() -> None:
    """Another value in any one column is another entry; so is a byte moved from the data to the meta."""
    forms = {entry_of(ROW)}
    changes: list[Any] = [8, "enrollment-28401:algebra", 3, "enrollment.withdrawn", 2, 34, b"{}", b"{}", ROW[9], AT]
    for column, value in enumerate(changes):
        forms.add(entry_of((*ROW[:column], value, *ROW[column + 1 :])))
    forms.add(entry_of((*ROW[:6], ROW[6] + ROW[7][:1], ROW[7][1:], *ROW[8:])))
    forms.add(entry_of((ROW[0], ROW[1] + "x", *ROW[2:])))
    assert len(forms) == 13


@pytest.mark.parametrize(
    ("column", "value"), [(0, -1), (2, -1), (4, -1), (5, 65_536), (1, 65_536 * "x"), (3, 65_500 * "x")]
)
def test_what_has_no_entry(column: int, value: Any) -> None:
    """A value that no encoding has room for is refused, with the position."""
    with pytest.raises(NoEntry, match=r"position (7|-1)"):
        entry_of((*ROW[:column], value, *ROW[column + 1 :]))
    with pytest.raises(NoEntry, match=r"position (7|-1)"):
        leaf_of(raw((*ROW[:column], value, *ROW[column + 1 :])))


@pytest.mark.parametrize("change", [lambda e: e[:-1], lambda e: e + b"x", lambda e: b"\x02" + e[1:], lambda e: e[:0]])
def test_other_bytes_are_no_entry(change: Any) -> None:
    """Bytes that are too short, too long or of another version are refused."""
    with pytest.raises(NoEntry):
        read_entry(change(entry_of(ROW)))
