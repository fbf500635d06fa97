"""A run follows another version of its course over HTTP, and its learners with it."""

from datetime import datetime, timedelta
from typing import Any

from tests.support.api import UNITS, Campus

LATE = {"due_after_days": 30, "late": {"rule": "until", "days": 2}, "after": ["q1"]}
SECOND = [*UNITS[1:], {"unit_id": "q3", "kind": "essay", "title": "Rings", "weight": 10_000, **LATE}]


async def test_learners_follow_and_who_has_completed_does_not(campus: Campus) -> None:
    """The percentage is that of the new version; who has completed keeps the old one, with its units."""
    await campus.open_run()
    done = f"done-{campus.tag}"
    await campus.enroll()
    await campus.enroll(done)
    unit: dict[str, Any] = {"run_id": campus.run, "unit_id": "q2"}
    for learner in (campus.learner, done):
        await campus.send("/progress/units/complete", {**unit, "learner_id": learner}, user="instructor")
    outcome = {"run_id": campus.run, "learner_id": done, "outcome": "pass"}
    await campus.send("/progress/outcomes", outcome, user="instructor")
    await campus.send(f"/courses/{campus.course}/versions", {"units": SECOND}, user="admin")
    refused = await campus.post(f"/runs/{campus.run}/version", {"course_version": 2})
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    position = await campus.send(f"/runs/{campus.run}/version", {"course_version": 2}, user="instructor")
    assert (await campus.see(f"/runs/{campus.run}", position))["course_version"] == 2
    seen = await campus.until_answer("/me/dashboard", lambda found: found["courses"][0].get("version") == 2)
    (course,) = seen["courses"]
    assert (course["percent"], course["next_unit"]["unit_id"]) == (3_000, "q1")
    kept = await campus.see("/me/dashboard", seen["position"], user=done)
    assert (kept["courses"][0]["percent"], "version" in kept["courses"][0]) == (6_000, False)
    for learner, listed in ((campus.learner, ["q1", "q2", "q3"]), (done, ["intro", "q1", "q2"])):
        units = await campus.see(f"/me/runs/{campus.run}", seen["position"], user=learner)
        assert [each["unit_id"] for each in units["items"]] == listed
        player = await campus.see(f"/me/runs/{campus.run}/player", seen["position"], user=learner)
        (section,) = player["sections"]
        assert [each["unit_id"] for each in section["units"]] == listed
    assert player["course_version"] == 1
    for version in (1, 2):
        diff = await campus.see(f"/courses/{campus.course}/diff", seen["position"], from_version=version, to_version=2)
        assert diff["impact"]["learners"] == 1
    player = await campus.see(f"/me/runs/{campus.run}/player", seen["position"], user=campus.learner)
    late = player["sections"][0]["units"][-1]
    assert (player["course_version"], late["locks"]) == (2, [{"reason": "units_before", "units": ["q1"]}])
    days = datetime.fromisoformat(late["accepted_until"]) - datetime.fromisoformat(late["due_at"])
    assert days == timedelta(days=2)
