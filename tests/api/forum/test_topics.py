"""Topics of a forum over HTTP: what those see for whom they are, and what all others are answered."""

from typing import Any

from tests.support.api import Campus

SECRET, OPEN = "What the group says", "What all say"


async def run_with_cohorts(campus: Campus) -> str:
    """A run with two learners, of whom the campus's own is in the cohort spring."""
    await campus.open_run()
    plan = {"course_id": campus.course, "course_version": 1, "starts_at": "2026-01-01T08:00:00Z"}
    campus.run = f"paced-{campus.tag}"
    plan |= {"run_id": campus.run, "ends_at": "2126-06-30T00:00:00Z", "pacing": "cohort", "due_from": "enrollment"}
    await campus.send("/runs", plan, user="admin")
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    await campus.enroll()
    await campus.enroll(f"bob-{campus.tag}")
    path, cohort = f"/runs/{campus.run}", {"cohort_id": "spring", "name": "Spring", "begins_at": "2126-03-01T08:00:00Z"}
    await campus.send(f"{path}/cohorts", cohort, user="admin")
    body = {"cohort_id": "spring", "learner_ids": [campus.learner]}
    await campus.send(f"{path}/cohort-assignments", body, user="admin")
    return path


async def made(campus: Campus, path: str, **topic: Any) -> str:
    """The id of a new topic."""
    answer = await campus.post(f"{path}/topics", topic, user="admin")
    assert answer.status_code == 202, answer.text
    topic_id: str = answer.json()["topic_id"]
    return topic_id


async def test_topics_are_kept_by_the_staff(campus: Campus) -> None:
    """Made, changed, ordered and archived, in which case they stand last; no learner does."""
    await campus.open_run()
    await campus.enroll()
    path = f"/runs/{campus.run}"
    news = await made(campus, path, name="News", who_posts="staff")
    homework = await made(campus, path, name="Homework", description="Stuck?")
    for place, body in (
        ("", {"name": "x"}),
        ("/order", {"topic_ids": [news, homework, "general"]}),
        (f"/{news}", {"name": "x"}),
        (f"/{news}/archive", {"archived": True}),
    ):
        refused = await campus.post(f"{path}/topics{place}", body)
        assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    await campus.send(f"{path}/topics/{homework}", {"name": "Exercises", "description": "Stuck?"}, user="admin")
    await campus.send(f"{path}/topics/order", {"topic_ids": [news, homework, "general"]}, user="admin")
    position = await campus.send(f"{path}/topics/{news}/archive", {"archived": True}, user="admin")
    items = (await campus.see(f"{path}/topics", position, user=campus.learner))["items"]
    assert [(each["topic_id"], each["name"], each["archived"]) for each in items] == [
        (homework, "Exercises", False),
        ("general", "", False),
        (news, "News", True),
    ]
    again = await campus.post(f"{path}/topics", {"name": "exercises"}, user="admin")
    assert (again.status_code, again.json()["code"]) == (409, "topic_exists")
    wrong = await campus.post(f"{path}/topics/order", {"topic_ids": [news]}, user="admin")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_topic_order")


async def test_threads_of_a_topic(campus: Campus) -> None:
    """A list has those of one topic, and the topics say what is unread in each; a thread goes to another one."""
    await campus.open_run()
    await campus.enroll()
    await campus.enroll(f"bob-{campus.tag}")
    path, bob = f"/runs/{campus.run}", f"bob-{campus.tag}"
    homework = await made(campus, path, name="Homework")
    question = {"kind": "question", "title": "Why?", "text": "Why?"}
    thread = (await campus.post(f"{path}/threads", {**question, "topic_id": homework})).json()["thread_id"]
    await campus.post(f"{path}/threads", {**question, "title": "How?"})
    position = await campus.send(f"{path}/threads/{thread}/posts", {"parent_no": 1, "text": "So."})

    async def titles(**filters: str) -> list[str]:
        found = await campus.see(f"{path}/threads", position, user=bob, **filters)
        return sorted(each["title"] for each in found["items"])

    async def counts() -> list[tuple[str, int, int, int]]:
        items = (await campus.see(f"{path}/topics", position, user=bob))["items"]
        return [(each["topic_id"], each["threads"], each["unread_threads"], each["unread"]) for each in items]

    assert (await titles(), await titles(topic_id=homework)) == (["How?", "Why?"], ["Why?"])
    assert await counts() == [("general", 1, 1, 1), (homework, 1, 1, 2)]
    position = await campus.send(f"{path}/threads/{thread}/read", {"post_no": 1}, user=bob)
    assert await counts() == [("general", 1, 1, 1), (homework, 1, 1, 1)]
    refused = await campus.post(f"{path}/threads/{thread}/topic", {"topic_id": "general"})
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    position = await campus.send(f"{path}/threads/{thread}/topic", {"topic_id": "general"}, user="admin")
    assert await counts() == [("general", 2, 2, 2), (homework, 0, 0, 0)]


async def test_another_cohort_is_answered_nothing(campus: Campus) -> None:
    """Byte by byte: no list, thread, count or topic has it; its learners and the staff see it all."""
    path, bob = await run_with_cohorts(campus), f"bob-{campus.tag}"
    group = await made(campus, path, name="The group's", cohort_id="spring")
    secret = {"kind": "question", "title": SECRET, "text": "Why?", "topic_id": group}
    thread = (await campus.post(f"{path}/threads", secret)).json()["thread_id"]
    opened = {"kind": "discussion", "title": OPEN, "text": "all"}
    other = (await campus.post(f"{path}/threads", opened)).json()["thread_id"]
    position = await campus.send(f"{path}/threads/{thread}/posts", {"parent_no": 1, "text": "So."})
    await campus.see(f"{path}/topics", position)
    for place in ("/threads", f"/threads?topic_id={group}", "/threads?unread=true", "/topics"):
        text = (await campus.get(f"{path}{place}", user=bob)).text
        assert not any(each in text for each in (SECRET, thread, "The group's"))
    assert await campus.see(f"{path}/unread", position, user=bob) == {"threads": 1, "posts": 1}
    answer = await campus.get(f"{path}/threads/{thread}", user=bob)
    assert (answer.status_code, answer.json()["code"]) == (404, "thread_not_found")
    bodies: dict[str, dict[str, Any]] = {
        "posts": {"parent_no": 1, "text": "x"},
        "level": {"level": "muted"},
        "read": {"post_no": 1},
    }
    for place, body in bodies.items():
        refused = await campus.post(f"{path}/threads/{thread}/{place}", body, user=bob)
        assert (refused.status_code, refused.json()["code"]) == (404, "thread_not_found")
    refused = await campus.post(f"{path}/threads", secret, user=bob)
    assert (refused.status_code, refused.json()["code"]) == (404, "topic_not_found")
    for user in (campus.learner, "admin"):
        titles = [each["title"] for each in (await campus.see(f"{path}/threads", position, user=user))["items"]]
        assert titles == [SECRET, OPEN]
        assert (await campus.get(f"{path}/threads/{thread}", user=user)).status_code == 200
    position = await campus.send(f"{path}/threads/{other}/topic", {"topic_id": group}, user="admin")
    assert await campus.see(f"{path}/unread", position, user=bob) == {"threads": 0, "posts": 0}
    joins = {"cohort_id": "spring", "learner_ids": [bob]}
    position = await campus.send(f"{path}/cohort-assignments", joins, user="admin")
    assert await campus.see(f"{path}/unread", position, user=bob) == {"threads": 2, "posts": 3}
