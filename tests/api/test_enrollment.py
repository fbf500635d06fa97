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
