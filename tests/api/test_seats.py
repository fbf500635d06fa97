"""The seats of a run over HTTP: more of them, and fewer."""

from tests.support.api import Campus


async def test_a_capacity_is_raised_and_lowered(campus: Campus) -> None:
    """New seats are offered to who waits; with fewer, no learner loses one, unless staff say that the last do."""
    await campus.open_run(capacity=1)
    ann, ben, cid = (f"{name}-{campus.tag}" for name in ("ann", "ben", "cid"))
    for learner in (ann, ben, cid):
        await campus.enroll(learner)
    path, run = f"/runs/{campus.run}/capacity", {"run_id": campus.run}
    refused = await campus.post(path, {"capacity": 9}, user=ann)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")

    raised = await campus.send(path, {"capacity": 2}, user="instructor")
    assert await campus.send(path, {"capacity": 2}, user="instructor") == raised
    assert (await campus.see(f"/runs/{campus.run}", raised))["capacity"] == 2
    await campus.until_answer(f"/runs/{campus.run}/learners", lambda found: stands(found, ben, "offered"), user="admin")
    await campus.send("/enrollments/accept", run, user=ben)

    await campus.send(path, {"capacity": 1, "excess": "wait"}, user="instructor")
    found = await campus.until_answer(
        f"/runs/{campus.run}/learners", lambda found: stands(found, ben, "waitlisted"), user="admin"
    )
    assert stands(found, ann, "active")
    await campus.send("/enrollments/withdraw", run, user=ann)
    await campus.until_answer(f"/runs/{campus.run}/learners", lambda found: stands(found, ben, "offered"), user="admin")


async def test_a_run_without_a_limit_gets_one(campus: Campus) -> None:
    """Who is on it stays, and who asks after it waits; a limit is a number of seats."""
    await campus.open_run()
    ann, ben, cid = (f"{name}-{campus.tag}" for name in ("ann", "ben", "cid"))
    for learner in (ann, ben):
        await campus.enroll(learner)
    for capacity, excess in ((0, "stay"), (1, "leave")):
        body = {"capacity": capacity, "excess": excess}
        assert (await campus.post(f"/runs/{campus.run}/capacity", body, user="admin")).status_code == 422
    limited = await campus.send(f"/runs/{campus.run}/capacity", {"capacity": 1}, user="instructor")
    assert (await campus.see(f"/runs/{campus.run}", limited))["capacity"] == 1
    await campus.enroll(cid)
    found = await campus.until_answer(
        f"/runs/{campus.run}/learners", lambda found: stands(found, cid, "waitlisted"), user="admin"
    )
    assert all(stands(found, learner, "active") for learner in (ann, ben))


async def test_a_waitlist_is_read(campus: Campus) -> None:
    """By staff, in its order, as CSV too; a learner reads the own place."""
    await campus.open_run(capacity=1)
    ann, ben, cid = (f"{name}-{campus.tag}" for name in ("ann", "ben", "cid"))
    for learner in (ann, ben, cid):
        await campus.enroll(learner)
    path = f"/runs/{campus.run}/waitlist"
    found = await campus.see(path, 0)
    assert (found["capacity"], found["seated"]) == (1, 1)
    assert [(each["place"], each["learner_id"]) for each in found["items"]] == [(1, ben), (2, cid)]
    headers = await campus.as_user("admin", accept="text/csv")
    answer = await campus.client.get(f"/v1{path}", headers=headers)
    assert answer.headers["content-disposition"] == f'attachment; filename="waitlist-{campus.run}.csv"'
    assert [line.split(",")[:2] for line in answer.text.splitlines()[1:]] == [["1", f'"{ben}"'], ["2", f'"{cid}"']]
    places = [await campus.see(f"/me/runs/{campus.run}/place", 0, user=each) for each in (ann, cid)]
    assert [(each["status"], each["place"], each["waiting"]) for each in places] == [
        ("active", None, 2),
        ("waitlisted", 2, 2),
    ]
    assert (await campus.get(path, user=ann)).status_code == 403
    assert (await campus.get("/runs/none/waitlist")).json()["code"] == "run_not_found"
    assert (await campus.get(f"/me/runs/{campus.run}/place", user="eve")).json()["code"] == "not_enrolled"


def stands(found: dict[str, list[dict[str, str]]], learner: str, status: str) -> bool:
    """Whether a learner of a roster stands there."""
    return any(each["learner_id"] == learner and each["status"] == status for each in found["items"])
