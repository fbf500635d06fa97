"""The campus overview: counts, in all and per run."""

import msgspec

from domain.fact import Meta
from projections.overview import OVERVIEW, PEOPLE, Counts, Overview, Person
from tests.support.facts import History, fold, rows_of


def test_a_person_on_two_runs_has_one_row() -> None:
    """Every run counts the person; who adds up runs can count each person once."""
    history = History().course("AAA-1").course("AAA-2").enrolled("7", "AAA-1").enrolled("7", "AAA-2")
    history.clicked("7", 2).clicked("7", 3).clicked("7", 4, run_id="AAA-2")
    stored = fold(Overview, history)
    assert rows_of(stored, OVERVIEW, Counts) == [
        Counts(
            "AAA-1",
            "test",
            people=1,
            registrations=1,
            activity_rows=2,
            activity_amount=5,
            active_people=1,
            first_people=1,
            first_people_of_source=1,
            first_active=1,
            first_active_of_source=1,
        ),
        Counts("AAA-2", "test", people=1, registrations=1, activity_rows=1, activity_amount=4, active_people=1),
    ]
    assert rows_of(stored, PEOPLE, Person) == [
        Person("7", ["AAA-1", "AAA-2"], ["AAA-1", "AAA-2"], registered_in=["test"], active_in=["test"])
    ]


def test_people_are_a_sum_over_runs() -> None:
    """Of a source, those who are new to it; of the campus, those who are new there: in whatever order they come."""
    history, runs = History(), {"AAA-1": "a", "AAA-2": "a", "BBB-1": "b"}
    for run_id, source in runs.items():
        history.course(run_id)
        history.facts[-1] = msgspec.structs.replace(history.facts[-1], meta=Meta("c", "test", source))
    people = {"7": ["BBB-1", "AAA-1"], "8": ["AAA-2", "AAA-1"], "9": ["AAA-1"], "10": ["AAA-1", "AAA-2", "BBB-1"]}
    for learner_id, places in people.items():
        for run_id in places:
            history.enrolled(learner_id, run_id).clicked(learner_id, 1, run_id=run_id)
    counts = rows_of(fold(Overview, history), OVERVIEW, Counts)
    assert sum(run.first_people for run in counts) == sum(run.first_active for run in counts) == 4
    for source, number in (("a", 4), ("b", 2)):
        mine = [run for run in counts if run.source == source]
        assert sum(run.first_people_of_source for run in mine) == number
        assert sum(run.first_active_of_source for run in mine) == number


def test_irregular_facts_are_counted_by_reason() -> None:
    """A registration without a day is a registration."""
    history = History().course().enrolled("7", irregular="no_registration_date").enrolled("8")
    history.add("enrollment-8:AAA-1", "enrollment.withdrawn", reason="?", irregular="already_completed")
    assert rows_of(fold(Overview, history), OVERVIEW, Counts) == [
        Counts(
            "AAA-1",
            "test",
            people=2,
            registrations=2,
            withdrawals=1,
            without_registration_date=1,
            irregular={"no_registration_date": 1, "already_completed": 1},
            first_people=2,
            first_people_of_source=2,
        )
    ]


def test_submissions_count_with_banked_and_ungraded_ones() -> None:
    """What has no score is what was handed in less what was graded."""
    history = History().course().enrolled("7").submitted("7", "tma1").graded("7", "tma1", 5_000)
    history.submitted("7", "tma2", banked=True)
    (run,) = rows_of(fold(Overview, history), OVERVIEW, Counts)
    assert (run.submissions, run.banked, run.graded) == (2, 1, 1)


def test_a_corrected_outcome_counts_once() -> None:
    """An outcome that is decided again, which is irregular, replaces the first."""
    history = History().course().enrolled("7")
    for outcome in ("fail", "pass"):
        history.progress("7", "course_outcome_decided", outcome=outcome, grade_bp=None, policy="p", through_position=1)
    (run,) = rows_of(fold(Overview, history), OVERVIEW, Counts)
    assert run.outcomes == {"pass": 1}
