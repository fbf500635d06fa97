"""The forum is searched over HTTP: by words and errors, narrowed, marked, and never beyond what a reader may see."""

from typing import Any

import pytest

from adapters.postgres.connection import connect
from adapters.settings import Settings
from tests.api.forum.test_topics import made, run_with_cohorts
from tests.support.api import Campus
from tests.support.appends import opened
from tests.support.roles import as_process
from workers.dispatching import forum_search

SEARCH = "/me/forum/search"


class Forum:
    """A campus with an index of its forum."""

    def __init__(self, campus: Campus, settings: Settings) -> None:
        self.campus, self.settings = campus, as_process(settings, "dispatcher")
        self.bob = f"bob-{campus.tag}"

    async def index(self) -> None:
        """Bring the index to the end of the log."""
        async with opened(self.settings) as log, await connect(self.settings, application="test") as connection:
            following = await forum_search.begin(log, connection)
            assert following is not None
            while await following.step():
                pass

    async def head(self) -> int:
        """The position of the last fact."""
        async with opened(self.settings) as log:
            return await log.head()

    async def find(self, user: str = "", **asked: Any) -> dict[str, Any]:
        """What is found, once all that has happened is indexed."""
        head = await self.head()
        await self.index()
        found: dict[str, Any] = await self.campus.see(SEARCH, head, user=user or self.campus.learner, **asked)
        return found

    async def texts(self, user: str = "", **asked: Any) -> list[str]:
        """The excerpts of what is found, with hits in brackets."""
        found = await self.find(user, **asked)
        return [
            "".join(f"[{part['text']}]" if part["hit"] else part["text"] for part in each["excerpt"])
            for each in found["items"]
        ]

    async def ask(self, title: str, text: str, user: str = "", **more: Any) -> str:
        """Open a thread; its path."""
        body = {"kind": "question", "title": title, "text": text, **more}
        answer = await self.campus.post(f"/runs/{self.campus.run}/threads", body, user=user)
        assert answer.status_code == 202, answer.text
        return f"/runs/{self.campus.run}/threads/{answer.json()['thread_id']}"


@pytest.fixture
async def forum(campus: Campus, lively: Settings) -> Forum:
    """A run with two learners."""
    await campus.open_run()
    await campus.enroll()
    forum = Forum(campus, lively)
    await campus.enroll(forum.bob)
    return forum


async def test_posts_are_found_by_words(forum: Forum) -> None:
    """By their beginnings and with errors, all of them, and marked; the title of a thread counts more."""
    tag = forum.campus.tag
    thread = await forum.ask(f"Multiplication {tag}", "Why are there *six* rows?")
    await forum.campus.send(f"{thread}/posts", {"parent_no": 1, "text": f"Count **seven** rows {tag}."}, user=forum.bob)
    assert await forum.texts(q=f"rows {tag}") == ["Why are there six [rows]?", f"Count seven [rows] [{tag}]."]
    assert await forum.texts(q=f"sev {tag}") == [f"Count [seven] rows [{tag}]."]
    found = await forum.find(q=f"sevem {tag}")
    assert (found["matched"], found["alike"]) == ("alike", {"sevem": ["seven"]})
    assert await forum.texts(q=f"multiplicaiton {tag}") == ["Why are there six rows?"]
    assert await forum.texts(q=f"seven absent {tag}") == []
    assert await forum.texts(q="!?") == []


async def test_posts_are_narrowed(forum: Forum) -> None:
    """By run, unit, kind, state, author and time; what is counted is what was found."""
    tag, run = forum.campus.tag, forum.campus.run
    thread = await forum.ask("One", f"first {tag}", unit_id="q1")
    await forum.campus.send(f"{thread}/posts", {"parent_no": 1, "text": f"second {tag}"}, user=forum.bob)
    await forum.campus.send(f"{thread}/answer", {"post_no": 2})
    await forum.ask("Two", f"third {tag}", user=forum.bob, kind="discussion")
    found = await forum.find(q=tag)
    counts = {name: {each["value"]: each["posts"] for each in found["facets"][name]} for name in found["facets"]}
    assert counts == {
        "run": {run: 3},
        "unit": {"q1": 2},
        "kind": {"question": 2, "discussion": 1},
        "state": {"solved": 2},
        "author": {forum.campus.learner: 1, forum.bob: 2},
    }
    assert (found["total"], found["has_more"]) == (3, False)
    assert [each["accepted"] for each in found["items"]] == [False, True, False]
    mark = f"[{tag}]"
    for asked, texts in (
        ({"unit_id": "q1"}, [f"second {mark}", f"first {mark}"]),
        ({"kind": "discussion"}, [f"third {mark}"]),
        ({"state": "solved", "author": forum.bob}, [f"second {mark}"]),
        ({"state": "unsolved"}, []),
        ({"run_id": run, "author": forum.campus.learner}, [f"first {mark}"]),
        ({"since": "2100-01-01T00:00:00Z"}, []),
        ({"before": "2100-01-01T00:00:00Z", "limit": 1}, [f"third {mark}"]),
    ):
        assert await forum.texts(q=tag, **asked) == texts
    first = await forum.find(q=tag, limit=2)
    second = await forum.find(q=tag, limit=2, cursor=first["next"])
    assert [each["post_no"] for each in (*first["items"], *second["items"])] == [1, 2, 1]
    assert second["next"] is None


async def test_no_one_finds_what_they_may_not_read(forum: Forum) -> None:
    """Not in runs without a place; the staff find all, and an admin everywhere."""
    tag = forum.campus.tag
    await forum.ask("Secret", f"plan {tag}")
    assert await forum.texts(f"eve-{tag}", q=tag) == []
    assert await forum.texts(f"eve-{tag}", q=f"paln {tag}", run_id=forum.campus.run) == []
    assert await forum.texts(forum.bob, q=tag) == [f"plan [{tag}]"]
    assert await forum.texts("instructor", q=tag) == await forum.texts("admin", q=tag) == [f"plan [{tag}]"]


async def test_removed_posts_are_found_by_who_sees_them(forum: Forum) -> None:
    """Their author and the staff; a thread whose first post is removed is found by the same."""
    tag = forum.campus.tag
    thread = await forum.ask("Gone", f"rude {tag}")
    await forum.campus.send(f"{thread}/posts", {"parent_no": 1, "text": f"reply {tag}"}, user=forum.bob)
    await forum.campus.send(f"{thread}/posts/2/remove", {"ground": "rude"}, user="instructor")
    assert await forum.texts(q=tag) == [f"rude [{tag}]"]
    assert len(await forum.texts(forum.bob, q=tag)) == len(await forum.texts("instructor", q=tag)) == 2
    await forum.campus.send(f"{thread}/posts/1/remove", {"ground": "rude"}, user="instructor")
    assert await forum.texts(forum.bob, q=tag) == []
    assert await forum.texts(q=tag) == [f"rude [{tag}]"]
    assert len(await forum.texts("instructor", q=tag)) == 2


async def test_an_anonymous_author_is_found_by_the_staff_alone(forum: Forum) -> None:
    """And by the own eyes; a learner who asks for posts of that person finds those with the name only."""
    tag, author = forum.campus.tag, forum.campus.learner
    await forum.ask("Shy", f"hidden {tag}", anonymous=True)
    await forum.ask("Bold", f"open {tag}")
    texts = [f"open [{tag}]", f"hidden [{tag}]"]
    assert await forum.texts(forum.bob, q=tag) == texts
    assert await forum.texts(forum.bob, q=tag, author=author) == texts[:1]
    for user in (author, "instructor"):
        assert await forum.texts(user, q=tag, author=author) == texts
    seen = await forum.find(forum.bob, q=f"hidden {tag}")
    assert seen["facets"]["author"] == []
    assert author not in str(seen)
    assert (await forum.find("instructor", q=f"hidden {tag}"))["facets"]["author"][0]["value"] == author


async def test_an_edited_post_is_found_by_what_it_says_now(forum: Forum) -> None:
    """And no longer by what it said."""
    tag = forum.campus.tag
    thread = await forum.ask("Edited", f"before {tag}")
    assert await forum.texts(q=f"before {tag}") == [f"[before] [{tag}]"]
    await forum.campus.send(f"{thread}/posts/1", {"title": "Edited", "text": f"after {tag}"})
    assert await forum.texts(q=f"before {tag}") == []
    assert await forum.texts(q=f"after {tag}") == [f"[after] [{tag}]"]


async def test_what_a_cohort_says_is_found_there_alone(campus: Campus, lively: Settings) -> None:
    """By its learners and the staff; among own threads and unread posts, too."""
    path, bob, tag = await run_with_cohorts(campus), f"bob-{campus.tag}", campus.tag
    group = await made(campus, path, name="The group's", cohort_id="spring")
    forum = Forum(campus, lively)
    await forum.ask("Inner", f"circle {tag}", user="admin", topic_id=group)
    for user, texts in ((campus.learner, [f"circle [{tag}]"]), (bob, []), ("admin", [f"circle [{tag}]"])):
        assert await forum.texts(user, q=tag) == texts
    for user, posts in ((campus.learner, 1), (bob, 0)):
        assert (await campus.get("/me/forum/unread", user=user)).json()["posts"] == posts
        assert len((await campus.get("/me/forum/threads", user=user)).json()["items"]) == posts


async def test_a_mention_is_no_word(forum: Forum) -> None:
    """It is shown as the name of now, and finds nothing: a person is no text."""
    tag = forum.campus.tag
    thread = await forum.ask("Help", "first", user=forum.bob)
    await forum.campus.see(f"/runs/{forum.campus.run}/mentionable", await forum.head(), user=forum.bob)
    await forum.campus.send(f"{thread}/posts", {"parent_no": 1, "text": f"Ask @[{forum.bob}] about {tag}"})
    assert await forum.texts(q=tag) == [f"Ask @… about [{tag}]"]
    assert await forum.texts(q=f"bob {tag}") == []
