"""Read models as they are served, by name."""

import pytest

from campuslog import Campus, UnknownView
from projections.registry import PROJECTIONS


def test_every_table_of_every_read_model_is_listed(campus: Campus) -> None:
    """`dir` names the tables in PostgreSQL and those in Valkey, beside the views of SQL that are there."""
    names = set(dir(campus.views))
    assert names >= {table.name for projection in PROJECTIONS for table in projection.tables}


def test_a_view_of_postgresql(campus: Campus) -> None:
    """Rows have the types that the read model declares."""
    frame = campus.views.course_enrollments
    assert {outcome: len(of) for (outcome,), of in frame.group_by("outcome")} == {
        "pass": 1,
        "withdrawn": 2,
        "fail": 1,
        "distinction": 1,
    }
    scores = frame.explode("scores").drop_nulls("scores").unnest("scores")
    assert sorted(scores.select("learner_id", "key", "value").iter_rows()) == [
        ("11", "1", 8_500),
        ("11", "4", 9_000),
        ("12", "1", 3_900),
    ]


def test_documents_of_valkey(campus: Campus) -> None:
    """A document is a row, and what it holds within can be unpacked."""
    frame = campus.views["learner_dashboard"]
    assert sorted(frame["learner_id"]) == ["11", "12", "13", "14"]
    courses = frame.explode("courses").unnest("courses", separator="_")
    assert sorted(courses.filter(learner_id="11")["courses_run_id"]) == ["AAA-2013J", "BBB-2013B"]


def test_a_view_that_does_not_exist(campus: Campus) -> None:
    """A typo is answered with the nearest name and all that there are."""
    with pytest.raises(
        UnknownView, match=r"has a table course_enrollment: did you mean course_enrollments\? There are "
    ):
        _ = campus.views.course_enrollment
    assert not hasattr(campus.views, "no_such_view")


def test_before_any_read_model_was_built(own: Campus) -> None:
    """A campus without read models says so."""
    assert dir(own.views) == []
    with pytest.raises(UnknownView, match="there are none yet"):
        _ = own.views.gradebook
