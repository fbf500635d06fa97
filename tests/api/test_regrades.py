"""Regrades over HTTP: looked at, committed by staff, followed by grades and outcomes."""

from tests.support.api import Campus
from tests.support.polling import until

KEY = {"item_id": "i1", "key": {"kind": "single_choice", "shares": {"0": "1"}}}


async def test_a_wrong_key_is_corrected(campus: Campus) -> None:
    """The preview says who changes and what follows for the course; the gradebook follows the commit, and no sooner."""
    await campus.begin()
    position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [0, 0]})

    async def best() -> list[int | None]:
        book = await campus.see(f"/runs/{campus.run}/gradebook", position)
        return [row["best_bp"] for row in book["items"]]

    async def is_half() -> bool:
        return await best() == [5_000]

    await until(is_half)
    path = f"/quizzes/{campus.quiz}/regrades"
    wanted = {"items": [KEY], "reason": "the key was wrong"}
    refused = await campus.post(path, wanted)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    refused = await campus.post(path, {"reason": "nothing"}, user="instructor")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_regrade")
    preview = (await campus.post(path, wanted, user="instructor")).json()
    assert (preview["regrade_no"], preview["attempts"], preview["affected"]) == (1, 1, 1)
    (change,) = preview["changes"]
    assert (change["learner_id"], change["old_score_bp"], change["score_bp"]) == (campus.learner, 5_000, 10_000)
    assert (change["old_grade_bp"], change["grade_bp"]) == (2_000, 4_000)
    assert (change["old_outcome"], change["outcome"], change["credential"]) == ("", "", "none")
    assert change["marks"] == [{"item_id": "i1", "earned": "1", "possible": "1"}]
    assert await best() == [5_000]
    paged = await campus.get(f"{path}/1/changes", user="instructor", limit=1)
    assert paged.json() == {"items": preview["changes"], "next": None}
    assert (await campus.get(f"{path}/1/changes", user=campus.learner)).json()["code"] == "staff_only"
    await campus.send(f"{path}/1/commit", {}, user="instructor")
    late = await campus.get(f"{path}/1/changes", user="instructor")
    assert (late.status_code, late.json()["code"]) == (409, "regrade_committed")

    async def is_full() -> bool:
        return await best() == [10_000]

    await until(is_full)

    async def is_finished() -> bool:
        (state,) = (await campus.see(path, 0, user="instructor"))["items"]
        return bool(state["finished"])

    await until(is_finished)
    (state,) = (await campus.see(path, 0, user="instructor"))["items"]
    assert (state["committed"], state["done"], state["changed"]) == (True, 1, 1)
