"""Merged and moved threads over HTTP: what is unread counts once, and old addresses lead on for who may read there."""

from tests.support.api import Campus
from tests.support.forum import TITLE, asked


async def test_a_merged_thread_leads_on(campus: Campus) -> None:
    """It is in no list, is read where it stands, and what is unread in it counts with the other, until it is read."""
    first, bob = await asked(campus), f"bob-{campus.tag}"
    listing = f"/runs/{campus.run}/threads"
    new = {"kind": "question", "title": "The same?", "text": "Why?"}
    second_id = (await campus.post(listing, new)).json()["thread_id"]
    second, into = f"{listing}/{second_id}", first.rpartition("/")[2]
    refused = await campus.post(f"{second}/merge", {"into": into})
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    position = await campus.send(f"{second}/merge", {"into": into}, user="admin")

    items = (await campus.see(listing, position, user=bob))["items"]
    assert [(each["title"], each["unread"], each["posts"]) for each in items] == [(TITLE, 2, 1)]
    found = await campus.see(first, position, user=bob)
    assert [(each["thread_id"], each["title"], each["unread"]) for each in found["merged"]] == [
        (second_id, "The same?", 1)
    ]
    assert (await campus.see(second, position, user=bob))["thread"]["merged_into"] == into
    closed = await campus.post(f"{second}/posts", {"parent_no": 1, "text": "x"}, user=bob)
    assert (closed.status_code, closed.json()["code"]) == (409, "thread_merged")
    unread = f"/runs/{campus.run}/unread"
    assert await campus.see(unread, position, user=bob) == {"threads": 1, "posts": 2}
    of_runs = await campus.see("/me/forum/unread", position, user=bob)
    assert of_runs["runs"] == [{"run_id": campus.run, "threads": 1, "posts": 2}]
    own = (await campus.see("/me/forum/threads", position, user=bob))["items"]
    assert [(each["title"], each["unread"]) for each in own] == [(TITLE, 2)]
    position = await campus.send(f"{second}/read", {"post_no": 1}, user=bob)
    assert await campus.see(unread, position, user=bob) == {"threads": 1, "posts": 1}
    position = await campus.send(f"{first}/read", {"post_no": 1}, user=bob)
    assert await campus.see(unread, position, user=bob) == {"threads": 0, "posts": 0}
    position = await campus.send(f"{second}/separate", user="admin")
    assert len((await campus.see(listing, position, user=bob))["items"]) == 2


async def test_a_thread_goes_to_another_run(campus: Campus) -> None:
    """By who is staff of both; who has a place there is led on from the old address, and others find nothing."""
    thread, bob, other = await asked(campus), f"bob-{campus.tag}", f"other-{campus.tag}"
    thread_id = thread.rpartition("/")[2]
    plan = {"course_id": campus.course, "starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    await campus.send("/runs", {"run_id": other, **plan}, user="admin")
    await campus.send(f"/runs/{other}/open", user="admin")
    await campus.send("/enrollments", {"run_id": other}, user=bob)
    refused = await campus.post(f"{thread}/run", {"to_run": other})
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    position = await campus.send(f"{thread}/run", {"to_run": other}, user="admin")
    found = await campus.see(f"/runs/{other}/threads/{thread_id}", position, user=bob)
    assert (found["thread"]["run_id"], found["thread"]["unread"]) == (other, 1)
    assert await campus.see(f"/runs/{other}/unread", position, user=bob) == {"threads": 1, "posts": 1}
    assert await campus.see(f"/runs/{campus.run}/unread", position, user=bob) == {"threads": 0, "posts": 0}
    for place in (thread, f"{thread}/posts/1/versions"):
        for user in (bob, "admin"):
            led = await campus.get(place, user=user)
            assert (led.status_code, led.json()["code"], led.json()["to_run"]) == (404, "thread_elsewhere", other)
        gone = await campus.get(place, user=campus.learner)
        assert (gone.status_code, gone.json()["code"], other in gone.text) == (404, "thread_not_found", False)
    assert (await campus.get(f"/runs/{other}/threads/{thread_id}", user=campus.learner)).status_code == 404
