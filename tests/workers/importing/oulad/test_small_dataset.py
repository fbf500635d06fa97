"""What a dataset made by hand becomes, fact by fact."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.oulad.model import Assessment, Presentation, Site
from adapters.settings import Settings
from domain.grading import scheme_of
from tests.support.oulad import SMALL, small, stored, write
from workers.importing.oulad import import_oulad
from workers.importing.oulad.outline import units

AAA, BBB = datetime(2013, 10, 1, tzinfo=UTC), datetime(2013, 2, 1, tzinfo=UTC)


async def facts_of(settings: Settings, file: Path, *wanted: str) -> list[tuple[int, str, str, dict[str, Any]]]:
    """Import *file*; day of AAA-2013J, stream, type and fields of every fact, in the order of the log."""
    report = await import_oulad(settings, file, wanted)
    assert report.adds_up
    found = await stored(settings)
    assert {row[-1] for row in found} == {"import:oulad"}
    return [
        ((at - AAA) // timedelta(days=1), stream, name, json.loads(data))
        for _, stream, _, name, _, data, at, _ in found
    ]


def short(facts: list[tuple[int, str, str, dict[str, Any]]]) -> list[tuple[int, str, str]]:
    """The same without fields, and with the reason of those that are irregular."""
    return [
        (day, stream, f"{name} ({data['irregular']})" if "irregular" in data else name)
        for day, stream, name, data in facts
    ]


async def test_a_presentation_day_by_day(settings: Settings, tmp_path: Path) -> None:
    """
    Every row is a fact on its day; what breaks a rule is marked, and nothing is left out.

    Learner 12 clicks before registering and hands in after leaving; of 13 the day of registration is unknown.
    """
    facts = await facts_of(settings, write(tmp_path / "small.zip", SMALL), "AAA-2013J")
    assert short(facts) == [
        (-7, "course-AAA", "course.created"),
        (-7, "course-AAA", "course.version_published"),
        (-7, "run-AAA-2013J", "run.scheduled"),
        (-7, "run-AAA-2013J", "run.opened"),
        (-7, "quiz-1", "quiz.published"),
        (-7, "quiz-2", "quiz.published"),
        (-7, "quiz-3", "quiz.published"),
        (-7, "progress-12:AAA-2013J", "progress.activity_recorded (before_registration)"),
        (-5, "enrollment-11:AAA-2013J", "enrollment.requested"),
        (-5, "enrollment-11:AAA-2013J", "enrollment.activated"),
        (-5, "enrollment-12:AAA-2013J", "enrollment.requested"),
        (-5, "enrollment-12:AAA-2013J", "enrollment.activated"),
        (-2, "enrollment-13:AAA-2013J", "enrollment.requested (no_registration_date)"),
        (-2, "enrollment-13:AAA-2013J", "enrollment.activated"),
        (-2, "progress-13:AAA-2013J", "progress.activity_recorded"),
        (-1, "attempt-11:2:1", "attempt.submitted"),
        (9, "progress-11:AAA-2013J", "progress.activity_recorded"),
        (9, "progress-11:AAA-2013J", "progress.activity_recorded"),
        (9, "attempt-11:1:1", "attempt.submitted"),
        (9, "attempt-11:1:1", "attempt.graded"),
        (9, "progress-11:AAA-2013J", "progress.unit_completed"),
        (9, "enrollment-13:AAA-2013J", "enrollment.withdrawn"),
        (12, "enrollment-12:AAA-2013J", "enrollment.withdrawn"),
        (13, "attempt-12:1:1", "attempt.submitted (after_unregistration)"),
        (13, "attempt-12:1:1", "attempt.graded"),
        (30, "progress-11:AAA-2013J", "progress.course_outcome_decided"),
        (30, "progress-12:AAA-2013J", "progress.course_outcome_decided"),
        (30, "progress-13:AAA-2013J", "progress.course_outcome_decided (result_after_unregistration)"),
        (30, "enrollment-11:AAA-2013J", "enrollment.completed"),
        (30, "run-AAA-2013J", "run.closed"),
    ]


async def test_the_fields_of_the_facts(settings: Settings, tmp_path: Path) -> None:
    """Weights and scores are basis points, days become times, and nothing personal is among them."""
    facts = await facts_of(settings, write(tmp_path / "small.zip", SMALL), "AAA-2013J")
    by_type = {(stream, name): data for _, stream, name, data in facts}
    published = by_type["course-AAA", "course.version_published"]
    assert published["units"] == [
        {"unit_id": "100", "kind": "homepage", "title": "homepage 100"},
        {"unit_id": "1", "kind": "tma", "title": "TMA 1", "weight": 4_000, "due_after_days": 10},
        {"unit_id": "101", "kind": "oucontent", "title": "oucontent 101"},
        {"unit_id": "2", "kind": "cma", "title": "CMA 1", "weight": 1_250, "due_after_days": 20},
        {"unit_id": "3", "kind": "exam", "title": "Exam 1", "weight": 10_000, "recorded": False},
    ]
    assert published["groups"] == []
    assert by_type["run-AAA-2013J", "run.scheduled"] == {
        "course_id": "AAA",
        "course_version": 1,
        "starts_at": "2013-10-01T00:00:00Z",
        "ends_at": "2013-10-31T00:00:00Z",
        "capacity": None,
        "pacing": "instructor",
        "seat_offer_hours": None,
        "time_zone": "UTC",
        "waitlist_limit": None,
        "late": None,
        "registration_opens_at": None,
        "registration_closes_at": None,
        "cloned_from": None,
        "due_from": "start",
    }
    assert by_type["attempt-11:2:1", "attempt.submitted"]["banked"] is True
    assert by_type["attempt-12:1:1", "attempt.submitted"]["late_by"] == 3 * 86_400
    assert by_type["attempt-11:1:1", "attempt.graded"] == {
        "run_id": "AAA-2013J", "unit_id": "1", "score_bp": 8_500, "passed": True, "policy": "imported",
        "points": 8_500, "possible": 10_000, "given_points": 8_500, "given_possible": 10_000,
        "unit_points": None, "unit_possible": None, "counted": None,
    }  # fmt: skip
    assert by_type["progress-11:AAA-2013J", "progress.unit_completed"] == {
        "unit_id": "1", "course_version": 1, "rule": "quiz_passed", "score_bp": 8_500,
        "points": 8_500, "possible": 10_000, "at_least_bp": None, "evidence": None,
    }  # fmt: skip
    assert by_type["progress-13:AAA-2013J", "progress.activity_recorded"] == {
        "unit_id": "100", "kind": "homepage", "amount": 8,
    }  # fmt: skip
    assert by_type["progress-11:AAA-2013J", "progress.course_outcome_decided"] == {
        "outcome": "pass", "grade_bp": None, "policy": "imported", "through_position": 0, "formula": None, "reason": "",
        "letter": None,
    }  # fmt: skip


async def test_coursework_and_exam_are_groups_where_both_are_recorded(settings: Settings, tmp_path: Path) -> None:
    """They weigh the same, as the dataset gives 100 % to each; and the exam, which was handed in, is recorded."""
    rows = [*SMALL["studentAssessment.csv"], (3, 11, 29, 0, 60)]
    facts = await facts_of(settings, write(tmp_path / "small.zip", small(studentAssessment=rows)), "AAA-2013J")
    (published,) = [data for *_, name, data in facts if name == "course.version_published"]
    assert published["groups"] == [
        {"group_id": "coursework", "title": "Coursework", "weight": 1},
        {"group_id": "exam", "title": "Exam", "weight": 1},
    ]
    by_unit = {unit["unit_id"]: unit.get("group") for unit in published["units"]}
    assert by_unit == {"100": None, "101": None, "1": "coursework", "2": "coursework", "3": "exam"}
    assert not any("recorded" in unit for unit in published["units"])


def test_a_site_that_is_a_quiz_counts_for_nothing() -> None:
    """The data has its clicks and no result: where nothing has a weight, assessments alone make the percentage."""
    presentation = Presentation("GGG", "2013J", 100)
    presentation.sites = [Site("100", "quiz", None, None), Site("101", "forumng", None, None)]
    presentation.assessments = {"1": Assessment("1", "tma", 10, 0), "2": Assessment("2", "cma", 20, 0)}
    assert scheme_of(units(presentation)).weights == {"1": 1, "2": 1}


async def test_presentations_are_told_in_the_order_of_the_calendar(settings: Settings, tmp_path: Path) -> None:
    """BBB-2013B comes before AAA-2013J, though it stands behind it in the file; times never go back."""
    facts = await facts_of(settings, write(tmp_path / "small.zip", SMALL))
    days = [day for day, *_ in facts]
    assert days == sorted(days)
    first = [stream for _, stream, name, _ in facts if name == "run.scheduled"]
    assert first == ["run-BBB-2013B", "run-AAA-2013J"]
    assert short(facts)[-1] == (30, "run-AAA-2013J", "run.closed")
    withdrawn = "progress.course_outcome_decided (no_unregistration_date)"
    assert ((BBB - AAA).days + 20, "progress-14:BBB-2013B", withdrawn) in short(facts)


async def test_dates_the_wrong_way_round(settings: Settings, tmp_path: Path) -> None:
    """Who left before coming is taken to have come on that day."""
    registrations = [("AAA", "2013J", 11, 4, 2), *SMALL["studentRegistration.csv"][1:]]
    file = write(tmp_path / "small.zip", small(studentRegistration=registrations))
    enrollment = [fact for fact in short(await facts_of(settings, file)) if fact[1] == "enrollment-11:AAA-2013J"]
    assert enrollment == [
        (2, "enrollment-11:AAA-2013J", "enrollment.requested (registered_after_unregistration)"),
        (2, "enrollment-11:AAA-2013J", "enrollment.activated"),
        (2, "enrollment-11:AAA-2013J", "enrollment.withdrawn"),
        (30, "enrollment-11:AAA-2013J", "enrollment.completed (has_withdrawn)"),
    ]


async def test_the_report_adds_up(settings: Settings, tmp_path: Path) -> None:
    """Every row of the file is accounted for, and every fact has come from one."""
    report = (await import_oulad(settings, write(tmp_path / "small.zip", SMALL), ["AAA-2013J"])).as_json()
    assert report["adds_up"] is True
    assert report["rows"]["studentVle.csv"] == {
        "read": 5,
        "not_chosen": 1,
        "imported_before": 0,
        "imported_now": 4,
        "fact": "progress.activity_recorded",
        "facts": 4,
    }
    assert report["facts"] == len(await stored(settings)) == sum(report["facts_by_type"].values())
    assert report["position"] == report["facts"] + 2  # that the import has begun and finished
    assert report["irregular"] == {
        "before_registration": 1,
        "after_unregistration": 1,
        "no_registration_date": 1,
        "result_after_unregistration": 1,
    }
