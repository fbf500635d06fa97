"""The forum over HTTP as those who may read it see it, page by page, and how far they have read."""

from typing import Any

from tests.support.api import Campus
from tests.support.forum import TEXT, TITLE, asked


async def test_a_question_is_answered(campus: Campus) -> None:
    """Asked by one learner, answered by another, accepted, voted for and read; each sees it with the own eyes."""
    thread = await asked(campus)
    bob = f"bob-{campus.tag}"
    posted = (await campus.post(f"{thread}/posts", {"parent_no": 1, "text": "Seven."}, user=bob)).json()
    assert posted["post_no"] == 2
    await campus.send(f"{thread}/posts/2/vote", {"value": 1})
    await campus.send(f"{thread}/answer", {"post_no": 2})
    await campus.send(f"{thread}/posts/2", {"text": "Seven rows."}, user=bob)
    position = await campus.send(f"{thread}/level", {"level": "watching"})
    mine = await campus.see(thread, position, user=campus.learner)
    assert (mine["thread"]["title"], mine["thread"]["unread"], mine["thread"]["accepted_no"]) == (TITLE, 1, 2)
    assert (mine["thread"]["level"], mine["thread"]["author"]["mine"], mine["thread"]["posts"]) == ("watching", True, 2)
    first, second = mine["items"]
    assert (first["text"], first["author"]["mine"], first["unread"], first["accepted"]) == (TEXT, True, False, False)
    assert (second["text"], second["edits"], second["score"], second["vote"]) == ("Seven rows.", 1, 1, 1)
    assert (second["unread"], second["accepted"], second["author"]["learner_id"]) == (True, True, bob)
    of_bob = await campus.see(thread, position, user=bob)
    assert (of_bob["thread"]["unread"], of_bob["items"][1]["vote"], of_bob["items"][1]["unread"]) == (1, 0, False)
    unread = f"/runs/{campus.run}/unread"
    assert await campus.see(unread, position, user=campus.learner) == {"threads": 1, "posts": 1}
    position = await campus.send(f"{thread}/read", {"post_no": 2})
    assert await campus.see(unread, position, user=campus.learner) == {"threads": 0, "posts": 0}


async def test_threads_are_listed(campus: Campus) -> None:
    """Pinned ones first, then those with the latest posts; by what they are, and page by page."""
    thread = await asked(campus)
    listing, bob = f"/runs/{campus.run}/threads", f"bob-{campus.tag}"
    talk = {"kind": "discussion", "title": "Hello", "text": "all"}
    other = (await campus.post(listing, talk, user=bob)).json()["thread_id"]
    position = await campus.send(f"{listing}/{other}/pin", {"pinned": True}, user="instructor")
    position = await campus.send(f"{thread}/posts", {"parent_no": 1, "text": "Anyone?"})

    async def titles(user: str = bob, **filters: Any) -> list[str]:
        return [each["title"] for each in (await campus.see(listing, position, user=user, **filters))["items"]]

    assert await titles() == ["Hello", TITLE]
    assert await titles(kind="question") == await titles(unit_id="q1") == await titles(state="unsolved") == [TITLE]
    assert await titles(mine=True) == ["Hello"]
    assert await titles(unread=True) == [TITLE]
    assert await titles(state="solved") == await titles(state="unanswered") == []
    first = await campus.see(listing, position, user=bob, limit=1)
    second = await campus.see(listing, position, user=bob, limit=1, cursor=first["next"])
    assert [each["title"] for each in (*first["items"], *second["items"])] == ["Hello", TITLE]
    assert second["next"] is None
    position = await campus.send(f"{thread}/level", {"level": "muted"}, user=bob)
    assert await titles(unread=True) == []


async def test_posts_come_in_pages(campus: Campus) -> None:
    """By their numbers, from any of them."""
    thread = await asked(campus)
    for text in ("a", "b", "c"):
        position = await campus.send(f"{thread}/posts", {"parent_no": 1, "text": text})
    page = await campus.see(thread, position, user=campus.learner, limit=2)
    assert ([each["post_no"] for each in page["items"]], page["next"]) == ([1, 2], 2)
    page = await campus.see(thread, position, user=campus.learner, limit=2, after=page["next"])
    assert ([each["text"] for each in page["items"]], page["next"]) == (["b", "c"], None)


async def test_who_has_no_place_sees_nothing(campus: Campus) -> None:
    """Neither threads nor posts; an auditor reads as the staff do, and writes nothing."""
    thread = await asked(campus)
    listing, eve = f"/runs/{campus.run}/threads", f"eve-{campus.tag}"
    for path in (listing, thread, f"/runs/{campus.run}/unread"):
        answer = await campus.get(path, user=eve)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_enrolled")
    assert (await campus.get("/runs/nowhere/threads", user=eve)).json()["code"] == "run_not_found"
    answer = await campus.get(f"{listing}/nothing", user=campus.learner)
    assert (answer.status_code, answer.json()["code"]) == (404, "thread_not_found")
    await campus.send("/enrollments/withdraw", {"run_id": campus.run})
    assert (await campus.get(thread, user=campus.learner)).json()["code"] == "no_access"
