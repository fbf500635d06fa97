"""A learner at one moment, in one answer and with one look."""

from typing import Any

from tests.support.api import Campus


async def looks(campus: Campus) -> list[tuple[str, int | None, str]]:
    """What others have looked at, with the moment and the reason, the oldest first."""
    found = (await campus.get(f"/learners/{campus.learner}/looks", user="admin")).json()["items"]
    return [(each["what"], each["known_position"], each["reason"]) for each in reversed(found)]


async def test_a_moment_of_a_learner_is_one_answer_and_one_look(campus: Campus) -> None:
    """With the facts, the dashboard and the changes as their own routes have them; a comparison is two moments."""
    await campus.open_run()
    enrolled = await campus.enroll()
    history: Any = (await campus.get(f"/learners/{campus.learner}/history", user="auditor")).json()["items"]
    path = f"/learners/{campus.learner}/timeline"
    asked = await campus.get(path, user="auditor", known_at=enrolled, reason="dispute 47")
    assert asked.status_code == 200, asked.text
    found = asked.json()
    upto = [each for each in history if each["position"] <= enrolled]
    assert found["facts"] == upto[::-1][:12]
    assert (found["begin"], found["total"] >= len(upto)) == (history[0]["position"], True)
    assert await looks(campus) == [(f"/v1{path}", enrolled, "dispute 47")]
    own: Any = {"user": campus.learner, "known_at": enrolled}
    assert found["dashboard"] == (await campus.get(f"/learners/{campus.learner}/dashboard", **own)).json()
    assert found["changes"]
    documents = {each["document"] for each in found["changes"]}
    assert f"learner_dashboard/{campus.learner}" in documents
    first = found["begin"]
    compared = await campus.get(path, user="auditor", known_at=enrolled, reason="dispute 47", **{"with": first - 1})
    assert compared.json()["other"] == {"courses": []}
    assert await looks(campus) == [(f"/v1{path}", enrolled, "dispute 47"), (f"/v1{path}", first - 1, "dispute 47")]
    before = (await campus.get(path, user="auditor", known_at=first - 1, reason="dispute 47")).json()
    assert (before["facts"], before["next"], before["changes"]) == ([], first, [])
    assert len(await looks(campus)) == 2


async def test_a_time_line_is_for_whom_it_is_about_and_for_the_staff(campus: Campus) -> None:
    """The own is no look; nothing is known of a learner without a fact, and the log has not come further."""
    await campus.open_run()
    await campus.enroll()
    path = f"/learners/{campus.learner}/timeline"
    assert (await campus.get(path, user=campus.learner)).json()["total"] > 0
    assert (await campus.get(path, user="another-learner")).status_code == 403
    assert (await campus.get("/learners/no-such-learner/timeline", user="auditor")).status_code == 404
    assert (await campus.get(path, user="auditor", known_at=10**12)).json()["code"] == "moment_ahead"
    assert await looks(campus) == []
