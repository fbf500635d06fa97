"""Asking for a place, giving it up and coming back, over HTTP."""

from tests.support.api import Campus


async def test_a_place_is_asked_for(campus: Campus) -> None:
    """There is one at once, or one in the queue if the run is full."""
    await campus.open_run(capacity=1)
    second = f"second-{campus.tag}"
    await campus.enroll()
    position = await campus.enroll(second)
    for learner, status in ((campus.learner, "active"), (second, "waitlisted")):
        dashboard = await campus.see("/me/dashboard", position, user=learner)
        assert [course["status"] for course in dashboard["courses"]] == [status]


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


async def test_what_enrollment_refuses(campus: Campus) -> None:
    """A run that does not exist, and giving up a place that was never asked for."""
    await campus.open_run()
    for path in ("/enrollments/withdraw", "/enrollments/reactivate"):
        refused = await campus.post(path, {"run_id": campus.run})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_enrolled"), path
    refused = await campus.post("/enrollments", {"run_id": "none"})
    assert (refused.status_code, refused.json()["code"]) == (404, "run_not_found")


async def test_learners_enroll_themselves_only(campus: Campus) -> None:
    """Staff may for everybody."""
    await campus.open_run()
    body = {"run_id": campus.run, "learner_id": f"other-{campus.tag}"}
    for path in ("/enrollments", "/enrollments/withdraw", "/enrollments/reactivate"):
        refused = await campus.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_yours"), path
        await campus.send(path, body, user="instructor")


async def test_a_learner_is_transferred(campus: Campus) -> None:
    """To another run of the course; what was completed counts there, by a reaction."""
    await campus.begin()
    evening, learner = f"evening-{campus.tag}", campus.learner
    plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z", "capacity": 1}
    await campus.send("/runs", {"run_id": evening, "course_id": campus.course, **plan}, user="admin")
    await campus.send(f"/runs/{evening}/open", user="admin")
    await campus.send("/progress/units/complete", {"run_id": campus.run, "unit_id": "intro"})
    body = {"run_id": campus.run, "to_run": evening, "learner_id": learner, "reason": "works in the day"}
    refused = await campus.post("/enrollments/transfer", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    await campus.send("/enrollments/transfer", body, user="instructor")

    def is_there(found: dict[str, list[dict[str, object]]]) -> bool:
        stands = {course["run_id"]: (course["status"], course["completed"]) for course in found["courses"]}
        return stands.get(evening) == ("active", ["intro"]) and stands[campus.run][0] == "withdrawn"

    await campus.until_answer("/me/dashboard", is_there)


async def test_staff_suspend_and_resume(campus: Campus) -> None:
    """The learner has no access meanwhile; the mode is changed by staff, too."""
    await campus.begin()
    about = {"run_id": campus.run, "learner_id": campus.learner}
    await campus.send("/enrollments/mode", {**about, "mode": "audit"}, user="instructor")
    await campus.send("/enrollments/suspend", {**about, "reason": "conduct"}, user="instructor")
    refused = await campus.post("/progress/units/open", {"run_id": campus.run, "unit_id": "intro"})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_access")
    await campus.send("/enrollments/resume", {**about, "reason": "explained"}, user="instructor")
    await campus.send("/progress/units/open", {"run_id": campus.run, "unit_id": "intro"})
