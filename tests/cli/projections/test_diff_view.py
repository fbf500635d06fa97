"""How a comparison is shown: on a terminal, as JSON and as CSV."""

import csv
import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from cli.console import answer
from cli.projections.diff_csv import COLUMNS, FORMULA, write_csv
from cli.projections.diff_view import (
    BAR,
    LONGEST,
    MOST_LINES,
    bar,
    diff_view,
    leaves,
    report,
    short,
    short_pair,
    touching_facts_view,
)
from projections.course_dashboard import ENROLLMENTS, CourseDashboard, CourseEnrollment
from projections.engine.diff.lineage import facts_touching
from projections.engine.diff.report import RowDiff
from projections.engine.projection import RowKey, Table
from projections.learner_dashboard import LearnerDashboard
from projections.learner_dashboard.rows import LEARNERS
from tests.support.diffs import DiffInput, compare
from tests.support.facts import History

CHANGED = RowDiff(1, "grades", ("A", 7), "changed", {"score": None, "title": "one"}, {"score": -5, "title": "=1+1"})


def shown(what: RenderableType, width: int = 140) -> str:
    """What is on the screen, one space for many."""
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with console.capture() as capture:
        console.print(what)
    return "\n".join(" ".join(line.split()) for line in capture.get().splitlines())


def enrollments(number: int, **fields: Any) -> DiffInput:
    """Rows of the course dashboard that all have these fields."""
    rows = [(RowKey(ENROLLMENTS, ("AAA", str(n))), CourseEnrollment("AAA", str(n), **fields)) for n in range(number)]
    return DiffInput(CourseDashboard.tables, rows)


def test_counts_come_first_then_distributions_then_rows() -> None:
    """In this order, each with the words for both sides."""
    with compare(enrollments(4, percent=10), enrollments(3, percent=35, status="[b]active")) as diff:
        text = shown(diff_view(diff.tables, list(diff.rows(limit=2)), diff.differing, old="live", new="mine"))
    assert "table live rows mine rows same added removed changed" in text
    counts, numbers = text.index("course_enrollments 4 3 0 0 1 3"), text.index("difference 25 25 25 25")
    transition, row = (
        text.index(f"none [b]active 3 {'█' * BAR}"),
        text.index("1 course_enrollments AAA:0 changed percent 10 35"),
    )
    assert counts < numbers < transition < row
    assert "2 of 4 differing rows" in text
    assert "course_enrollments.percent differs in 3 of 3 rows on both sides" in text


def test_no_difference_is_said_in_words() -> None:
    """And nothing else follows the counts."""
    with compare(enrollments(4), enrollments(4)) as diff:
        text = shown(diff_view(diff.tables, [], diff.differing, old="live", new="rebuilt"))
    assert text.rstrip().endswith("Nothing differs.")


def test_other_columns_and_tables_are_said_once() -> None:
    """Whichever side has them alone."""
    wide = Table(
        "course_enrollments",
        msgspec.defstruct("Wide", [("run_id", str), ("learner_id", str), ("rank", int, 0)]),
        ENROLLMENTS.key,
    )
    extra = Table("ranks", wide.row, ("run_id",))
    with compare(DiffInput((ENROLLMENTS,), ()), DiffInput((wide, extra), ())) as diff:
        text = shown(diff_view(diff.tables, [], diff.differing, old="live", new="rebuilt"))
    assert "• course_enrollments: only rebuilt has rank" in text
    assert "• course_enrollments: only live has status, activated, " in text
    assert "• ranks: only rebuilt has this table" in text
    assert "Nothing differs" not in text


def test_documents_show_the_values_that_differ_within_them() -> None:
    """With the way to each; lists of other lengths are shown as a whole, where they begin to differ."""
    old = {"runs": [{"id": 1, "done": False}, {"id": 2}], "seen": ["a"]}
    new = {"runs": [{"id": 1, "done": True}, {"id": 2}], "seen": ["a", "b"]}
    assert list(leaves("doc", old, new)) == [("doc.runs[0].done", False, True), ("doc.seen", ["a"], ["a", "b"])]


def test_a_row_with_many_changes_is_cut() -> None:
    """How many more there are is said."""
    scores = {f"unit{n:02}": n for n in range(50)}
    with compare(enrollments(1), enrollments(1, scores=scores)) as diff:
        text = shown(diff_view(diff.tables, list(diff.rows()), diff.differing, old="live", new="rebuilt"))
    assert f"… {50 - MOST_LINES + 1} more" in text
    assert f"scores.unit{MOST_LINES - 2:02} - {MOST_LINES - 2}" in text
    assert f"scores.unit{MOST_LINES - 1:02}" not in text[text.index("differing rows") :]


@given(st.text() | st.lists(st.text(max_size=90), max_size=3) | st.integers() | st.none())
def test_a_shortened_value_is_short_and_printable(value: Any) -> None:
    """No letter in it moves the cursor or colours the screen; nothing at all and an empty text can be seen."""
    text = short(value)
    assert 1 <= len(text) <= LONGEST
    assert text.isprintable()


@given(st.text("ab", max_size=200), st.text("ab", max_size=200))
def test_two_long_values_are_cut_so_that_the_difference_is_seen(old: str, new: str) -> None:
    """Whatever differs looks different."""
    one, other = short_pair(old, new)
    assert max(len(one), len(other)) <= LONGEST
    assert (one == other) == (old == new)


def test_a_bar_is_as_long_as_its_share() -> None:
    """In eighths of a character; anything is a sliver at least."""
    assert [bar(value, 24 * 8) for value in (0, 1, 9, 96, 192)] == ["", "▏", "█▏", "█" * 12, "█" * 24]
    assert bar(1, 1_000_000) == "▏"


def test_a_report_is_plain_json(capsys: pytest.CaptureFixture[str]) -> None:
    """As `--json` prints it: the tables, and the rows asked for."""
    with compare(enrollments(2, percent=10), enrollments(2, percent=35)) as diff:
        answer(report(diff, diff.sample(1)), as_json=True, table=str)
    printed = json.loads(capsys.readouterr().out)
    assert (printed["same"], printed["differing"]) == (False, 2)
    assert printed["tables"][0]["fields"][0]["numbers"]["histogram"] == [{"low": 25, "high": 25, "rows": 2}]
    assert printed["rows"][0]["old"] == {"percent": 10}


def csv_of(*rows: RowDiff) -> list[list[str]]:
    """The lines of the file, as a spreadsheet reads them."""
    file = io.StringIO(newline="")
    written = write_csv(file, rows)
    lines = list(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert written == len(lines) - 1
    return lines


def test_csv_has_a_line_for_each_field() -> None:
    """Nothing in a row is `null`; where there is no row the cell is empty; documents are JSON."""
    added = RowDiff(2, "grades", (7,), "added", None, {"score": 1, "units": ["a", "b"]})
    assert csv_of(CHANGED, added) == [
        list(COLUMNS),
        ["grades", "A:7", "changed", "score", "null", "-5"],
        ["grades", "A:7", "changed", "title", "one", "'=1+1"],
        ["grades", "7", "added", "score", "", "1"],
        ["grades", "7", "added", "units", "", '["a","b"]'],
    ]


def test_csv_has_a_line_for_a_row_without_fields() -> None:
    """A row that is nothing but its key is still there or not."""
    assert csv_of(RowDiff(1, "seen", (-7,), "removed", {}, None))[1:] == [["seen", "-7", "removed", "", "", ""]]


@given(st.lists(st.text(st.sampled_from('=+-@\t\r\n",;a\uff1d'), min_size=1), min_size=3, max_size=3))
def test_no_text_in_csv_is_taken_for_a_formula(texts: list[str]) -> None:
    """Whatever stands in keys, names and values; it is read back with at most an apostrophe more."""
    key, old, new = texts
    (line,) = csv_of(RowDiff(1, "t", (key,), "changed", {old: old}, {old: new}))[1:]
    for cell, text in zip(line, ("t", key, "changed", old, old, new), strict=True):
        assert not cell.startswith(FORMULA)
        assert cell in {text, f"'{text}"}


def test_the_facts_behind_a_row_are_named_at_either_end() -> None:
    """Of those in between it is said how many they are."""
    facts = History().course().enrolled("7").clicked("7", 3).clicked("7", 4).clicked("7", 5).clicked("7", 6).facts
    behind = shown(touching_facts_view(facts_touching(LearnerDashboard(), RowKey(LEARNERS, ("7",)), facts, shown=2)))
    assert behind.splitlines()[0] == "6 facts touch this row"
    assert behind.splitlines()[3] == "… 2 more …"
    assert behind.splitlines()[-1].startswith("9 (progress.activity_recorded")
