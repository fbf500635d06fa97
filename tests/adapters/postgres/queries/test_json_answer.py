"""Answers that PostgreSQL builds have the fields of the struct that describes them."""

from datetime import UTC, datetime

import msgspec
import psycopg
import pytest

from adapters.postgres.connection import options
from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.settings import Settings


class Course(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for."""

    course_id: str
    runs: list[int]
    title: str | None


def test_every_field_comes_from_its_column_or_is_computed(settings: Settings) -> None:
    """The select list has each field once; an array is sorted, and empty where there are no rows."""
    entry = json_object(Course, runs="(SELECT json_agg(n) FROM generate_series(1, size) AS n)")
    rows = "(VALUES ('b', 1, NULL), ('a', 2, 'Algebra')) AS rows (course_id, size, title)"
    with psycopg.connect(settings.postgres_url) as connection:
        (found,) = (
            connection.execute(f"SELECT {json_array(entry, 'course_id')}::text FROM {rows}".encode()).fetchone() or ()
        )
        (none,) = (
            connection.execute(
                f"SELECT {json_array(entry, 'course_id')}::text FROM {rows} WHERE size > 9".encode()
            ).fetchone()
            or ()
        )
    assert msgspec.json.decode(found, type=list[Course]) == [Course("a", [1, 2], "Algebra"), Course("b", [1], None)]
    assert none == "[]"


class Moments(msgspec.Struct):
    """An answer with times."""

    at: datetime
    until: datetime | None


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("2026-02-01T09:30:00+00:00", "2026-02-01T09:30:00Z"),
        ("2026-02-01T09:30:00.125+02:00", "2026-02-01T07:30:00.125000Z"),
        ("1999-12-31T23:59:59.000005+00:00", "1999-12-31T23:59:59.000005Z"),
    ],
)
def test_a_time_is_written_with_z(settings: Settings, at: str, text: str) -> None:
    """In UTC, as msgspec writes the times of documents; a missing one is null."""
    query = f"SELECT {json_object(Moments)} FROM (SELECT %s::timestamptz AS at, NULL::timestamptz AS until) AS row"
    with psycopg.connect(settings.postgres_url, options=options("public")) as connection:
        (found,) = connection.execute(query.encode(), [at]).fetchone() or ()
    assert found == {"at": text, "until": None}
    assert msgspec.json.encode(datetime.fromisoformat(at).astimezone(UTC)).decode() == f'"{text}"'


def test_a_computed_field_that_does_not_exist_is_refused() -> None:
    """A field that is renamed in the struct cannot be forgotten in the query."""
    with pytest.raises(TypeError, match="Course has no field run"):
        json_object(Course, run="1")
