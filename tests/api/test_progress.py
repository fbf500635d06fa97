"""What a learner opens, does and completes on a run, and how it ends, over HTTP."""

from tests.support.api import Campus


async def test_what_a_learner_does_shows(campus: Campus) -> None:
    """A unit is opened, worked on and completed."""
    await campus.open_run()
    await campus.enroll()
    unit = {"run_id": campus.run, "unit_id": "intro"}
    await campus.send("/progress/units/open", unit)
    await campus.send("/progress/activities", {**unit, "kind": "second", "amount": 30})
    position = await campus.send("/progress/units/complete", unit)
    (course,) = (await campus.see("/me/dashboard", position, user=campus.learner))["courses"]
    assert (course["opened"], course["activity"]) == (["intro"], {"rows": 1, "amount": 30})


async def test_an_instructor_decides_an_outcome_and_revises_it_with_a_reason(campus: Campus) -> None:
    """Without a reason a second, different one is refused, and so is failing a learner who can still pass."""
    await campus.open_run()
    await campus.enroll()
    body = {"run_id": campus.run, "learner_id": campus.learner}
    early = await campus.post("/progress/outcomes", {**body, "outcome": "fail"}, user="instructor")
    assert (early.status_code, early.json()["code"]) == (409, "outcome_open")
    await campus.send("/progress/outcomes", {**body, "outcome": "pass"}, user="instructor")
    again = {**body, "outcome": "fail"}
    refused = await campus.post("/progress/outcomes", again, user="instructor")
    assert (refused.status_code, refused.json()["code"]) == (409, "outcome_decided")
    position = await campus.send("/progress/outcomes", {**again, "reason": "copied"}, user="instructor")
    (course,) = (await campus.see("/me/dashboard", position, user=campus.learner))["courses"]
    assert course["outcome"] == "fail"


async def test_it_takes_a_place_and_a_unit(campus: Campus) -> None:
    """Who is not enrolled is refused, and so is a unit that the course does not have."""
    await campus.open_run()
    unit = {"run_id": campus.run, "unit_id": "intro"}
    for path in ("/progress/units/open", "/progress/activities", "/progress/units/complete"):
        refused = await campus.post(path, unit)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_enrolled"), path
    await campus.enroll()
    refused = await campus.post("/progress/units/open", {**unit, "unit_id": "none"})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_unit")


async def test_learners_work_for_themselves_only(campus: Campus) -> None:
    """Staff may for everybody, and decides how a course has ended."""
    await campus.open_run()
    other = f"other-{campus.tag}"
    await campus.enroll(other)
    unit = {"run_id": campus.run, "unit_id": "intro", "learner_id": other}
    for path in ("/progress/units/open", "/progress/activities", "/progress/units/complete"):
        refused = await campus.post(path, unit)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_yours"), path
        await campus.send(path, unit, user="instructor")
    refused = await campus.post("/progress/outcomes", {"run_id": campus.run, "learner_id": other}, user=other)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
