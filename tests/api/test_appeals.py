"""Appeals over HTTP: made by a learner, found and answered by the staff of the run."""

from tests.support.api import Campus


async def test_an_appeal_is_answered(campus: Campus) -> None:
    """The learner reads the answer, and the outcome is another one."""
    await campus.open_run()
    await campus.enroll()
    outcome = {"run_id": campus.run, "learner_id": campus.learner, "outcome": "fail", "reason": "copied"}
    await campus.send("/progress/outcomes", outcome, user="instructor")
    appeal = {"run_id": campus.run, "words": "I did not"}
    await campus.send("/progress/appeals", appeal)
    again = await campus.post("/progress/appeals", appeal)
    assert (again.status_code, again.json()["code"]) == (409, "appeal_open")
    (open_one,) = (await campus.get(f"/runs/{campus.run}/appeals", user="instructor")).json()["items"]
    assert (open_one["learner_id"], open_one["words"], open_one["status"]) == (campus.learner, "I did not", "open")
    path = f"/learners/{campus.learner}/runs/{campus.run}/appeals"
    refused = await campus.post(f"{path}/1/answer", {"granted": True, "words": "so it is"})
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    answer = {"granted": True, "outcome": "pass", "words": "so it is"}
    position = await campus.send(f"{path}/1/answer", answer, user="instructor")
    (mine,) = (await campus.get(f"/me/runs/{campus.run}/appeals", user=campus.learner)).json()["items"]
    assert (mine["status"], mine["answer"], mine["new_outcome"]) == ("granted", "so it is", "pass")
    assert (await campus.get(f"/runs/{campus.run}/appeals", user="instructor")).json()["items"] == []
    assert (await campus.get(f"/runs/{campus.run}/appeals", user="instructor", all=True)).json()["items"] == [mine]
    dashboard = await campus.see("/me/dashboard", position, user=campus.learner)
    assert dashboard["courses"][0]["outcome"] == "pass"
    assert "appeal.answered" in [each["type"] for each in dashboard["recent"]]
