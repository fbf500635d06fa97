"""The forum over all runs of a person: the own threads, what is unread, and how much of it."""

from typing import Any

from tests.support.api import Campus

UNREAD, THREADS = "/me/forum/unread", "/me/forum/threads"


async def run_of(campus: Campus, *learners: str) -> str:
    """One more open run with these learners; its id."""
    campus.course, campus.run, campus.quiz = (f"{name}x" for name in (campus.course, campus.run, campus.quiz))
    await campus.open_run()
    for learner in learners:
        await campus.enroll(learner)
    return campus.run


async def ask(campus: Campus, run: str, title: str, user: str = "", kind: str = "question") -> str:
    """Open a thread; its path."""
    answer = await campus.post(f"/runs/{run}/threads", {"kind": kind, "title": title, "text": "?"}, user=user)
    assert answer.status_code == 202, answer.text
    return f"/runs/{run}/threads/{answer.json()['thread_id']}"


async def test_unread_is_the_sum_over_all_runs(campus: Campus) -> None:
    """As each run says it: without own posts, removed ones, muted threads, and runs that one has left."""
    me, bob = campus.learner, f"bob-{campus.tag}"
    first, second = await run_of(campus, me, bob), await run_of(campus, me, bob)
    thread = await ask(campus, first, "One", bob)
    for text, user in (("a", bob), ("b", me), ("c", bob)):
        await campus.send(f"{thread}/posts", {"parent_no": 1, "text": text}, user=user)
    await campus.send(f"{thread}/posts/4/remove", {}, user=bob)
    await campus.send(f"{thread}/posts", {"parent_no": 1, "text": "d"}, user=bob)
    muted = await ask(campus, first, "Muted", bob)
    await campus.send(f"{muted}/level", {"level": "muted"})
    position = await ask_and_reply(campus, second, bob)

    async def unread(position: int) -> Any:
        found = await campus.see(UNREAD, position, user=me)
        for run in (first, second):
            own = await campus.see(f"/runs/{run}/unread", position, user=me)
            of_run = [each for each in found["runs"] if each["run_id"] == run]
            assert [{"run_id": run, **own}] == of_run or (own["posts"] == 0 and of_run == [])
        return found

    assert await unread(position) == {
        "threads": 2,
        "posts": 5,
        "runs": [
            {"run_id": first, "threads": 1, "posts": 3},
            {"run_id": second, "threads": 1, "posts": 2},
        ],
    }
    position = await campus.send(f"{thread}/read", {"post_no": 2})
    assert [each["posts"] for each in (await unread(position))["runs"]] == [1, 2]
    position = await campus.send(f"{thread}/read", {"post_no": 5})
    assert [each["run_id"] for each in (await unread(position))["runs"]] == [second]
    position = await campus.send("/enrollments/withdraw", {"run_id": second})
    assert await campus.see(UNREAD, position, user=me) == {"threads": 0, "posts": 0, "runs": []}


async def ask_and_reply(campus: Campus, run: str, user: str) -> int:
    """A thread of two posts; the position of the second."""
    return await campus.send(f"{await ask(campus, run, 'Two', user)}/posts", {"parent_no": 1, "text": "e"}, user=user)


async def test_own_threads_come_from_all_runs(campus: Campus) -> None:
    """The latest first, in pages; of others those that are unread, and none of runs without a place."""
    me, bob = campus.learner, f"bob-{campus.tag}"
    first, second = await run_of(campus, me, bob), await run_of(campus, me, bob)
    third = await run_of(campus, bob)
    await ask(campus, first, "Mine in one")
    pinned = await ask(campus, first, "Of Bob in one", bob)
    await ask(campus, third, "Of Bob in three", bob)
    await campus.send(f"{pinned}/pin", {"pinned": True}, user="instructor")
    mine = await ask(campus, second, "Mine in two", kind="discussion")
    position = await campus.send(f"{mine}/posts", {"parent_no": 1, "text": "?"}, user=bob)

    async def titles(**asked: Any) -> list[str]:
        return [each["title"] for each in (await campus.see(THREADS, position, user=me, **asked))["items"]]

    assert await titles() == ["Mine in two", "Of Bob in one", "Mine in one"]
    assert await titles(mine=True) == ["Mine in two", "Mine in one"]
    assert await titles(mine=True, kind="question", state="unanswered") == ["Mine in one"]
    assert await titles(unread=True) == ["Mine in two", "Of Bob in one"]
    page = await campus.see(THREADS, position, user=me, limit=2)
    assert [each["title"] for each in page["items"]] == ["Mine in two", "Of Bob in one"]
    assert await titles(limit=2, cursor=page["next"]) == ["Mine in one"]
    assert (await campus.see(THREADS, position, user=f"eve-{campus.tag}"))["items"] == []
