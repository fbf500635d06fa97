"""Quotes and earlier versions over HTTP: what a post has said is shown where it may be read, and nowhere else."""

from typing import Any

from adapters.settings import Settings
from tests.support.api import Campus
from tests.support.appends import opened
from tests.support.forum import TEXT, asked
from tests.support.roles import as_process

WORDS = "I count **six** rows."


async def quoted(campus: Campus, **more: Any) -> tuple[str, int]:
    """A thread in which the second post quotes the first; its address, and a position."""
    thread = await asked(campus, **more)
    body = {"parent_no": 1, "text": f"> {WORDS}\n\nSeven!"}
    return thread, await campus.send(f"{thread}/posts", body, user=f"bob-{campus.tag}")


async def test_a_quote_is_a_reference(campus: Campus) -> None:
    """The text has none of the words; the answer has them beside it."""
    thread, position = await quoted(campus)
    post = (await campus.see(thread, position, user=campus.learner))["items"][1]
    mark = f">[#1.0 0-{len(TEXT)}]"
    assert post["text"] == f"{mark}\n\nSeven!"
    assert post["quotes"] == [{"mark": mark, "post_no": 1, "words": TEXT, "gone": None}]


async def test_words_that_are_taken_out_are_gone_from_quotes(campus: Campus) -> None:
    """For learners; their author and the staff see what they were. An edit that keeps them changes nothing."""
    thread, position = await quoted(campus)
    bob = f"bob-{campus.tag}"

    async def words(user: str) -> tuple[str | None, str | None]:
        found = (await campus.see(thread, position, user=user))["items"][1]["quotes"][0]
        return found["words"], found["gone"]

    position = await campus.send(f"{thread}/posts/1", {"title": "Why?", "text": f"Well. {WORDS}"})
    assert await words(bob) == (TEXT, None)
    position = await campus.send(f"{thread}/posts/1", {"title": "Why?", "text": "I count them."})
    assert await words(bob) == (None, "changed")
    assert await words(campus.learner) == await words("instructor") == (TEXT, None)
    position = await campus.send(f"{thread}/posts/1/remove", {"ground": "rude"}, user="instructor")
    assert await words(bob) == (None, "removed")
    assert await words(campus.learner) == (TEXT, None)


async def test_an_anonymous_author_who_is_quoted_stays_anonymous(campus: Campus) -> None:
    """The quote has the number of the post alone."""
    thread, position = await quoted(campus, anonymous=True)
    await campus.see(thread, position, user=f"bob-{campus.tag}")
    assert campus.learner not in (await campus.get(thread, user=f"bob-{campus.tag}")).text


async def test_words_of_an_erased_person_are_gone_from_quotes(lively: Settings, campus: Campus) -> None:
    """From the posts of others, too, and for everyone."""
    thread, position = await quoted(campus)
    await campus.see(thread, position, user=campus.learner)
    async with opened(as_process(lively, "dispatcher")) as log:
        await log.keys.destroy(campus.learner)
    for user in (f"bob-{campus.tag}", "instructor"):
        answer = await campus.get(thread, user=user)
        assert "six" not in answer.text
        assert answer.json()["items"][1]["quotes"][0]["gone"] == "erased"


async def test_a_merged_thread_keeps_its_quotes(campus: Campus) -> None:
    """And what its posts have said before; both are read where they stand."""
    thread, _ = await quoted(campus)
    await campus.send(f"{thread}/posts/1", {"title": "Why?", "text": f"Well. {WORDS}"})
    new = {"kind": "question", "title": "The same?", "text": "Why?"}
    into = (await campus.post(f"/runs/{campus.run}/threads", new)).json()["thread_id"]
    position = await campus.send(f"{thread}/merge", {"into": into}, user="admin")
    found = await campus.see(thread, position, user=f"bob-{campus.tag}")
    assert (found["thread"]["merged_into"], found["items"][1]["quotes"][0]["words"]) == (into, TEXT)
    assert len((await campus.get(f"{thread}/posts/1/versions", user=campus.learner)).json()["items"]) == 2


async def test_what_a_post_has_said_before_is_for_its_author_and_the_staff(campus: Campus) -> None:
    """In its versions; others read that it was changed."""
    thread = await asked(campus)
    position = await campus.send(f"{thread}/posts/1", {"title": "Why?", "text": "Seven."})
    versions = f"{thread}/posts/1/versions"
    for user in (campus.learner, "instructor"):
        found = (await campus.see(versions, position, user=user))["items"]
        assert [(each["edit_no"], each["text"]) for each in found] == [(0, TEXT), (1, "Seven.")]
    refused = await campus.get(versions, user=f"bob-{campus.tag}")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_the_author")
    assert (await campus.get(f"{thread}/posts/7/versions", user=campus.learner)).json()["code"] == "post_not_found"
