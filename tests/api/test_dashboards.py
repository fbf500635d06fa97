"""A learner's way through a course over HTTP, and what the read models say about it."""

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


async def test_a_quiz_is_shown_without_its_key(campus: Campus) -> None:
    """To staff as well."""
    position = await campus.open_run()
    quiz = await campus.see(f"/quizzes/{campus.quiz}", position, user=campus.learner)
    assert len(quiz["items"]) == 2
    assert "key" not in quiz
    heads = await campus.see(f"/runs/{campus.run}/quizzes", position)
    assert [head["quiz_id"] for head in heads["items"]] == [campus.quiz]
    assert "items" not in heads["items"][0]


async def test_leaving_and_coming_back(campus: Campus) -> None:
    """A withdrawal frees the place, and coming back takes one."""
    await campus.open_run()
    await campus.enroll()
    body = {"run_id": campus.run}
    position = await campus.send("/enrollments/withdraw", {**body, "reason": "moved"})
    dashboard = await campus.see("/me/dashboard", position, user=campus.learner)
    assert dashboard["courses"][0]["status"] == "withdrawn"
    refused = await campus.post("/enrollments", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "has_withdrawn")
    position = await campus.send("/enrollments/reactivate", body)
    dashboard = await campus.see("/me/dashboard", position, user=campus.learner)
    assert dashboard["courses"][0]["status"] == "active"


async def test_an_instructor_decides_an_outcome_once(campus: Campus) -> None:
    """A second, different one is refused."""
    await campus.open_run()
    await campus.enroll()
    body = {"run_id": campus.run, "learner_id": campus.learner}
    await campus.send("/progress/outcomes", {**body, "outcome": "fail"}, user="instructor")
    again = await campus.post("/progress/outcomes", {**body, "outcome": "pass"}, user="instructor")
    assert (again.status_code, again.json()["code"]) == (409, "outcome_decided")


async def test_the_gradebook_is_paged_in_every_order(campus: Campus) -> None:
    """Each row once, whatever it is sorted by, and the other way round in the other direction."""
    await campus.open_run()
    position = 0
    for number in range(4):
        learner = f"{campus.learner}-{number}"
        await campus.enroll(learner)
        answers = {"responses": [number % 2, number // 2]}
        position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", answers, user=learner)
    await _all_graded(campus, position)
    for sort in ("learner", "score", "lateness", "submitted_at"):
        up = await _all_rows(campus, position, sort=sort, order="asc")
        down = await _all_rows(campus, position, sort=sort, order="desc")
        assert len(up) == 4
        assert up == down[::-1]
    one = await campus.see(f"/runs/{campus.run}/gradebook", position, learner_id=f"{campus.learner}-0")
    assert [row["learner_id"] for row in one["items"]] == [f"{campus.learner}-0"]


async def _all_graded(campus: Campus, position: int) -> None:
    """The reactor needs a moment; pages of a book that is being written would not fit together."""

    async def are_graded() -> bool:
        book = await campus.see(f"/runs/{campus.run}/gradebook", position)
        return all(row["best_bp"] is not None for row in book["items"])

    await until(are_graded)


async def _all_rows(campus: Campus, position: int, **order: str) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        parameters = {**order, **({"cursor": cursor} if cursor else {})}
        page = await campus.see(f"/runs/{campus.run}/gradebook", position, limit=3, **parameters)
        found += [row["learner_id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


async def test_a_history_tells_every_fact_in_order(campus: Campus) -> None:
    """With who did it, in whose name, in pages."""
    await campus.open_run()
    await campus.enroll()
    body = {"run_id": campus.run, "unit_id": "intro", "learner_id": campus.learner}
    await campus.send("/progress/units/open", body, user="instructor")
    page = (await campus.get(f"/learners/{campus.learner}/history", limit=2)).json()
    assert [fact["type"] for fact in page["items"]] == ["enrollment.requested", "enrollment.activated"]
    rest = (await campus.get(f"/learners/{campus.learner}/history", limit=2, cursor=page["next"])).json()
    (opened,) = rest["items"]
    assert (opened["type"], opened["meta"]["actor"]) == ("progress.unit_opened", "instructor")
    assert opened["meta"]["on_behalf_of"] == campus.learner
    assert rest["next"] is None
