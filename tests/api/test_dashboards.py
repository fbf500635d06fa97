"""The documents that learners and staff see on arrival, over HTTP."""

import json
from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI

from adapters.postgres.queries import course_dashboard
from adapters.shown_dashboard import LARGEST
from domain.weeks import WEEKDAYS
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
    assert course["next_unit"] == {"unit_id": "q2", "title": "Groups"}  # which is due first
    assert [(deadline["unit_id"], deadline["due_at"]) for deadline in course["deadlines"]] == [
        ("q2", "2026-03-01T00:00:00Z"),
        ("q1", "2126-02-15T00:00:00Z"),  # its quiz has a deadline of its own
    ]


async def test_a_run_that_is_over_is_shown_as_ended(app: FastAPI, campus: Campus) -> None:
    """To the learner, on every page, and in the counts of the run; its units were due when they were."""
    await campus.open_run()
    position = await campus.enroll()
    for path in ("/me/dashboard", f"/me/runs/{campus.run}"):
        await campus.see(path, position, user=campus.learner)
    app.state.services.log.clock.move(timedelta(days=40_000))
    (course,) = (await campus.get("/me/dashboard", user=campus.learner)).json()["courses"]
    assert (course["status"], course["next_unit"], course["deadlines"]) == ("ended", None, [])
    (listed,) = (await campus.get("/me/runs", user=campus.learner)).json()["items"]
    assert listed == course
    run = (await campus.get(f"/me/runs/{campus.run}", user=campus.learner)).json()
    assert run["run"] == course
    assert [unit["due_at"] for unit in run["items"]] == [None, "2126-02-15T00:00:00Z", "2026-03-01T00:00:00Z"]
    statuses = (await campus.see(f"/runs/{campus.run}/dashboard", position))["counts"]["statuses"]
    assert {name: number for name, number in statuses.items() if number} == {"ended": 1}


async def test_a_dashboard_has_the_courses_of_a_state(app: FastAPI, campus: Campus) -> None:
    """Those that go on or are over, or all, also in pages; with how many units are overdue, and when the run ended."""
    await campus.open_run()
    other = {"run_id": f"{campus.run}-long", "course_id": campus.course, "starts_at": "2126-01-01T00:00:00Z"}
    await campus.send("/runs", {**other, "ends_at": "2150-01-01T00:00:00Z"}, user="admin")
    await campus.send(f"/runs/{campus.run}-long/open", user="admin")
    await campus.enroll()
    position = await campus.send("/enrollments", {"run_id": f"{campus.run}-long"}, user=campus.learner)
    await campus.see("/me/dashboard", position, user=campus.learner)

    async def found(state: str) -> list[tuple[str, int, str | None]]:
        of_dashboard = (await campus.get("/me/dashboard", user=campus.learner, state=state)).json()["courses"]
        for path in ("/me/runs", f"/learners/{campus.learner}/runs"):
            assert (await campus.get(path, user=campus.learner, state=state)).json()["items"] == of_dashboard
        return [(each["run_id"], each["overdue"], each.get("ended_at")) for each in of_dashboard]

    now = [(campus.run, 1, None), (f"{campus.run}-long", 0, None)]
    assert await found("current") == await found("all") == now
    assert await found("ended") == []
    app.state.services.log.clock.move(timedelta(days=36_400))
    assert await found("current") == [(f"{campus.run}-long", 2, None)]
    assert await found("ended") == [(campus.run, 0, "2126-06-30T00:00:00Z")]
    (ended, _) = (await campus.get("/me/dashboard", user=campus.learner)).json()["courses"]
    assert ended["ended_at"] == "2126-06-30T00:00:00Z"
    refused = await campus.get("/me/dashboard", user=campus.learner, state="over")
    assert refused.json()["code"] == "invalid_request"


async def test_many_dashboards_are_one_answer(campus: Campus) -> None:
    """As each is by itself, in the order that was asked for; who is not known is named. For staff, up to a limit."""
    await campus.open_run()
    learners = [f"{campus.learner}-{number}" for number in (2, 1)]
    for learner in learners:
        position = await campus.enroll(learner)
    page = await campus.see(
        "/learners/dashboards", position, ids=",".join([*learners, f"no-{campus.tag}", learners[0]])
    )
    assert page["items"] == [(await campus.get(f"/learners/{learner}/dashboard")).json() for learner in learners]
    assert page["missing"] == [f"no-{campus.tag}"]
    refused = await campus.get("/learners/dashboards", user=learners[0], ids=learners[0])
    assert refused.json()["code"] == "staff_only"
    for ids in ("a,,b", "a/b", "..", ",".join(map(str, range(26)))):
        assert (await campus.get("/learners/dashboards", ids=ids)).json()["code"] == "bad_ids", ids


async def test_the_end_of_a_run_is_the_first_moment_at_which_it_is_over(app: FastAPI, campus: Campus) -> None:
    """For the counts of the run as for commands, of which the last is taken a moment before."""
    await campus.open_run()
    await campus.see(f"/runs/{campus.run}/dashboard", await campus.enroll())
    ends_at = datetime.fromisoformat((await campus.get(f"/runs/{campus.run}")).json()["ends_at"])
    for now, status in ((ends_at - timedelta(microseconds=1), "active"), (ends_at, "ended")):
        answer = await course_dashboard.run_dashboard(app.state.services.reader, campus.run, now)
        statuses = json.loads(answer.body or b"")["counts"]["statuses"]
        assert {name: number for name, number in statuses.items() if number} == {status: 1}


async def test_the_units_of_a_run_stand_in_pages(campus: Campus) -> None:
    """Each with what the learner has done, in the order of the course; staff see those of others, learners do not."""
    await campus.open_run()
    await campus.enroll()
    await campus.send("/progress/units/open", {"run_id": campus.run, "unit_id": "intro"})
    await campus.send("/progress/units/complete", {"run_id": campus.run, "unit_id": "intro"})
    position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 0]})

    async def is_completed() -> bool:
        (course,) = (await campus.see("/me/dashboard", position, user=campus.learner))["courses"]
        return "q1" in course["completed"]

    await until(is_completed)
    path = f"/learners/{campus.learner}/runs/{campus.run}"
    page = await campus.see(path, position, limit=2)
    assert page["run"]["percent"] == 4_000
    assert [(unit["unit_id"], unit["opened"], unit["completed"], unit["score_bp"]) for unit in page["items"]] == [
        ("intro", True, True, None),
        ("q1", False, True, 10_000),
    ]
    rest = (await campus.get(path, limit=2, cursor=page["next"])).json()
    assert [(unit["title"], unit["kind"], unit["weight"]) for unit in rest["items"]] == [("Groups", "essay", 6_000)]
    assert rest["next"] is None
    assert (await campus.get(path, user=f"other-{campus.tag}")).json()["code"] == "not_yours"
    assert (await campus.get(f"/me/runs/{campus.run}", user="admin")).json()["code"] == "not_enrolled"


async def test_the_runs_of_a_learner_stand_in_pages(campus: Campus) -> None:
    """Each once, in the order of their ids."""
    await campus.open_run()
    position = await campus.enroll()
    plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    for number in range(2):
        run = f"{campus.run}-{number}"
        await campus.send("/runs", {"run_id": run, "course_id": campus.course, **plan}, user="admin")
        await campus.send(f"/runs/{run}/open", user="admin")
        position = await campus.send("/enrollments", {"run_id": run})
    page = await campus.see("/me/runs", position, user=campus.learner, limit=2)
    rest = (await campus.get("/me/runs", user=campus.learner, limit=2, cursor=page["next"])).json()
    found = [course["run_id"] for course in page["items"] + rest["items"]]
    assert (found, rest["next"]) == ([campus.run, f"{campus.run}-0", f"{campus.run}-1"], None)
    unknown = await campus.get(f"/learners/ghost-{campus.tag}/runs")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "learner_not_found")


async def test_a_dashboard_is_bounded_however_large_the_course_is(campus: Campus) -> None:
    """5,000 units with long titles; the last page of the units is there."""
    title = "x" * 200
    units = [
        {"unit_id": f"u{number}", "kind": "essay", "title": title, "weight": 2, "due_after_days": number}
        for number in range(5_000)
    ]
    await campus.send("/courses", {"course_id": campus.course, "title": title}, user="admin")
    await campus.send(f"/courses/{campus.course}/versions", {"units": units}, user="admin")
    plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    await campus.send("/runs", {"run_id": campus.run, "course_id": campus.course, **plan}, user="admin")
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    position = await campus.enroll()
    dashboard = await campus.see("/me/dashboard", position, user=campus.learner)
    answer = await campus.get("/me/dashboard", user=campus.learner)
    assert (answer.json(), len(answer.content) <= LARGEST) == (dashboard, True)
    assert dashboard["courses"][0]["left_out"] == {"deadlines": 4_950}
    page = await campus.see(f"/me/runs/{campus.run}", position, user=campus.learner, limit=200)
    assert [unit["unit_id"] for unit in page["items"]] == [f"u{number}" for number in range(200)]


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
        ["requested", "activated", "any_activity", "first_submission", "half_way", "completed", "passed"], 1
    )
    assert run["grades"] == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert [(day["active"], day["completed"]) for day in run["days"]] == [(0, 1)]
    assert [(week["rows"], week["amount"], week["learners"]) for week in run["weeks"]] == [(1, 5, 1)]
    assert sum(run["weeks"][0][day] for day in WEEKDAYS) == 1

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
