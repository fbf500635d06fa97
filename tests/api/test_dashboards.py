"""The documents that learners and staff see on arrival, over HTTP."""

from typing import Any

from tests.support.api import Campus
from tests.support.polling import until


async def test_a_learner_reads_the_own_write_at_once(campus: Campus) -> None:
    """The position of a command is all that is needed to see it."""
    await campus.open_run()
    position = await campus.enroll()
    dashboard = await campus.see("/me/dashboard", position, user=campus.learner)
    assert dashboard["learner_id"] == campus.learner
    (course,) = dashboard["courses"]
    assert (course["status"], course["title"], course["percent"]) == ("active", "Algebra", 0)
    assert course["next_unit"] == {"unit_id": "q1", "title": "Equations"}
    assert [deadline["unit_id"] for deadline in course["deadlines"]] == ["q1", "q2"]


async def test_the_way_through_a_course_shows_everywhere(campus: Campus) -> None:
    """Activity, a quiz graded by its key, an essay graded by a person, and the outcome that follows from both."""
    await campus.open_run()
    await campus.enroll()
    unit = {"run_id": campus.run, "unit_id": "intro"}
    await campus.send("/progress/units/open", unit)
    await campus.send("/progress/activities", {**unit, "amount": 5})
    await campus.send("/progress/units/complete", unit)
    await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 0]})
    essay = f"e-{campus.tag}"
    paper = {"quiz_id": essay, "run_id": campus.run, "unit_id": "q2", "title": "Groups", "kind": "essay"}
    await campus.send("/quizzes", {**paper, "due_at": "2026-01-01T00:00:00Z"}, user="instructor")
    await campus.send(f"/quizzes/{essay}/attempts/1/submit", {})
    grade = {"learner_id": campus.learner, "score_bp": 6_000}
    position = await campus.send(f"/quizzes/{essay}/attempts/1/grade", grade, user="instructor")

    course = await _course_when_completed(campus, position)
    assert (course["percent"], course["grade_bp"], course["outcome"]) == (10_000, 7_600, "pass")
    assert course["activity"] == {"rows": 1, "amount": 5}
    assert all(deadline["done"] for deadline in course["deadlines"])

    head = (await campus.client.get("/readyz")).json()["head"]
    run = await campus.see(f"/runs/{campus.run}/dashboard", head)
    assert run["counts"]["funnel"] == dict.fromkeys(
        ["requested", "activated", "any_activity", "first_submission", "half_way", "completed"], 1
    )
    assert run["grades"] == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert [(day["active"], day["completed"]) for day in run["days"]] == [(0, 1)]
    assert [(week["rows"], week["amount"], week["learners"]) for week in run["weeks"]] == [(1, 5, 1)]

    book = await campus.see(f"/runs/{campus.run}/gradebook", head, sort="score", order="desc")
    assert [(row["quiz_id"], row["best_bp"], row["kind"]) for row in book["items"]] == [
        (campus.quiz, 10_000, "quiz"),
        (essay, 6_000, "essay"),
    ]
    assert book["items"][0]["late_by"] == 0
    assert book["items"][1]["late_by"] > 0

    overview = await campus.see("/overview", head)
    (counts,) = [counts for counts in overview["runs"] if counts["run_id"] == campus.run]
    assert (counts["people"], counts["submissions"], counts["without_score"]) == (1, 2, 0)
    assert (counts["outcomes"], counts["activity_amount"]) == ({"pass": 1}, 5)
    activity = await campus.see("/activity", head)
    assert any(entry["learner_id"] == campus.learner for entry in activity["entries"])


async def _course_when_completed(campus: Campus, position: int) -> dict[str, Any]:
    """The reactor needs a moment to decide the outcome."""
    course: dict[str, Any] = {}

    async def is_completed() -> bool:
        dashboard = await campus.see("/me/dashboard", position, user=campus.learner)
        course.update(dashboard["courses"][0])
        return bool(course["status"] == "completed")

    await until(is_completed)
    return course


async def test_who_sees_which_dashboard(campus: Campus) -> None:
    """Learners see their own, staff every learner's and every run's."""
    await campus.open_run()
    position = await campus.enroll()
    path = f"/learners/{campus.learner}/dashboard"
    own = await campus.see(path, position, user=campus.learner)
    assert own == await campus.see(path, position, user="instructor")
    refused = await campus.get(path, user=f"other-{campus.tag}")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    refused = await campus.get(f"/runs/{campus.run}/dashboard", user=campus.learner)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")


async def test_a_dashboard_of_what_is_not_there(campus: Campus) -> None:
    """A learner without a history has an empty one; a run that does not exist has none."""
    nothing = await campus.get("/me/dashboard", user=f"new-{campus.tag}")
    assert (nothing.status_code, nothing.json()["courses"]) == (200, [])
    missing = await campus.get("/runs/none/dashboard")
    assert (missing.status_code, missing.json()["code"]) == (404, "run_not_found")
