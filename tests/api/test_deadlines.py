"""Deadlines, late policies, extensions and clones of runs over HTTP."""

from typing import Any

from tests.support.api import UNITS, Campus
from tests.support.polling import until

START, END = "2026-03-23T08:00:00Z", "2126-06-30T00:00:00Z"  # 09:00 in Berlin, before the change to summer time


async def test_a_learner_sees_deadlines_with_extensions(campus: Campus) -> None:
    """As the clocks of the run show them; a group gets more time together, or none of it does."""
    await campus.send("/courses", {"course_id": campus.course, "title": "Algebra"}, user="admin")
    units: list[Any] = [*UNITS]
    units[1], units[2] = {**units[1], "due_time": "23:59"}, {**units[2], "late": {"rule": "until", "days": 2}}
    await campus.send(f"/courses/{campus.course}/versions", {"units": units}, user="admin")
    late = {"rule": "percent_a_day", "off_bp": 1_000, "days": 5}
    plan = {"run_id": campus.run, "course_id": campus.course, "starts_at": START, "ends_at": END, "late": late}
    await campus.send("/runs", {**plan, "time_zone": "Europe/Berlin"}, user="admin")
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    other = f"other-{campus.tag}"
    await campus.enroll(other)
    position = await campus.enroll()
    mine = await campus.see(f"/me/runs/{campus.run}/deadlines", position, user=campus.learner)
    assert [(item["unit_id"], item["due_at"], item["accepted_until"], item["off_bp"]) for item in mine["items"]] == [
        ("q1", "2026-04-06T21:59:00Z", "2026-04-11T21:59:00Z", 1_000),
        ("q2", "2026-04-20T07:00:00Z", "2026-04-22T07:00:00Z", 0),
    ]
    path, new = f"/runs/{campus.run}/extensions", "2026-04-10T21:59:00Z"
    body = {"unit_id": "q1", "learner_ids": [campus.learner, other], "new_due": new, "reason": "the trains stood still"}
    strange = await campus.post(path, {**body, "learner_ids": [campus.learner, "stranger"]}, user="admin")
    assert (strange.status_code, strange.json()["code"]) == (404, "not_enrolled")
    position = await campus.send(path, body, user="instructor")
    assert await campus.send(path, body, user="instructor") == position
    for learner in (campus.learner, other):
        found = await campus.see(f"/learners/{learner}/runs/{campus.run}/deadlines", position)
        assert (found["items"][0]["due_at"], found["items"][0]["due_for_all"]) == (new, "2026-04-06T21:59:00Z")
    assert (await shown(campus, position))["q1"] == new
    back = {name: body[name] for name in ("unit_id", "learner_ids", "reason")}
    position = await campus.send(f"{path}/withdrawals", back, user="instructor")
    assert await campus.send(f"{path}/withdrawals", back, user="instructor") == position
    assert (await shown(campus, position))["q1"] == "2026-04-06T21:59:00Z"
    for wrong, code in (({"unit_id": "none"}, "unknown_unit"), ({"new_due": "2026-04-01T00:00:00Z"}, "bad_extension")):
        assert (await campus.post(path, {**body, **wrong}, user="admin")).json()["code"] == code
    assert (await campus.post(path, body)).status_code == 403


async def test_learners_follow_the_cohort_that_they_are_in(campus: Campus) -> None:
    """Their days count from when it begins, also when that changes; the run says which cohorts it has."""
    await campus.send("/courses", {"course_id": campus.course, "title": "Algebra"}, user="admin")
    letters = [{"letter": "P", "from_bp": 5_000}, {"letter": "N", "from_bp": 0}]
    await campus.send(f"/courses/{campus.course}/versions", {"units": UNITS, "letters": letters}, user="admin")
    plan = {"run_id": campus.run, "course_id": campus.course, "starts_at": "2020-01-01T00:00:00Z", "ends_at": END}
    await campus.send("/runs", {**plan, "pacing": "cohort", "due_from": "enrollment"}, user="admin")
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    await campus.enroll()
    path, cohort = f"/runs/{campus.run}", {"cohort_id": "spring", "name": "Spring", "begins_at": "2126-03-01T08:00:00Z"}
    body = {"cohort_id": "spring", "learner_ids": [campus.learner]}
    assert (await campus.post(f"{path}/cohorts", cohort)).status_code == 403
    await campus.send(f"{path}/cohorts", cohort, user="instructor")
    position = await campus.send(f"{path}/cohort-assignments", body, user="instructor")
    assert await campus.send(f"{path}/cohort-assignments", body, user="instructor") == position
    for cohort_id, members in (("spring", [campus.learner]), ("autumn", [])):
        listed = await campus.see(f"{path}/learners", position, user="instructor", cohort_id=cohort_id)
        assert [each["learner_id"] for each in listed["items"]] == members
    assert (await shown(campus, position))["q1"] == "2126-03-15T08:00:00Z"
    moved = {**cohort, "begins_at": "2126-03-02T08:00:00Z"}
    position = await campus.send(f"{path}/cohorts", moved, user="instructor")
    run = await campus.see(path, position)
    assert (run["due_from"], run["cohorts"]) == ("enrollment", [moved])
    seen = await campus.until_answer(
        "/me/dashboard", lambda found: found["courses"][0]["cohort_begins_at"] == moved["begins_at"]
    )
    assert (await shown(campus, seen["position"]))["q1"] == "2126-03-16T08:00:00Z"
    mine = await campus.see(f"/me{path}/deadlines", position, user=campus.learner)
    assert (mine["cohort_id"], mine["counts_from"]) == ("spring", moved["begins_at"])
    assert mine["items"][0]["due_at"] == "2126-03-16T08:00:00Z"
    early = await campus.post(f"{path}/cohorts", {**cohort, "begins_at": "2019-01-01T00:00:00Z"}, user="admin")
    assert (early.status_code, early.json()["code"]) == (422, "bad_cohort")
    quiz = {"quiz_id": campus.quiz, "run_id": campus.run, "unit_id": "q2", "title": "Groups"}
    await campus.send("/quizzes", quiz, user="admin")
    await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": []})
    score = {"learner_id": campus.learner, "score_bp": 5_000}
    position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/grade", score, user="instructor")
    (row,) = (await campus.see(f"{path}/gradebook/matrix", position))["items"]
    assert row["letter_so_far"] == "P"
    await campus.send(f"{path}/cohorts", {**cohort, "begins_at": "2020-02-01T00:00:00Z"}, user="instructor")
    await campus.until_answer(
        f"{path}/gradebook/matrix", lambda found: found["items"][0]["letter_so_far"] == "N", user="instructor"
    )
    (at_risk,) = (await campus.get(f"{path}/at-risk")).json()["items"]
    assert "missed" in {each["code"] for each in at_risk["reasons"]}


async def shown(campus: Campus, position: int) -> dict[str, str]:
    """The deadlines of the only course on the dashboard of the learner."""
    (course,) = (await campus.see("/me/dashboard", position, user=campus.learner))["courses"]
    return {deadline["unit_id"]: deadline["due_at"] for deadline in course["deadlines"]}


async def test_a_run_is_cloned_to_another_time(campus: Campus) -> None:
    """Its plan is that of the other run, with all dates moved; learners register in its window only."""
    await campus.open_run()
    first = f"{campus.run}-1"
    plan = {"run_id": first, "course_id": campus.course, "starts_at": START, "ends_at": "2026-06-01T07:00:00Z"}
    window = {"registration_opens_at": "2026-03-01T08:00:00Z", "registration_closes_at": "2026-04-01T07:00:00Z"}
    more = {"capacity": 7, "time_zone": "Europe/Berlin", "late": {"rule": "none"}}
    await campus.send("/runs", {**plan, **window, **more}, user="admin")
    await campus.send(
        "/quizzes", {"quiz_id": f"{first}-x", "run_id": first, "unit_id": "q1", "title": "X"}, user="admin"
    )
    again = {"run_id": f"{campus.run}-2", "starts_at": "2126-03-25T08:00:00Z"}
    position = await campus.send(f"/runs/{first}/clone", again, user="admin")
    assert await campus.send(f"/runs/{first}/clone", again, user="admin") == position
    run = await campus.see(f"/runs/{again['run_id']}", position)
    assert {name: run[name] for name in ("course_version", "capacity", "late")} == {
        "course_version": 1,
        "capacity": 7,
        "late": {"rule": "none"},
    }
    assert run["registration_opens_at"][:10] == "2126-03-03"

    async def has_its_quiz() -> bool:
        return (await campus.get(f"/quizzes/{again['run_id']}-x")).status_code == 200

    await until(has_its_quiz)
    assert (run["ends_at"], run["registration_closes_at"][11:]) == ("2126-06-03T07:00:00Z", "07:00:00Z")
    await campus.send(f"/runs/{again['run_id']}/open", user="admin")
    early = await campus.post("/enrollments", {"run_id": again["run_id"]})
    assert (early.status_code, early.json()["code"]) == (409, "registration_not_open")
    over = {"run_id": f"{campus.run}-3", "course_id": campus.course, "starts_at": START, "ends_at": END}
    await campus.send("/runs", {**over, **window}, user="admin")
    await campus.send(f"/runs/{over['run_id']}/open", user="admin")
    assert (await campus.post("/enrollments", {"run_id": over["run_id"]})).json()["code"] == "registration_over"
