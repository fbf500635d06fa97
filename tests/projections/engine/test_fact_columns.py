"""Which columns each type of fact sets, by the code of the rules."""

from projections.engine.fact_columns import branches_of, branches_of_fact
from projections.registry import PROJECTIONS


def test_the_lineage_names_what_a_rule_reads_and_sets() -> None:
    """By the code of the handlers; columns within documents have their way."""
    found = {(each.projection, each.table): each for each in branches_of_fact("attempt.graded", PROJECTIONS)}
    cell = found["gradebook", "gradebook"]
    assert {"best_bp", "passed", "run_id"} <= set(cell.columns)
    assert not {"due_at", "title"} & set(cell.columns)
    assert "unit_id" in cell.fields
    assert "courses.grade_bp" in found["learner_dashboard", "learner_dashboard"].columns
    folded_by = {each.name for each in PROJECTIONS if "attempt.graded" in each.handlers}
    assert {each.projection for each in branches_of_fact("attempt.graded", PROJECTIONS)} == folded_by
    withdrawn = {(each.projection, each.table): each for each in branches_of_fact("enrollment.withdrawn", PROJECTIONS)}
    assert "status" in withdrawn["course_dashboard", "course_enrollments"].columns
    assert "withdrawn" in withdrawn["course_dashboard", "course_days"].columns
    assert branches_of_fact("record.viewed", PROJECTIONS) == ()


def test_a_column_that_is_chosen_by_its_name_is_found() -> None:
    """The days of a week are in a constant of the module; the other tables of the rule have no such columns."""
    found = {
        (each.table, each.fact): each
        for each in branches_of(next(each for each in PROJECTIONS if each.name == "course_dashboard"))
    }
    done = found["course_weeks", "progress.activity_recorded"]
    assert {"rows", "amount", "learners", "monday", "sunday"} <= set(done.columns)
    assert set(found["course_enrollments", "progress.activity_recorded"].columns) == {"run_id", "learner_id", "weeks"}
