"""What on a run needs a teacher: who is at risk, and what waits for a grade."""

from typing import Any

from tests.support.api import Campus


async def test_learners_at_risk_and_ungraded_work(campus: Campus) -> None:
    """An extension, work that is handed in and its grade change what is said; learners see nothing of it."""
    await campus.begin()
    run = f"/runs/{campus.run}"

    async def at_risk(has: Any) -> dict[str, Any]:
        return await campus.until_answer(f"{run}/at-risk", has, user="instructor")

    found = await at_risk(lambda each: each.get("total") == 1)
    (learner,) = found["items"]
    assert (found["learners"], learner["learner_id"], learner["last_active"]) == (1, campus.learner, None)
    assert [(each["code"], each["figure"]) for each in learner["reasons"]] == [("missed", 1)]
    assert learner["reasons"][0]["words"] == "1 of 1 units that were due not handed in: q2."
    extension = {"unit_id": "q2", "learner_ids": [campus.learner], "reason": "was in hospital"}
    await campus.send(f"{run}/extensions", {**extension, "new_due": "2126-03-01T00:00:00Z"}, user="instructor")
    assert (await at_risk(lambda each: not each["total"]))["items"] == []
    essay = f"e-{campus.tag}"
    paper = {"quiz_id": essay, "run_id": campus.run, "unit_id": "q2", "title": "Groups", "kind": "essay"}
    await campus.send("/quizzes", paper, user="instructor")
    position = await campus.send(f"/quizzes/{essay}/attempts/1/submit", {})
    waiting = await campus.see(f"{run}/ungraded", position, user="instructor")
    assert (waiting["attempts"], [each["attempts"] for each in waiting["ages"]]) == (1, [1, 0, 0, 0, 0])
    assert [(each["quiz_id"], each["title"], each["attempts"]) for each in waiting["quizzes"]] == [(essay, "Groups", 1)]
    grade = {"learner_id": campus.learner, "score_bp": 1_000}
    position = await campus.send(f"/quizzes/{essay}/attempts/1/grade", grade, user="instructor")
    waiting = await campus.see(f"{run}/ungraded", position, user="instructor")
    assert (waiting["attempts"], waiting["quizzes"], waiting["ages"][-1]) == (0, [], {"over_days": 14, "attempts": 0})
    (learner,) = (await at_risk(lambda each: each["total"] == 1))["items"]
    assert learner["reasons"][0]["words"] == "Grade so far 10 %, below the 40 % to pass."
    unit = {"unit_id": "q3", "kind": "essay", "title": "Rings", "weight": 10_000, "due_after_days": 1}
    await campus.send(f"/courses/{campus.course}/versions", {"units": [unit]}, user="admin")
    await campus.send(f"{run}/version", {"course_version": 2}, user="instructor")
    by_version = "1 of 1 units that were due not handed in: q3."  # that which the learner follows by now
    await at_risk(lambda each: by_version in [why["words"] for one in each["items"] for why in one["reasons"]])
    for path in ("at-risk", "ungraded"):
        refused = await campus.get(f"{run}/{path}", user=campus.learner)
        assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
        assert (await campus.get(f"/runs/ghost-{campus.tag}/{path}")).json()["code"] == "run_not_found"


async def test_a_gradebook_of_those_at_risk_is_the_list(campus: Campus) -> None:
    """Narrowed to them, it has those whom the list has, by the facts that it is to be true for, and says so."""
    await campus.begin()
    run = f"/runs/{campus.run}"
    await campus.until_answer(f"{run}/at-risk", lambda each: each.get("total") == 1, user="instructor")
    narrowed = {"user": "instructor", "at_risk": "true"}
    matrix = (await campus.get(f"{run}/gradebook/matrix", **narrowed)).json()
    assert [each["learner_id"] for each in matrix["items"]] == [campus.learner]
    extension = {"unit_id": "q2", "learner_ids": [campus.learner], "reason": "was in hospital"}
    due = {"new_due": "2126-03-01T00:00:00Z"}
    position = await campus.send(f"{run}/extensions", {**extension, **due}, user="instructor")
    assert (await campus.see(f"{run}/at-risk", position, user="instructor"))["items"] == []
    matrix = await campus.see(f"{run}/gradebook/matrix", position, **narrowed)
    assert (matrix["total"], matrix["items"]) == (0, [])
    found = await campus.get(f"{run}/gradebook/matrix", user="instructor", at_risk="true", q=campus.learner)
    assert found.json()["items"] == []
