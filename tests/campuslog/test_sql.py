"""One vocabulary: the views of SQL are frames of the SDK, and the SDK asks in SQL."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from adapters.parquet.export import export
from adapters.postgres.analytics import VIEWS
from adapters.settings import Settings
from campuslog import BadArgument, BadQuery, Campus, NotThere
from projections.registry import PROJECTIONS
from tests.campuslog.conftest import announce

NAMES = {view.name for view in VIEWS}
TABLES = {table.name for projection in PROJECTIONS for table in projection.tables}


def test_the_views_of_sql_have_the_same_names_and_columns(campus: Campus) -> None:
    """Each, beside the read models' own tables; none is called like one of these."""
    assert NAMES.isdisjoint(TABLES)
    assert set(dir(campus.views)) == NAMES | TABLES
    for view in VIEWS:
        assert campus.views[view.name].columns == [column.name for column in view.columns]
    grades = campus.views.grades
    assert grades.schema["late_seconds"] == pl.Int64()
    assert grades.schema["submitted_at"] == pl.Datetime("us", "UTC")


def test_what_breaks_a_rule_is_listed(campus: Campus) -> None:
    """Every fact with the field, and no other; filters and SQL work on it as on any view."""
    facts = [fact for fact in campus.events() if "irregular" in fact.data]
    irregular = campus.views.irregular_facts.sort("position")
    assert irregular["position"].to_list() == [fact.position for fact in facts] != []
    assert irregular["irregular"].to_list() == [fact.data["irregular"] for fact in facts]
    codes = set(irregular["irregular"])
    assert campus.views.irregular_facts(irregular=list(codes)).height == len(facts)
    submitted = irregular.filter(type="attempt.submitted").select("run_id", "quiz_id", "learner_id", "irregular")
    marked = campus.views.grades.filter(pl.col("irregular").is_not_null())
    assert (
        marked.select(submitted.columns).rows()
        == submitted.rows()
        == [("AAA-2013J", "1", "12", "after_unregistration")]
    )


def test_a_view_is_a_frame(campus: Campus) -> None:
    """It goes wherever a frame goes, and what comes of it is one."""
    grades = campus.views.grades
    assert isinstance(grades, pl.DataFrame)
    assert type(grades.filter(passed=True)) is type(grades.head(1)) is type(grades.clone()) is pl.DataFrame
    assert len(grades) == grades.height == len(list(grades.iter_rows())) == 4
    joined = campus.views.runs.join(grades, on="run_id").with_columns(pl.col("best_bp") / 100)
    assert joined.height == pl.concat([grades.clear(), grades]).height == 4
    assert grades.equals(campus.views.grades)
    assert "shape: (4, " in repr(grades)


@pytest.mark.parametrize(
    ("name", "only", "rows"),
    [
        ("grades", {"run_id": "AAA-2013J"}, 3),
        ("grades", {"run_id": "AAA-2013J", "learner_id": ["11", "13"]}, 2),
        ("gradebook", {"learner_id": "12"}, 1),
        ("gradebook", {"learner_id": "1"}, 0),
        ("gradebook", {"learner_id": []}, 0),
        ("grades", {"passed": True}, 2),
        ("activity_weeks", {"week": date(2013, 10, 7)}, 1),
        ("facts", {"type": "enrollment.withdrawn"}, 2),
        ("learner_dashboard", {"learner_id": "11"}, 1),
        ("learner_dashboard", {"learner_id": ["11", "14", "99"]}, 2),
        ("overview", {"run_id": "BBB-2013B"}, 1),
    ],
)
def test_some_rows_of_a_view(campus: Campus, name: str, only: dict[str, Any], rows: int) -> None:
    """A filter has the rows and the types that the whole view has."""
    found, whole = campus.views[name](**only), campus.views[name].clone()
    assert found.height == rows
    assert found.schema == whole.schema
    wanted = whole
    for column, values in only.items():
        wanted = wanted.filter(pl.col(column).is_in(values if isinstance(values, list) else [values]))
    assert found.rows().sort() == wanted.rows().sort()


@pytest.mark.parametrize(
    ("name", "only", "said"),
    [
        ("grades", {"run": "AAA-2013J"}, r"^grades has no column run: did you mean run_id\? There are run_id, quiz_id"),
        (
            "learner_dashboard",
            {"leaner_id": "1"},
            r"^learner_dashboard has no column leaner_id: did you mean learner_id",
        ),
        ("grades", {"run_id": 7}, "^grades cannot be filtered by that: operator does not exist: text = "),
        ("grades", {"run_id": None}, "^run_id=None is neither a value"),
        ("grades", {"run_id": [None]}, "None is no value"),
        ("grades", {"run_id": "a\0"}, "is no text that a campus can have"),
        ("learner_dashboard", {"learner_id": ["11", "\ud800"]}, "is no text that a campus can have"),
        ("grades", {"submitted_at": datetime(2014, 3, 1)}, "has no time zone"),  # noqa: DTZ001 - that is the point
    ],
)
def test_a_filter_that_means_nothing(campus: Campus, name: str, only: dict[str, Any], said: str) -> None:
    """Is a sentence, and not an empty frame."""
    with pytest.raises(BadArgument, match=said):
        campus.views[name](**only)


def test_a_question_in_sql(campus: Campus) -> None:
    """Its answer is a frame with the types of SQL; parameters are values, never text of the statement."""
    query = "SELECT outcome, learners FROM outcomes WHERE run_id = %(run)s ORDER BY outcome"
    answer = campus.sql(query, {"run": "AAA-2013J"})
    assert answer.rows() == [("fail", 1), ("pass", 1), ("withdrawn", 1)]
    assert campus.sql(query, {"run": "x' OR 'a' = 'a"}).schema == answer.schema
    typed = campus.sql(
        "SELECT 1.5::numeric(5, 2) AS n, date '2014-03-01' AS d, timestamptz '2014-03-01 01:00+01' AS t, 7 % 4 AS m,"
        " ARRAY['a', NULL] AS l, '{\"b\": [1]}'::jsonb AS j, NULL::text AS z, timestamp '2014-03-01 00:00' AS u"
    )
    midnight = datetime(2014, 3, 1, tzinfo=UTC)
    assert typed.rows() == [(1.5, date(2014, 3, 1), midnight, 3, ["a", None], '{"b":[1]}', None, midnight)]
    assert campus.sql("SELECT ARRAY[[1, 2], [3, 4]] AS a").rows() == [("[[1,2],[3,4]]",)]
    assert (
        campus.sql("SELECT quiz_id FROM grades")
        .sort("quiz_id")
        .equals(campus.views.grades.select("quiz_id").sort("quiz_id"))
    )


@pytest.mark.parametrize(
    ("query", "limits", "said"),
    [
        ("SELECT * FROM marks", {}, '^relation "marks" does not exist$'),
        ("SELECT position FROM events", {}, "does not exist|permission denied"),
        ("CREATE TABLE mine (a int)", {}, "read-only transaction|permission denied"),
        ("SELECT 1; SELECT 2", {}, "cannot insert multiple commands"),
        ("SELECT 1 AS a, 2 AS a", {}, "^two columns of the answer are called a: name one with AS$"),
        ("SELECT * FROM facts", {"limit": 5}, "^the answer has more than 5 rows: "),
        (
            "SELECT count(*) FROM generate_series(1, 1000000000)",
            {"timeout": 0.05},
            "^no answer within 0.05 s: narrow it down",
        ),
    ],
)
def test_a_question_that_is_not_answered(campus: Campus, query: str, limits: dict[str, Any], said: str) -> None:
    """PostgreSQL's reason is a sentence; an answer is never cut short in silence."""
    with pytest.raises(BadQuery, match=said):
        campus.sql(query, **limits)
    assert campus.sql("SELECT count(*) AS n FROM facts", limit=1).item() == campus.head


@pytest.mark.parametrize("parameters", [5, "a", ["\ud800"], {"a": "\ud800"}])
def test_parameters_that_are_none(campus: Campus, parameters: Any) -> None:
    """A sentence says so."""
    with pytest.raises(BadArgument, match=r"^parameters=.* are no list of values|is no text that a campus can have$"):
        campus.sql("SELECT %(a)s" if isinstance(parameters, dict) else "SELECT %s", parameters)


def test_where_sql_cannot_be_asked(campus: Campus, exported: Campus, filled: Settings, tmp_path: Any) -> None:
    """An export has no server, and a campus may have no role for analysts; no text is no question."""
    with pytest.raises(NotThere, match=r"ask DuckDB, see docs/howto/export\.md"):
        exported.sql("SELECT 1")
    without = Campus(announce(filled.model_copy(update={"postgres_analyst_url": ""}), tmp_path / "data"))
    with pytest.raises(NotThere, match="set CAMPUS_POSTGRES_ANALYST_URL"):
        without.sql("SELECT 1")
    for wrong in ({"query": " "}, {"query": "SELECT 1", "limit": -1}, {"query": "SELECT 1", "timeout": 0}):
        with pytest.raises(BadArgument):
            campus.sql(**wrong)


def test_ids_are_called_the_same_everywhere(campus: Campus, exported: Campus, filled: Settings, tmp_path: Any) -> None:
    """In SQL, in the SDK and in the files of an export, for each fact."""
    asyncio.run(export(filled, tmp_path / "out"))
    columns = [
        "position",
        "run_id",
        "quiz_id",
        "course_id",
        "source",
        "type",
        "occurred_at",
        "recorded_at",
        "stream_id",
    ]
    in_sql = campus.views.facts.select(columns).sort("position")
    assert in_sql.equals(campus.events().polars().select(columns))
    assert in_sql.equals(exported.events().polars().select(columns))
    assert in_sql.equals(pl.read_parquet(tmp_path / "out").select(columns).sort("position"))
    assert {name: in_sql[name].null_count() < in_sql.height for name in columns[1:4]} == dict.fromkeys(
        columns[1:4], True
    )
    submitted = in_sql.filter(type="attempt.submitted")
    assert min(submitted.select("run_id", "quiz_id").rows()) == ("AAA-2013J", "1")
