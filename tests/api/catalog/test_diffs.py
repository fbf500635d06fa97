"""How versions of a course differ, and what that means for its learners, over HTTP."""

from tests.support.api import UNITS, Campus


async def test_a_version_says_what_it_would_mean_for_learners(campus: Campus) -> None:
    """Between two versions, and from the draft, before it is published."""
    await campus.open_run()
    await campus.enroll(f"idle-{campus.tag}")
    await campus.enroll()
    await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 0]})
    path = f"/courses/{campus.course}"
    await campus.until_answer(
        f"/runs/{campus.run}/dashboard", lambda found: found.get("grades", [0] * 10)[4] == 1, user="admin"
    )
    edits = [{"op": "remove_unit", "unit_id": "q2"}, {"op": "move_unit", "unit_id": "intro"}]
    await campus.send(f"{path}/draft", {}, user="admin")
    position = await campus.send(f"{path}/draft/edits", {"revision": 1, "edits": edits}, user="admin")
    await campus.until_answer(f"{path}/diff", lambda found: found["impact"]["percent"]["higher"] == 1, user="admin")
    draft = await campus.see(f"{path}/diff", position)
    assert draft["to_version"] is None
    assert (draft["changes"]["units_removed"], draft["changes"]["units_moved"]) == (["q2"], ["q1"])
    await campus.send(f"{path}/draft/publish", {"revision": 3}, user="admin")
    found = await campus.see(f"{path}/diff", position, from_version=1, to_version=2)
    assert found["impact"] == draft["impact"]
    impact = found["impact"]
    assert (impact["learners"], impact["affected"]) == (2, 1)
    assert (impact["percent"]["higher"], impact["percent"]["same"]) == (1, 1)
    assert (impact["grade"]["largest_rise_bp"], impact["grade"]["without"]) == (6_000, 1)
    assert impact["grade"]["after"][9] == 1
    back = await campus.see(f"{path}/diff", position, from_version=2, to_version=1)
    assert (back["changes"]["units_added"], back["impact"]["learners"]) == (["q2"], 0)
    assert len(UNITS) == 3
    none = await campus.get(f"{path}/diff", from_version=9)
    assert (none.status_code, none.json()["code"]) == (404, "course_not_found")
    assert (await campus.get(f"{path}/diff", user=campus.learner)).status_code == 403
