"""Commands over HTTP: idempotency keys."""

import asyncio

from tests.support.api import Campus


async def test_fifty_repeats_with_one_key_append_once(campus: Campus) -> None:
    """All of them get the first answer."""
    await campus.open_run()
    body = {"run_id": campus.run}
    answers = await asyncio.gather(*(campus.post("/enrollments", body, key="once") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["position"] for answer in answers}) == 1
    history = (await campus.get(f"/learners/{campus.learner}/history")).json()["items"]
    assert [fact["type"] for fact in history] == ["enrollment.requested", "enrollment.activated"]
    activity = {**body, "unit_id": "intro"}
    answers = await asyncio.gather(*(campus.post("/progress/activities", activity, key="click") for _ in range(50)))
    assert len({answer.json()["position"] for answer in answers}) == 1
    assert len((await campus.get(f"/learners/{campus.learner}/history")).json()["items"]) == 3


async def test_a_key_belongs_to_one_request_of_one_user(campus: Campus) -> None:
    """Another body with it is refused; another user may use the same key."""
    await campus.open_run()
    await campus.send("/enrollments", {"run_id": campus.run}, key="mine")
    reused = await campus.post("/enrollments/withdraw", {"run_id": campus.run}, key="mine")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    await campus.send("/enrollments", {"run_id": campus.run}, key="mine", user=f"other-{campus.tag}")
    too_long = await campus.post("/enrollments", {"run_id": campus.run}, key="k" * 200)
    assert (too_long.status_code, too_long.json()["code"]) == (422, "bad_request")
