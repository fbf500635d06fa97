"""The forum over HTTP: asked, answered, read and decided about, by those who may; and what no learner is answered."""

from typing import Any

from tests.support.api import Campus

TEXT, TITLE = "I count **six** rows.", "Why is 6 x 7 not 36?"


async def asked(campus: Campus, **more: Any) -> str:
    """A run with two learners; the campus's own asks a question, whose id this is."""
    await campus.open_run()
    await campus.enroll()
    await campus.enroll(f"bob-{campus.tag}")
    question = {"kind": "question", "unit_id": "q1", "title": TITLE, "text": TEXT, **more}
    answer = await campus.post(f"/runs/{campus.run}/threads", question)
    assert answer.status_code == 202, answer.text
    thread_id: str = answer.json()["thread_id"]
    return f"/runs/{campus.run}/threads/{thread_id}"


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


async def test_what_staff_decide(campus: Campus) -> None:
    """Pinned, closed, reopened and moved by the staff of the run, and by no learner."""
    thread = await asked(campus)
    decisions: dict[str, dict[str, Any] | None] = {
        "pin": {"pinned": True},
        "close": {"ground": "over"},
        "move": {"unit_id": None},
    }
    for what, body in {**decisions, "reopen": None}.items():
        refused = await campus.post(f"{thread}/{what}", body)
        assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    for what, body in decisions.items():
        position = await campus.send(f"{thread}/{what}", body, user="instructor")
    found = (await campus.see(thread, position, user=campus.learner))["thread"]
    assert (found["pinned"], found["closed"], found["unit_id"]) == (True, "over", None)
    refused = await campus.post(f"{thread}/posts", {"parent_no": 1, "text": "more"})
    assert (refused.status_code, refused.json()["code"]) == (409, "thread_closed")
    position = await campus.send(f"{thread}/reopen", user="instructor")
    assert (await campus.see(thread, position, user=campus.learner))["thread"]["closed"] is None


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


async def test_a_command_that_is_sent_again_is_answered_the_same(campus: Campus) -> None:
    """By its key: one thread, one post."""
    thread = await asked(campus)
    body = {"parent_no": 1, "text": "Once."}
    answers = [(await campus.post(f"{thread}/posts", body, key=f"k-{campus.tag}")).json() for _ in range(2)]
    assert answers[0] == answers[1]
    new = {"kind": "discussion", "title": "Hello", "text": "all"}
    answers = [(await campus.post(f"/runs/{campus.run}/threads", new, key=f"l-{campus.tag}")).json() for _ in range(2)]
    assert answers[0] == answers[1]
