"""Moderation over HTTP: reported, decided and contested by those who may, and what each of them is answered."""

from typing import Any

from tests.support.api import Campus

INSULT, WORDS = "You fool.", "It insults me."
RUDE = {"ground": "rude", "words": WORDS}
REMOVE = {"case_no": 1, "decision": "removed", "ground": "rude", "words": "Please be kind."}


async def insulted(campus: Campus, **more: Any) -> str:
    """A run with three learners; the campus's own asks, and bob replies with an insult, whose address this is."""
    await campus.open_run()
    await campus.enroll()
    for who in ("bob", "cid"):
        await campus.enroll(f"{who}-{campus.tag}")
    question = {"kind": "question", "title": "Why?", "text": "Why?"}
    thread = (await campus.post(f"/runs/{campus.run}/threads", question)).json()["thread_id"]
    reply = {"parent_no": 1, "text": INSULT, **more}
    await campus.post(f"/runs/{campus.run}/threads/{thread}/posts", reply, user=f"bob-{campus.tag}")
    return f"/runs/{campus.run}/threads/{thread}/posts/2"


def place_of(post: str) -> str:
    """The address of what the staff see of a post."""
    run, _, rest = post.partition("/threads/")
    return f"{run}/moderation/{rest.replace('/posts/', '/')}"


async def test_a_report_is_decided_and_contested(campus: Campus) -> None:
    """By the way of a removal, an appeal and the post that is shown again; each reads what is theirs."""
    post = await insulted(campus)
    bob, cid, queue = f"bob-{campus.tag}", f"cid-{campus.tag}", f"/runs/{campus.run}/moderation"
    await campus.send(f"{post}/report", RUDE)
    position = await campus.send(f"{post}/report", {"ground": "spam"}, user=cid)
    listed = await campus.see(queue, position, user="instructor")
    (case,) = listed["items"]
    assert (case["reports"], case["grounds"], case["state"]) == (2, {"rude": 1, "spam": 1}, "open")
    assert (case["text"], case["title"], case["author_id"], case["case_no"]) == (INSULT, "Why?", bob, 1)
    assert (listed["waiting"]["open"], listed["waiting"]["appealed"]) == (1, 0)
    assert listed["waiting"]["oldest_at"] == case["waits_since"]
    seen = await campus.see(place_of(post), position, user="instructor")
    assert [(each["learner_id"], each["ground"], each["words"]) for each in seen["reports"]] == [
        (campus.learner, "rude", WORDS),
        (cid, "spam", ""),
    ]

    position = await campus.send(f"{post}/decide", REMOVE, user="instructor")
    assert (await campus.see(queue, position, user="instructor"))["items"] == []
    assert len((await campus.see(queue, position, user="instructor", state="decided"))["items"]) == 1
    own = f"/me/runs/{campus.run}/moderation"
    mine = await campus.see(own, position, user=campus.learner)
    assert [(each["outcome"], each["words"], each["title"]) for each in mine["reports"]] == [("acted", WORDS, "Why?")]
    (notice,) = (await campus.see(own, position, user=bob))["decisions"]
    assert (notice["decision"], notice["ground"], notice["words"]) == ("removed", "rude", "Please be kind.")

    position = await campus.send(f"{post}/appeal", {"case_no": 1, "words": "I was quoting."}, user=bob)
    (case,) = (await campus.see(queue, position, user="instructor", state="appealed"))["items"]
    assert case["waits_since"] == case["appealed_at"]
    answer = {"case_no": 1, "upheld": True, "words": "You were."}
    position = await campus.send(f"{post}/appeal/decide", answer, user="instructor")  # the run has no other staff
    (notice,) = (await campus.see(own, position, user=bob))["decisions"]
    assert (notice["upheld"], notice["appeal"], notice["answer"]) == (True, "I was quoting.", "You were.")
    assert (await campus.see(own, position, user=cid))["reports"][0]["outcome"] == "overturned"
    thread = post.removesuffix("/posts/2")
    assert (await campus.see(thread, position, user=cid))["items"][1]["text"] == INSULT


async def test_a_report_that_is_taken_back_or_dismissed(campus: Campus) -> None:
    """Leaves the queue; who has made it reads what became of it, and the author of the post nothing at all."""
    post = await insulted(campus)
    bob, queue = f"bob-{campus.tag}", f"/runs/{campus.run}/moderation"
    await campus.send(f"{post}/report", RUDE)
    position = await campus.send(f"{post}/report/withdraw")
    assert (await campus.see(queue, position, user="instructor"))["items"] == []
    own = f"/me/runs/{campus.run}/moderation"
    assert (await campus.see(own, position, user=campus.learner))["reports"][0]["outcome"] == "withdrawn"
    position = await campus.send(f"{post}/report", RUDE)
    assert (await campus.see(own, position, user=campus.learner))["reports"][0]["outcome"] == "waits"
    (case,) = (await campus.see(queue, position, user="instructor"))["items"]
    assert (case["case_no"], case["reports"]) == (1, 1)
    assert (await campus.see(queue, position, user="instructor", ground="spam"))["items"] == []
    assert len((await campus.see(queue, position, user="instructor", ground="rude"))["items"]) == 1
    position = await campus.send(f"{post}/decide", {"case_no": 1, "decision": "dismissed"}, user="instructor")
    assert (await campus.see(own, position, user=campus.learner))["reports"][0]["outcome"] == "dismissed"
    assert await campus.see(own, position, user=bob) == {"reports": [], "decisions": []}


async def test_no_learner_learns_who_has_written_or_reported(campus: Campus) -> None:
    """Byte by byte: the reporter not who has written without a name, the author not who has reported it."""
    post = await insulted(campus, anonymous=True)
    bob, own = f"bob-{campus.tag}", f"/me/runs/{campus.run}/moderation"
    answer = await campus.post(f"{post}/report", RUDE)
    assert bob not in answer.text
    await campus.send(f"{post}/decide", REMOVE, user="instructor")
    position = await campus.send(f"{post}/appeal", {"case_no": 1, "words": "No."}, user=bob)
    for user, other in ((campus.learner, bob), (bob, campus.learner)):
        await campus.see(own, position, user=user)
        assert other not in (await campus.get(own, user=user)).text
        for path in ("history", "timeline"):
            answer = await campus.get(f"/learners/{user}/{path}", user=user)
            assert answer.status_code == 200
            assert other not in answer.text
        for path in (place_of(post), f"/runs/{campus.run}/moderation", f"/runs/{campus.run}/unanswered"):
            answer = await campus.get(path, user=user)
            assert (answer.status_code, answer.json()["code"]) == (403, "staff_only")
        for number in range(max(1, position - 20), position + 1):
            found = await campus.get(f"/facts/{number}", user=user)
            assert other not in found.text


async def test_the_staff_do_not_judge_themselves(campus: Campus) -> None:
    """An own post that is reported is neither in the queue nor to be seen or decided; a colleague does that."""
    post = await insulted(campus)
    thread = post.removesuffix("/posts/2")
    await campus.post(f"{thread}/posts", {"parent_no": 1, "text": "No."}, user="instructor")
    own, queue = f"{thread}/posts/3", f"/runs/{campus.run}/moderation"
    position = await campus.send(f"{own}/report", RUDE)
    listed = await campus.see(queue, position, user="instructor")
    assert (listed["items"], listed["waiting"]["open"]) == ([], 0)
    for answer in (
        await campus.get(place_of(own), user="instructor"),
        await campus.post(f"{own}/decide", {"case_no": 1, "decision": "dismissed"}, user="instructor"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "own_matter")
    assert len((await campus.see(queue, position, user="admin"))["items"]) == 1
    await campus.send(f"{own}/decide", {"case_no": 1, "decision": "dismissed"}, user="admin")


async def test_cases_come_in_pages(campus: Campus) -> None:
    """Those that wait the longest first, each once."""
    post = await insulted(campus)
    thread, queue = post.removesuffix("/posts/2"), f"/runs/{campus.run}/moderation"
    for number in range(3, 6):
        await campus.post(f"{thread}/posts", {"parent_no": 1, "text": INSULT}, user=f"bob-{campus.tag}")
        position = await campus.send(f"{thread}/posts/{number}/report", RUDE)
    seen, cursor = [], None
    for _ in range(4):
        page = await campus.see(
            queue, position, user="instructor", limit=1, **({} if cursor is None else {"cursor": cursor})
        )
        seen += [each["post_no"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [3, 4, 5]
    assert (await campus.get(place_of(post), user="instructor")).json()["code"] == "case_not_found"
