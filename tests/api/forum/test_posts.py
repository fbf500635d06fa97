"""Posts over HTTP: who has written them, whether they are shown, and one that is sent twice."""

from tests.support.api import Campus
from tests.support.forum import TEXT, asked


async def test_no_learner_is_answered_who_has_written_without_a_name(campus: Campus) -> None:
    """Byte by byte; the author and the staff are. What others have of it in their history says nothing, either."""
    thread = await asked(campus, anonymous=True)
    bob, listing = f"bob-{campus.tag}", f"/runs/{campus.run}/threads"
    await campus.send(f"{thread}/posts", {"parent_no": 1, "text": "Seven."}, user=bob)
    await campus.send(f"{thread}/posts", {"parent_no": 2, "text": "Thanks.", "anonymous": True})
    position = await campus.send(f"{thread}/answer", {"post_no": 2})
    for path in (thread, listing, f"{listing}?kind=question", f"/runs/{campus.run}/unread"):
        await campus.see(path.partition("?")[0], position, user=bob)
        assert campus.learner not in (await campus.get(path, user=bob)).text
    seen = (await campus.get(thread, user=bob)).json()
    hidden = {"learner_id": None, "name": None, "anonymous": True, "by_staff": False, "erased": False, "mine": False}
    assert seen["thread"]["author"] == seen["items"][0]["author"] == seen["items"][2]["author"] == hidden
    for path in ("history", "timeline"):
        answer = await campus.get(f"/learners/{bob}/{path}", user=bob)
        assert answer.status_code == 200
        assert campus.learner not in answer.text
    mine = (await campus.get(thread, user=campus.learner)).json()
    assert (mine["thread"]["author"]["learner_id"], mine["thread"]["author"]["mine"]) == (campus.learner, True)
    of_staff = (await campus.get(thread, user="instructor")).json()
    assert (of_staff["items"][2]["author"]["learner_id"], of_staff["items"][2]["author"]["anonymous"]) == (
        campus.learner,
        True,
    )
    facts = [f"/facts/{each}" for each in range(max(1, position - 12), position + 1)]
    for path in facts:
        assert campus.learner not in (await campus.get(path, user=bob)).text


async def test_a_removed_post_is_read_by_its_author_and_the_staff(campus: Campus) -> None:
    """Others read that it was removed, and why; a thread whose first post is removed is listed to the same."""
    thread = await asked(campus)
    bob, listing = f"bob-{campus.tag}", f"/runs/{campus.run}/threads"
    await campus.send(f"{thread}/posts", {"parent_no": 1, "text": "Rude."}, user=bob)
    refused = await campus.post(f"{thread}/posts/2/remove", {"ground": "rude"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_the_author")
    await campus.send(f"{thread}/posts/2/remove", {"ground": "rude"}, user="instructor")
    position = await campus.send(f"{thread}/posts/1/remove", {"ground": "off_topic"}, user="instructor")
    for user, texts, listed in (
        (campus.learner, [TEXT, None], 1),
        (bob, [None, "Rude."], 0),
        ("instructor", [TEXT, "Rude."], 1),
    ):
        page = await campus.see(thread, position, user=user)
        assert [each["text"] for each in page["items"]] == texts
        assert [each["removed"] for each in page["items"]] == ["off_topic", "rude"]
        assert len((await campus.see(listing, position, user=user))["items"]) == listed
    assert (await campus.get(thread, user=bob)).json()["thread"]["title"] is None
    position = await campus.send(f"{thread}/posts/2/restore", user="instructor")
    assert [each["text"] for each in (await campus.see(thread, position, user=bob))["items"]] == [None, "Rude."]


async def test_a_command_that_is_sent_again_is_answered_the_same(campus: Campus) -> None:
    """By its key: one thread, one post."""
    thread = await asked(campus)
    body = {"parent_no": 1, "text": "Once."}
    answers = [(await campus.post(f"{thread}/posts", body, key=f"k-{campus.tag}")).json() for _ in range(2)]
    assert answers[0] == answers[1]
    new = {"kind": "discussion", "title": "Hello", "text": "all"}
    answers = [(await campus.post(f"/runs/{campus.run}/threads", new, key=f"l-{campus.tag}")).json() for _ in range(2)]
    assert answers[0] == answers[1]
