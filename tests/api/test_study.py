"""Streaks and study time over HTTP."""

from tests.support.api import Campus


async def test_a_learner_sees_streak_and_study_time(campus: Campus) -> None:
    """What was done today counts at once; what others do for the learner does not."""
    await campus.open_run()
    await campus.enroll()
    unit = {"run_id": campus.run, "unit_id": "intro"}
    await campus.send("/progress/units/complete", {**unit, "learner_id": campus.learner}, user="instructor")
    nothing = (await campus.get("/me/study", user=campus.learner)).json()
    assert (nothing["streak"], nothing["days"], nothing["recent"]) == (0, 0, [])
    position = await campus.send("/progress/activities", {**unit, "kind": "seconds", "amount": 60})
    seen = await campus.see("/me/study", position, user=campus.learner)
    assert (seen["streak"], seen["longest_streak"], seen["time_zone"]) == (1, 1, "UTC") or seen["days"] == 2
    again = await campus.send("/progress/units/open", unit)
    assert (await campus.see("/me/study", again, user=campus.learner))["seconds"] >= seen["seconds"] >= 60
