"""An analyst's projection over the real log: its tables, its mistakes, and that it is what a campus would serve."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import polars as pl
import pytest

import adapters.stores.fresh_fold
import campuslog.campus
from campuslog import (
    BadProjection,
    BadTime,
    Campus,
    Handler,
    KeysParked,
    NotWritten,
    ParkedWarning,
    Projection,
    Table,
    load_projection,
)
from campuslog.positions import Moment
from projections.engine.bulk.rows import BulkRows, MemoryBudget
from projections.registry import PROJECTIONS
from tests.support.rules import (
    CLICKS,
    Clicks,
    ClicksByHand,
    Other,
    awaits,
    changed_key,
    clicked,
    clicked_by_no_learner,
    ends,
    fails_at_twelve,
    needs,
    needs_rows,
    no_learner,
    no_unicode,
    no_zone,
    rule,
    too_large,
    undeclared,
    wrong_class,
    wrong_value,
    yields,
)

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "late_learners.py"
NOT_HERE = {
    "orders",
    "ledger",
    "accounts",
    "roles",
    "item_statistics",
    "inbox",
    "deliveries",
    "forum",
    "forum_activity",
    "moderation",
}
UNCHANGED = {"dashboard_moves", "dashboard_renames"}
"""No deadline moves here, and no course is renamed: test_moved_deadlines.py and test_descriptions.py have such rows."""
TABLES = [(projection, table) for projection in PROJECTIONS for table in projection.tables]


class Required(msgspec.Struct):
    """A row that cannot be made from its key."""

    learner_id: str
    amount: int


def test_tables_as_frames(campus: Campus) -> None:
    """Each table is a frame with a column for each field, in the order of its keys."""
    result = campus.rebuild(ClicksByHand)
    assert result.clicks.columns == ["learner_id", "amount", "kinds", "last_at"]
    assert dict(result.clicks.select("learner_id", "amount").iter_rows()) == {"11": 5, "12": 1, "13": 8, "14": 5}
    assert result.clicks.row(0) == (
        "11",
        5,
        [{"key": "homepage", "value": 1}, {"key": "oucontent", "value": 1}],
        on(10, 10),
    )
    assert (result.position, result.facts, result.parked) == (campus.head, 5, [])
    assert result["clicks"].equals(result.clicks)
    assert result.arrow("clicks").num_rows == 4
    assert "clicks" in dir(result)
    assert repr(result) == f"<clicks up to position {campus.head}: clicks (4 rows); 5 facts read>"


def on(month: int, day: int) -> datetime:
    return datetime(2013, month, day, tzinfo=UTC)


@pytest.mark.parametrize(("projection", "table"), TABLES, ids=[table.name for _, table in TABLES])
def test_what_is_rebuilt_is_what_readers_see(campus: Campus, projection: Projection, table: Table) -> None:
    """Our own read models, rebuilt by an analyst, are row for row what the campus serves, from whichever server."""
    rebuilt = campus.rebuild(type(projection))[table.name]
    served = campus.views[table.name].sort(*table.key)
    assert rebuilt.height > 0 or projection.name in NOT_HERE or table.name in UNCHANGED
    assert rebuilt.schema == served.schema
    assert rebuilt.sort(*table.key).equals(served, null_equal=True)


def test_the_campus_is_left_as_it_was(campus: Campus) -> None:
    """A rebuild leaves read models and their class alone: the next one starts empty, the campus keeps its own."""
    before = {name: campus.views[name].sort(pl.all()) for name in ("gradebook", "gradebook_quizzes")}
    gradebook = next(type(projection) for projection in PROJECTIONS if projection.name == "gradebook")
    handlers = gradebook.handlers
    assert campus.rebuild(gradebook).gradebook.equals(campus.rebuild(gradebook).gradebook)
    assert gradebook.handlers is handlers
    assert all(campus.views[name].sort(pl.all()).equals(frame) for name, frame in before.items())


def test_an_export_gives_the_same(campus: Campus, exported: Campus) -> None:
    """From Parquet files comes what comes from the log, also up to a position and a time."""
    for as_of in (None, campus.head // 2, on(10, 5)):
        one, other = campus.rebuild(ClicksByHand, as_of=as_of), exported.rebuild(ClicksByHand, as_of=as_of)
        assert one.clicks.equals(other.clicks)
        assert (one.position, one.facts) == (other.position, other.facts)


def test_up_to_a_position(campus: Campus) -> None:
    """Facts after the position are left out."""
    first = next(iter(campus.events("progress.activity_recorded"))).position
    assert campus.rebuild(ClicksByHand, as_of=first - 1).clicks.height == 0
    result = campus.rebuild(ClicksByHand, as_of=first)
    assert (result.position, result.clicks.height) == (first, 1)
    assert campus.rebuild(ClicksByHand, as_of=campus.head).position == campus.head


def test_a_position_that_is_not_yet(campus: Campus, exported: Campus) -> None:
    """Is not taken for the newest one, which is named."""
    said = f"^as_of={campus.head + 1} has not been reached: the head of the log is position {campus.head}$"
    for source in (campus, exported):
        with pytest.raises(BadTime, match=said):
            source.rebuild(ClicksByHand, as_of=campus.head + 1)
        with pytest.raises(BadTime, match=said):
            source.try_out(ClicksByHand, "gradebook", as_of=campus.head + 1)


def test_up_to_a_time(campus: Campus) -> None:
    """Of facts that happened later nothing is seen; one that happened at the very moment counts."""
    assert campus.rebuild(ClicksByHand, as_of=on(9, 29)).clicks["learner_id"].to_list() == ["12", "13", "14"]
    assert campus.rebuild(ClicksByHand, as_of=on(9, 28)).clicks["learner_id"].to_list() == ["12", "14"]
    with pytest.raises(BadTime):
        campus.rebuild(ClicksByHand, as_of=datetime(2013, 9, 28))  # noqa: DTZ001 - that is the point


def test_as_of_and_until_are_the_same_facts(campus: Campus, exported: Campus) -> None:
    """A fold as of a day reads the facts that `until` gives for it, those of that day included."""
    kind = "progress.activity_recorded"
    for source in (campus, exported):
        days: list[tuple[Moment, int]] = [("2013-09-28", 2), ("2013-09-29", 3), (date(2013, 9, 29), 3)]
        for moment, facts in [*days, (on(9, 29), 3), (on(9, 29) - timedelta(microseconds=1), 2)]:
            assert source.rebuild(ClicksByHand, as_of=moment).facts == facts
            assert len(list(source.events(kind, until=moment))) == facts


def test_the_result_says_what_it_is_true_for(campus: Campus) -> None:
    """A time as it was asked for; not a position, up to which later facts were left out."""
    assert repr(campus.rebuild(ClicksByHand, as_of=date(2013, 9, 28))).startswith("<clicks as of 2013-09-28: ")
    assert repr(campus.rebuild(ClicksByHand, as_of=7)).startswith("<clicks up to position 7: ")


class Cramped(MemoryBudget):
    """One that keeps no row in memory from one page to the next."""

    cleared: ClassVar[int] = 0

    def enforce(self, all_rows: Collection[BulkRows]) -> None:
        """Spill all rows: the present ones, and those of the page before."""
        for rows in [*all_rows, *all_rows]:
            rows.spill(self.spill_store)
            Cramped.cleared += 1


def test_rows_that_do_not_fit_into_memory(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """They go to a temporary file, and the result is the same, also of two rules that are compared."""
    roomy = campus.rebuild(ClicksByHand)
    monkeypatch.setattr(adapters.stores.fresh_fold, "MemoryBudget", Cramped)
    cramped = campus.rebuild(ClicksByHand)
    assert Cramped.cleared > 0
    assert cramped.clicks.equals(roomy.clicks)
    assert (cramped.position, cramped.facts) == (roomy.position, roomy.facts)
    gradebook = next(type(projection) for projection in PROJECTIONS if projection.name == "gradebook")
    with campus.try_out(gradebook, "gradebook") as trial:
        assert trial.result.gradebook.height > 0
        assert not list(trial.diff.rows(limit=1))


def test_into_a_directory(campus: Campus, tmp_path: Path) -> None:
    """Each table becomes one Parquet file, which takes the place of that of the last time."""
    directory = tmp_path / "results"
    campus.rebuild(ClicksByHand, as_of=0, sink=directory)
    result = campus.rebuild(ClicksByHand, sink=directory)
    assert [path.name for path in directory.iterdir()] == ["clicks.parquet"]
    assert result.files == {"clicks": directory / "clicks.parquet"}
    assert pl.read_parquet(result.files["clicks"]).equals(result.clicks)


def test_where_no_file_can_be_made(campus: Campus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is said in a sentence, before the log is read."""
    monkeypatch.setattr(campuslog.campus, "folded", None)
    (tmp_path / "file").touch()
    for place, why in {Path("/proc/x"): "No such file or directory", tmp_path / "file": "File exists"}.items():
        with pytest.raises(NotWritten, match=f"^{place} cannot be written: {why}$"):
            campus.rebuild(ClicksByHand, sink=place)


def test_where_a_file_cannot_be_put(campus: Campus, tmp_path: Path) -> None:
    """Neither can one take the place of a directory."""
    (tmp_path / "clicks.parquet").mkdir()
    with pytest.raises(NotWritten, match=f"^{tmp_path}/clicks.parquet cannot be written: Is a directory$"):
        campus.rebuild(ClicksByHand, sink=tmp_path)


def test_the_example_of_the_documentation(campus: Campus) -> None:
    """Learner 12 is three days late with the first assessment; no other learner is."""
    result = campus.rebuild(load_projection(EXAMPLE))
    assert result.late_learners.rows() == [
        ("AAA-2013J", "11", 2, 0, 0, None),
        ("AAA-2013J", "12", 1, 1, 3, on(10, 14)),
        ("BBB-2013B", "11", 1, 0, 0, None),
    ]


def test_keys_that_are_parked_are_an_error(campus: Campus, tmp_path: Path) -> None:
    """A result that lacks a learner is not taken for a whole one; the exception has it, and nothing is written."""
    said = (
        r"^clicks fails for 1 key, first at position \d+, progress.activity_recorded of 12: LookupError: learner 12 is "
    )
    with pytest.raises(KeysParked, match=said) as refused:
        campus.rebuild(rule("Fails", fails_at_twelve), sink=tmp_path)
    assert [parked.key for parked in refused.value.result.parked] == ["12"]
    assert refused.value.result.clicks["learner_id"].to_list() == ["11", "13", "14"]
    assert list(tmp_path.iterdir()) == []


def test_a_fact_at_which_the_handler_raises_parks_its_learner(campus: Campus) -> None:
    """Where that is allowed: nothing is left of that learner, all others are complete, a warning says so."""
    with pytest.warns(ParkedWarning, match="fails for 1 key, first at position"):
        result = campus.rebuild(rule("Fails", fails_at_twelve), strict=False)
    assert result.clicks["learner_id"].to_list() == ["11", "13", "14"]
    (parked,) = result.parked
    assert (parked.key, parked.type) == ("12", "progress.activity_recorded")
    assert parked.error == "LookupError: learner 12 is unknown"
    assert "fails_at_twelve" in parked.trace
    (fact,) = campus.events(types=parked.type, learner="12")
    assert parked.position == fact.position
    assert "1 keys parked" in repr(result)


@pytest.mark.parametrize(
    ("projection", "message"),
    [
        pytest.param(rule("Nameless", name=None), "Nameless has no name", id="no-name"),
        pytest.param(rule("Spaced", name="my rule"), "Spaced has no name", id="no-good-name"),
        pytest.param(rule("Bare", tables=None), "Bare has no tables", id="no-tables"),
        pytest.param(rule("Idle", handlers={}), "Idle has no handlers", id="no-handlers"),
        pytest.param(
            rule("Typo", handlers={"attempt.grade": Handler(needs, clicked)}),
            r"Typo handles attempt.grade, but no fact is called so: did you mean attempt.graded\?",
            id="unknown-type",
        ),
        pytest.param(
            rule("Function", handlers={"attempt.graded": clicked}),
            "Function: what handles attempt.graded is .*, not a campuslog.Handler",
            id="no-handler",
        ),
        pytest.param(
            rule("Plain", tables=(Table("clicks", dict, ("learner_id",)),)),  # type: ignore[arg-type]
            "Plain: the row of table clicks is .*dict.*, not a class of msgspec.Struct",
            id="no-struct",
        ),
        pytest.param(
            rule("Keyed", tables=(Table("clicks", Clicks, ("amount",)),)),
            "Keyed: the key of table clicks is amount, but Clicks begins with learner_id",
            id="key-not-first",
        ),
        pytest.param(
            rule("Required", tables=(Table("clicks", Required, ("learner_id",)),)),
            "Required: Required.amount needs a default",
            id="no-default",
        ),
        pytest.param(
            rule("Twice", tables=(CLICKS, Table("clicks", Other, ("learner_id",)))),
            "Twice has two tables of one name: clicks, clicks",
            id="two-of-a-name",
        ),
        pytest.param(dict, "is no projection", id="another-class"),
        pytest.param(
            rule("WrongRow", wrong_class),
            r"WrongRow: at position \d+ \(progress.activity_recorded\), the handler asks for a Other of clicks, "
            "whose rows are of class Clicks",
            id="wrong-row",
        ),
        pytest.param(
            rule("Undeclared", undeclared),
            r"Undeclared: at position \d+ \(progress.activity_recorded\), the handler asks for row "
            r"\('another',\) of clicks, which its needs do not name",
            id="undeclared",
        ),
        pytest.param(
            rule("Key", changed_key),
            r"the rule of clicks assigns to the key of a row: clicks \('1.',\) has become \('another',\)",
            id="changed-key",
        ),
        pytest.param(
            rule("Values", wrong_value),
            "Values: clicks, row '1.': amount = 'many' does not fit a bigint",
            id="wrong-value",
        ),
        pytest.param(
            rule("Large", too_large), r"Large: clicks, row '1.': amount = 92\d+ does not fit a bigint", id="too-large"
        ),
        pytest.param(
            rule("Surrogate", no_unicode), "Surrogate: clicks, row '1.': kinds = .*surrogates", id="no-unicode"
        ),
        pytest.param(rule("Zone", no_zone), "Zone: clicks, row '1.': last_at = .*timestamptz", id="no-zone"),
        pytest.param(
            rule("NoLearner", handlers={"progress.activity_recorded": Handler(no_learner, clicked_by_no_learner)}),
            "NoLearner: clicks, row None: learner_id = None does not fit a text",
            id="no-key",
        ),
        pytest.param(
            rule("Awaits", awaits),
            "Awaits: apply of progress.activity_recorded is a coroutine function, which is never awaited: say def",
            id="coroutine",
        ),
        pytest.param(
            rule("Waits", handlers={"attempt.graded": Handler(awaits, clicked)}),  # type: ignore[arg-type]
            "Waits: needs of attempt.graded is a coroutine function",
            id="coroutine-needs",
        ),
        pytest.param(
            rule("Looks", handlers={"attempt.graded": Handler(needs_rows, clicked)}),
            "Looks: needs of attempt.graded also takes 'rows', but it is called with the fact alone",
            id="needs-with-rows",
        ),
        pytest.param(rule("Yields", yields), "Yields: apply of progress.activity_recorded has a yield", id="generator"),
        pytest.param(
            rule("Uncallable", 5),
            "Uncallable: apply of progress.activity_recorded is 5, not a function",
            id="no-function",
        ),
        pytest.param(
            rule("Path", tables=(Table("../x", Clicks, ("learner_id",)),)),
            "Path: a table is called '../x': take letters, digits and _",
            id="path-for-a-name",
        ),
    ],
)
def test_a_mistake_in_the_class_is_named(campus: Campus, projection: Any, message: str) -> None:
    """The message names the class and what is wrong with it, and where facts show it also the first of them."""
    with pytest.raises(BadProjection, match=message):
        campus.rebuild(projection)


def test_a_rule_that_would_end_the_process_fails_like_any_other(campus: Campus) -> None:
    """`sys.exit` in a handler parks the key, and says so."""
    with pytest.warns(ParkedWarning):
        result = campus.rebuild(rule("Ends", ends), strict=False)
    (poison,) = result.parked
    assert (poison.key, poison.error) == ("12", "SystemExit: that is enough")
    assert "12" not in result.clicks["learner_id"].to_list()


def test_an_unknown_table(campus: Campus) -> None:
    """The error for an unknown table of a result names the tables that it has."""
    with pytest.raises(AttributeError, match="there is no table click: there are clicks"):
        _ = campus.rebuild(ClicksByHand).click
