"""Rules of a forum over HTTP: set by its staff, and by admins for all runs."""

from tests.support.api import Campus

PACE = {"newcomers": {"posts": 1, "minutes": 60, "standing": 5}, "slow_seconds": 0}


async def begun(campus: Campus) -> str:
    """A run with two learners and a thread of bob, whose address this is."""
    await campus.open_run()
    await campus.enroll()
    await campus.enroll(f"bob-{campus.tag}")
    talk = {"kind": "discussion", "title": "Hello", "text": "all"}
    answer = await campus.post(f"/runs/{campus.run}/threads", talk, user=f"bob-{campus.tag}")
    return f"/runs/{campus.run}/threads/{answer.json()['thread_id']}"


async def test_the_staff_set_the_rules_of_a_run(campus: Campus) -> None:
    """And read them back; a learner neither sets nor reads them, and is bound by them."""
    thread = await begun(campus)
    rules, words = f"/runs/{campus.run}/forum-rules", f"/runs/{campus.run}/forum-words"
    for path, body in (
        (rules, PACE),
        (words, {"action": "flag", "words": ["fool"]}),
        (f"{thread}/slow", {"seconds": 5}),
    ):
        refused = await campus.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    assert (await campus.get(rules, user=campus.learner)).status_code == 403
    await campus.send(rules, PACE, user="instructor")
    position = await campus.send(
        words, {"action": "refuse", "words": ["fool", " fool ", "cheap pills"]}, user="instructor"
    )
    found = await campus.see(rules, position, user="instructor")
    assert (found["newcomers"], found["slow_seconds"]) == (PACE["newcomers"], 0)
    assert found["words"] == {"flag": [], "refuse": ["cheap pills", "fool"]}
    reply = {"parent_no": 1, "text": "You FOOL"}
    refused = await campus.post(f"{thread}/posts", reply)
    assert (refused.status_code, refused.json()["code"], "fool" in refused.json()["detail"]) == (
        422,
        "word_refused",
        True,
    )
    await campus.post(f"{thread}/posts", {"parent_no": 1, "text": "One."})
    refused = await campus.post(f"{thread}/posts", {"parent_no": 1, "text": "Two."})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_posts")
    await campus.send(rules, {"newcomers": None, "slow_seconds": 0}, user="instructor")
    await campus.send(f"{thread}/slow", {"seconds": 3_600}, user="instructor")


async def test_lists_of_the_campus_are_those_of_admins(campus: Campus) -> None:
    """They hold in every run; a flagged post waits in its queue."""
    thread = await begun(campus)
    word = f"word{campus.tag}"
    body = {"action": "flag", "words": [word]}
    assert (await campus.post("/forum-words", body, user="instructor")).status_code == 403
    position = await campus.send("/forum-words", body, user="admin")
    assert (await campus.see("/forum-words", position, user="admin"))["flag"] == [word]
    position = (await campus.post(f"{thread}/posts", {"parent_no": 1, "text": f"A {word}."})).json()["position"]
    (case,) = (await campus.see(f"/runs/{campus.run}/moderation", position, user="instructor"))["items"]
    assert (case["lists"], case["reports"], case["post_no"]) == (["campus"], 0, 2)
    await campus.send("/forum-words", {"action": "flag", "words": []}, user="admin")
