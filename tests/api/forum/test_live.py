"""Event streams of the forum: that something has changed, for those who may read it, and nothing of who it was."""

from typing import Any

from fastapi import FastAPI

from tests.support.api import Campus, Listener, position_of
from tests.support.forum import asked


async def test_a_thread_says_that_it_has_changed(app: FastAPI, campus: Campus) -> None:
    """By posts, edits and votes, at a position for which it can be read; no event names a person."""
    thread = await asked(campus, anonymous=True)
    bob = f"bob-{campus.tag}"
    await campus.see(thread, await campus.send(f"{thread}/read", {"post_no": 1}, user=bob), user=bob)
    headers = await campus.as_user(bob)
    forum = f"/v1/runs/{campus.run}/forum/events"
    async with Listener(app, f"/v1{thread}/events", headers) as of_thread, Listener(app, forum, headers) as of_run:
        steps: list[tuple[str, dict[str, Any], str]] = [
            ("posts", {"parent_no": 1, "text": "Well?", "anonymous": True}, campus.learner),
            ("posts/2", {"text": "Well, well?"}, campus.learner),
            ("posts/1/vote", {"value": 1}, bob),
            ("answer", {"post_no": 2}, "instructor"),
        ]
        for path, body, user in steps:
            position = await campus.send(f"{thread}/{path}", body, user=user)
            event = await of_thread.event()
            while position_of(event) < position:
                event = await of_thread.event()
            assert campus.learner not in f"{event}"
            assert bob not in f"{event}"
        event = await of_run.event()
        assert campus.learner not in f"{event}"


async def test_who_may_not_read_it_hears_nothing(campus: Campus) -> None:
    """As the lists themselves; a thread that is not there has no stream."""
    thread = await asked(campus)
    for path in (f"{thread}/events", f"/runs/{campus.run}/forum/events"):
        refused = await campus.get(path, user=f"eve-{campus.tag}")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_enrolled")
    refused = await campus.get(f"/runs/{campus.run}/threads/none/events", user=campus.learner)
    assert (refused.status_code, refused.json()["code"]) == (404, "thread_not_found")
