"""A learner's course in one read, over HTTP."""

from tests.support.api import Campus


async def test_a_course_is_one_read(campus: Campus) -> None:
    """Sections, units with their state and quizzes, and where to go on; staff see that of a learner, others do not."""
    await campus.see(f"/runs/{campus.run}", await campus.open_run())
    assert (await campus.get(f"/me/runs/{campus.run}/player", user=campus.learner)).json()["code"] == "not_enrolled"
    await campus.enroll()
    position = await campus.send("/progress/units/open", {"run_id": campus.run, "unit_id": "intro"})
    player = await campus.see(f"/me/runs/{campus.run}/player", position, user=campus.learner)
    (section,) = player["sections"]
    units = {each["unit_id"]: each for each in section["units"]}
    assert (units["intro"]["state"], units["q1"]["state"]) == ("begun", "open")
    assert units["intro"]["page"] == f"/v1/runs/{campus.run}/units/intro/page"
    assert [each["quiz_id"] for each in units["q1"]["quizzes"]] == [campus.quiz]
    assert player["resume"] == {"unit_id": "intro", "title": units["intro"]["title"], "position_ms": None}
    same = await campus.see(f"/learners/{campus.learner}/runs/{campus.run}/player", position)
    assert same == player
    path = f"/learners/{campus.learner}/runs/{campus.run}/player"
    assert (await campus.get(path, user=f"other-{campus.tag}")).status_code == 403
    assert (await campus.get(f"/me/runs/none-{campus.tag}/player", user=campus.learner)).json()[
        "code"
    ] == "run_not_found"
    then = await campus.get(path, known_at=position - 1)
    assert then.json()["sections"][0]["units"][0]["state"] == "open"
