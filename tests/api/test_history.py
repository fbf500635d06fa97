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
