"""Arrays that are packed at once arrive as the lists that they were."""

from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest

from adapters.postgres.log.arrays import (
    Bigints,
    Byteas,
    Integers,
    NullableTexts,
    PackedArray,
    Smallints,
    Texts,
    Timestamps,
)
from adapters.settings import Settings

LISTS: list[tuple[type[PackedArray], list[object]]] = [
    (Smallints, [0, -(2**15), 2**15 - 1]),
    (Integers, [1, -(2**31), 2**31 - 1]),
    (Bigints, [1, -(2**63), 2**63 - 1]),
    (Texts, ["", "a", "héllo {,}", 'NULL"\\']),
    (NullableTexts, [None, "", "a", None]),
    (NullableTexts, [None]),
    (Byteas, [b"", b"\x00\xff", b"{}"]),
    (
        Timestamps,
        [
            datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5))),
        ],
    ),
]


def test_every_list_arrives(settings: Settings) -> None:
    """Smallest and largest values, NULLs, text that needs quotes elsewhere, other time zones, and no element at all."""
    with psycopg.connect(settings.postgres_url) as connection:
        for packed, values in LISTS:
            for wanted in (values, []):
                row = connection.execute(
                    f"SELECT %b, pg_typeof(%b) = '{packed.OF.name}[]'::regtype".encode(),
                    [packed(wanted), packed(wanted)],
                    binary=True,
                ).fetchone()
                assert row == (wanted, True)


@pytest.mark.parametrize(("packed", "value"), [(Smallints, 2**15), (Integers, 2**31), (Bigints, 2**63)])
def test_a_number_out_of_range_is_an_error_of_its_data(packed: type[PackedArray], value: int) -> None:
    """As PostgreSQL would say, so that the append is refused alone."""
    with pytest.raises(psycopg.DataError):
        packed([value])
