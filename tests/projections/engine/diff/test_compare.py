"""Two versions of a read model, compared: counts, pages, samples; and what the comparison says of other columns."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.spill import SqliteDatabase
from projections.engine.diff.compare import ComparedRow, Comparison, Diff
from projections.engine.diff.report import RowDiff, TableDiff
from projections.engine.diff.spool import DuplicateRow
from projections.engine.projection import RowKey, Table
from tests.support.diffs import DiffInput, compare


class Grade(msgspec.Struct):
    """A row with one field of every kind."""

    run_id: str
    no: int
    score: int | None = None
    status: str = "none"
    late: bool = False
    units: list[str] = []
    scores: dict[int, float] = {}


class Count(msgspec.Struct, omit_defaults=True):
    """A row of which little is written."""

    name: str
    rows: int = msgspec.field(default=0, name="n")


GRADES = Table("grades", Grade, ("run_id", "no"))
COUNTS = Table("counts", Count, ("name",))
TABLES = (GRADES, COUNTS)

Rows = dict[RowKey, ComparedRow]

_grades = st.builds(
    Grade,
    st.sampled_from(["A", "B"]),
    st.integers(-2, 12),
    st.none() | st.integers(0, 3),
    st.sampled_from(["none", "active", 'a"b']),
    st.booleans(),
    st.lists(st.sampled_from(["u1", "u2"]), max_size=3),
    st.dictionaries(st.integers(0, 2), st.sampled_from([0.5, 1.0]), max_size=2),
)
_counts = st.builds(Count, st.sampled_from(["x", "y", "z"]), st.integers(0, 2))


def keyed(rows: list[Any]) -> Rows:
    """The rows by their key."""
    return {
        RowKey(GRADES, (row.run_id, row.no)) if isinstance(row, Grade) else RowKey(COUNTS, (row.name,)): row
        for row in rows
    }


_versions = st.lists(_grades | _counts, max_size=20).map(keyed)


def one_table(old: Rows, new: Rows) -> tuple[TableDiff, list[RowDiff]]:
    """What is said of the first table, and the rows that differ."""
    with compare(DiffInput(TABLES, old.items()), DiffInput(TABLES, new.items())) as diff:
        return diff.tables[0], list(diff.rows())


def grade(no: int, **fields: Any) -> Rows:
    """One row."""
    return keyed([Grade("A", no, **fields)])


@given(_versions, st.randoms())
def test_a_version_does_not_differ_from_itself(rows: Rows, random: Any) -> None:
    """Nothing differs, in whatever order the rows come."""
    shuffled = list(rows.items())
    random.shuffle(shuffled)
    with compare(DiffInput(TABLES, rows.items()), DiffInput(TABLES, shuffled)) as diff:
        assert diff.is_same
        assert diff.differing == 0
        assert list(diff.rows()) == []
        assert sum(table.same for table in diff.tables) == len(rows)


@given(_versions, _versions)
def test_the_counts_are_those_of_a_naive_comparison(old: Rows, new: Rows) -> None:
    """Each row of either side is counted once, as same, added, removed or changed, and each changed field too."""
    with compare(DiffInput(TABLES, old.items()), DiffInput(TABLES, new.items())) as diff:
        for table in diff.tables:
            before, after = (
                {key: row for key, row in side.items() if key.table.name == table.table} for side in (old, new)
            )
            both = before.keys() & after.keys()
            assert (table.old_rows, table.new_rows) == (len(before), len(after))
            assert table.added == len(after.keys() - before.keys())
            assert table.removed == len(before.keys() - after.keys())
            assert table.changed == sum(before[key] != after[key] for key in both)
            assert table.same == len(both) - table.changed
            assert {field.name: field.rows for field in table.fields} == naive_fields(before, after)
        assert [row.number for row in diff.rows()] == list(range(1, diff.differing + 1))


def of_table(rows: Rows, name: str) -> Rows:
    """The rows of one table."""
    return {key: row for key, row in rows.items() if key.table.name == name}


def naive_fields(old: Rows, new: Rows) -> dict[str, int]:
    """In how many rows each field changed."""
    counts: dict[str, int] = {}
    for key in old.keys() & new.keys():
        one, other = (msgspec.structs.asdict(side[key]) for side in (old, new))  # type: ignore[arg-type]
        for name in one:
            if one[name] != other[name]:
                shown = "n" if isinstance(old[key], Count) else name
                counts[shown] = counts.get(shown, 0) + 1
    return counts


@given(_versions, _versions)
def test_the_differing_rows_lead_from_one_version_to_the_other(old: Rows, new: Rows) -> None:
    """The differences turn the old version into the new one, and the new one into the old."""
    with compare(DiffInput(TABLES, old.items()), DiffInput(TABLES, new.items())) as diff:
        assert applied(diff, plain(old), backwards=False) == plain(new)
        assert applied(diff, plain(new), backwards=True) == plain(old)


def plain(rows: Rows) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The fields of each row but the key, as JSON."""
    bodies = {}
    for key, row in rows.items():
        names = [field.name for field in msgspec.structs.fields(row) if field.name not in key.table.key]  # type: ignore[arg-type]
        fields = {"n" if isinstance(row, Count) else name: getattr(row, name) for name in names}
        bodies[key.table.name, key.key] = msgspec.json.decode(msgspec.json.encode(fields))
    return bodies


def applied(
    diff: Diff, rows: dict[tuple[Any, ...], dict[str, Any]], *, backwards: bool
) -> Mapping[tuple[Any, ...], dict[str, Any]]:
    """The rows after the differences."""
    for row in diff.rows():
        place = row.table, row.key
        before, after = (row.new, row.old) if backwards else (row.old, row.new)
        if after is None:
            assert rows.pop(place) == before
        else:
            found = rows.setdefault(place, {})
            assert before is None or before.items() <= found.items()
            found.update(after)
    return rows


def test_rows_come_in_the_order_of_table_and_key() -> None:
    """Tables as declared, texts by letter, numbers by size; a page begins after the last row of the one before."""
    old = keyed([Grade("A", 10), Grade("A", 9), Grade("B", -1), Count("x")])
    with compare(DiffInput(TABLES, old.items()), DiffInput(TABLES, ())) as diff:
        keys = [(row.table, row.key) for row in diff.rows()]
        assert keys == [("grades", ("A", 9)), ("grades", ("A", 10)), ("grades", ("B", -1)), ("counts", ("x",))]
        assert [row.key for row in diff.rows(after=1, limit=2)] == [("A", 10), ("B", -1)]
        assert [row.key for row in diff.rows(table="counts")] == [("x",)]
        assert [row.number for row in diff.rows(kind="removed", after=3)] == [4]
        assert list(diff.rows(kind="added")) == []
        assert list(diff.rows(table="nothing")) == []


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    """It is a choice of different rows in their order, and another seed chooses others."""
    new = keyed([Grade("A", no) for no in range(1_000)])
    with compare(DiffInput(TABLES, ()), DiffInput(TABLES, new.items())) as diff:
        sample = diff.sample(20, seed=1)
        assert sample == diff.sample(20, seed=1)
        assert sample != diff.sample(20, seed=2)
        assert sorted({row.number for row in sample}) == [row.number for row in sample]
        assert len(sample) == 20
        assert len(diff.sample(5_000)) == 1_000


def test_values_are_the_same_if_their_json_is() -> None:
    """1, 1.0 and true are three values; so are nothing and an empty text."""
    for old, new in ((1, 1.0), (1, True), (None, "")):
        table, rows = one_table(grade(1, score=old), grade(1, score=new))
        assert table.changed == 1, (old, new)
        assert (rows[0].old, rows[0].new) == ({"score": old}, {"score": new})


def test_a_field_that_one_version_lacks_is_named_once() -> None:
    """Rows are then compared by the fields that both have."""
    wide = msgspec.defstruct("Wide", [("run_id", str), ("no", int), ("status", str, "none"), ("rank", int, 7)])
    table = Table("grades", wide, ("run_id", "no"))
    new = [(RowKey(table, ("A", no)), wide("A", no, "none" if no == 1 else "active")) for no in (1, 2)]
    with compare(DiffInput(TABLES, {**grade(1), **grade(2)}.items()), DiffInput((table,), new)) as diff:
        grades, counts = diff.tables
        assert (grades.fields_added, grades.fields_removed) == (["rank"], ["score", "late", "units", "scores"])
        assert (grades.same, grades.changed) == (1, 1)
        assert (counts.presence, counts.old_rows, counts.is_same) == ("only_old", 0, False)
        assert [(row.key, row.old, row.new) for row in diff.rows()] == [
            (("A", 2), {"status": "none"}, {"status": "active"})
        ]
        assert not diff.is_same


def test_a_table_with_another_key_is_not_compared() -> None:
    """Its rows cannot be matched in the same way; both sides are counted."""
    other = Table("grades", Grade, ("no", "run_id"))
    with compare(DiffInput((GRADES,), grade(1).items()), DiffInput((other,), ())) as diff:
        (table,) = diff.tables
        assert (table.presence, table.old_rows, table.new_rows, diff.differing) == ("other_key", 1, 0, 0)


def test_rows_of_code_that_is_gone_may_be_mappings() -> None:
    """Their fields are those that they have."""
    old = [(RowKey(GRADES, ("A", 1)), {"run_id": "A", "no": 1, "score": 3, "rank": 1})]
    with compare(DiffInput((GRADES,), old), DiffInput((GRADES,), grade(1, score=4).items())) as diff:
        (table,) = diff.tables
        assert table.fields_removed == ["rank"]
        assert table.fields_added == ["status", "late", "units", "scores"]
        assert [(row.old, row.new) for row in diff.rows()] == [({"score": 3}, {"score": 4})]


def test_a_key_that_comes_twice_is_refused() -> None:
    """Rows of single segments, for example, must be merged before."""
    with Comparison(TABLES, TABLES, SqliteDatabase()) as comparison:
        for key, row in (*grade(1).items(), *grade(1, score=2).items()):
            comparison.add_new(key, row)
        with pytest.raises(DuplicateRow, match=r'\["A",1\]'):
            comparison.finish()


def test_rows_may_come_from_both_sides_in_turn() -> None:
    """More than are buffered, in opposite order."""

    def rows(numbers: Iterator[int]) -> Iterator[tuple[RowKey, ComparedRow]]:
        for no in numbers:
            yield from grade(no, score=no % 3).items()

    with Comparison(TABLES, TABLES, SqliteDatabase()) as comparison:
        for old, new in zip(rows(iter(range(5_000))), rows(iter(range(5_000, 0, -1))), strict=True):
            comparison.add_old(*old)
            comparison.add_new(*new)
        diff = comparison.finish()
        assert [(row.key, row.kind) for row in diff.rows()] == [(("A", 0), "removed"), (("A", 5_000), "added")]
        assert diff.tables[0].same == 4_999
