"""Questions that wait for an answer, over HTTP."""

from tests.api.forum.test_moderation import insulted
from tests.support.api import Campus
from tests.support.polling import until


async def test_questions_that_wait_are_listed_by_age(campus: Campus) -> None:
    """Until another person replies; what their author adds is no answer, and neither is a reply that was removed."""
    post = await insulted(campus)
    thread, listing = post.removesuffix("/posts/2"), f"/runs/{campus.run}/unanswered"
    position = await campus.send(f"{thread}/posts", {"parent_no": 1, "text": "Please."})
    assert (await campus.see(listing, position, user="instructor"))["items"] == []
    position = await campus.send(f"{post}/remove", {"ground": "rude"}, user="instructor")
    page = await campus.see(listing, position, user="instructor")
    (question,) = page["items"]
    assert (question["title"], question["learner_id"], question["own_posts"]) == ("Why?", campus.learner, 2)
    assert page["waiting"] == {
        "total": 1,
        "over_a_day": 0,
        "over_three_days": 0,
        "over_a_week": 0,
        "oldest_at": question["asked_at"],
    }
    another = {"kind": "question", "title": "And why?", "text": "Why?", "anonymous": True}
    position = (await campus.post(f"/runs/{campus.run}/threads", another)).json()["position"]
    first = await campus.see(listing, position, user="instructor", limit=1)
    second = await campus.see(listing, position, user="instructor", limit=1, cursor=first["next"])
    assert [each["title"] for each in (*first["items"], *second["items"])] == ["Why?", "And why?"]
    assert second["next"] is None
    position = await campus.send(f"{thread}/close", {"ground": "over"}, user="instructor")

    async def one_waits() -> bool:
        return len((await campus.see(listing, position, user="instructor"))["items"]) == 1

    await until(one_waits)
