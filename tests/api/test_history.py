"""A learner's history over HTTP."""

from tests.support.api import Campus


async def test_a_history_tells_every_fact_in_order(campus: Campus) -> None:
    """With who did it, in whose name, in pages."""
    await campus.open_run()
    await campus.enroll()
    body = {"run_id": campus.run, "unit_id": "intro", "learner_id": campus.learner}
    await campus.send("/progress/units/open", body, user="instructor")
    page = (await campus.get(f"/learners/{campus.learner}/history", limit=2)).json()
    assert [fact["type"] for fact in page["items"]] == ["enrollment.requested", "enrollment.activated"]
    rest = (await campus.get(f"/learners/{campus.learner}/history", limit=2, cursor=page["next"])).json()
    (opened,) = rest["items"]
    assert (opened["type"], opened["meta"]["actor"]) == ("progress.unit_opened", "instructor")
    assert opened["meta"]["on_behalf_of"] == campus.learner
    assert rest["next"] is None


async def test_a_cursor_that_no_page_has_given_is_refused(campus: Campus) -> None:
    """Nothing is guessed."""
    refused = await campus.get(f"/learners/{campus.learner}/history", cursor="none")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_cursor")


async def test_learners_see_their_own_history_only(campus: Campus) -> None:
    """Staff sees everybody's."""
    path = f"/learners/{campus.learner}/history"
    assert (await campus.get(path, user=campus.learner)).status_code == 200
    refused = await campus.get(path, user=f"other-{campus.tag}")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")


async def test_a_history_has_what_others_recorded_about_the_learner(campus: Campus) -> None:
    """The seat that was taken on a run, with the counts by type, narrowed, and against the order of the log."""
    await campus.open_run(capacity=3)
    await campus.enroll()
    path = f"/learners/{campus.learner}/history"
    whole = (await campus.get(path, count=True)).json()
    types = [fact["type"] for fact in whole["items"]]
    assert "seats.taken" in types
    assert (whole["total"], whole["by_type"]) == (len(types), {name: types.count(name) for name in sorted(set(types))})
    down = (await campus.get(path, order="desc")).json()
    assert down["items"] == whole["items"][::-1]
    assert (down["total"], down["by_type"]) == (None, None)
    seats = (await campus.get(path, type="seats.*", count=True)).json()
    assert (seats["total"], [fact["type"] for fact in seats["items"]]) == (1, ["seats.taken"])
    assert (await campus.get(path, context="enrollment")).json()["items"] == whole["items"]
    assert (await campus.get(path, context="payment")).json()["items"] == []
    assert (await campus.get(path, run_id=campus.run)).json()["items"] == whole["items"]
    assert (await campus.get(path, actor=campus.learner, since="2026-01-01T00:00:00Z")).json()["items"]
    assert (await campus.get(path, until="2020-01-01T00:00:00Z")).json()["items"] == []
    for asked, code in (({"type": "seat"}, "no_such_type"), ({"run_id": "none"}, "run_not_found")):
        assert (await campus.get(path, **asked)).json()["code"] == code
    assert (await campus.get(path, cursor=down["next"] or "none")).status_code == 422
