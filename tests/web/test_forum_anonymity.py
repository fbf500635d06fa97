"""
Who has written an anonymous post is in no answer to a learner: every route of the API and the pages around a forum are
asked by a learner of the run, by one who is not on it and by a visitor, for everything that there is to name.

Streams are asked in tests/api/forum/test_live.py.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import httpx

from tests.support.api import Campus
from tests.support.described import LEFT_OUT_PATHS
from tests.support.description import description
from tests.support.pages import Reader
from tests.support.people import Town

NAME = "Canaria Lovelace"
MOST = 60  # requests of one route


def filled(path: str, known: dict[str, list[str]]) -> Iterator[str]:
    """The path with what there is in the place of its parts."""
    parts = re.findall(r"\{(\w+)\}", path)
    for values in itertools.islice(itertools.product(*(known.get(part, ["x"]) for part in parts)), MOST):
        yield path.format(**dict(zip(parts, values, strict=True)))


async def conversation(town: Town, campus: Campus, ada: Reader, bob: Reader) -> str:
    """Ada asks, answers, mentions, changes, is quoted and accepts without a name; the thread, once it is there."""
    changed = {"display_name": NAME, "language": "en", "time_zone": "UTC"}
    assert (await ada.send("/account", changed)).status_code in {200, 303}
    me, him = ada.browser, bob.browser
    await campus.send("/enrollments", {"run_id": campus.run}, user=him.learner_id)
    await bob.once_built(f"/learn/runs/{campus.run}")
    threads = f"/runs/{campus.run}/threads"
    question = {"kind": "question", "title": "Why?", "text": "I count **six** rows.", "anonymous": True}
    asked = (await me.post(threads, question)).json()
    thread = f"{threads}/{asked['thread_id']}"
    quote = {"parent_no": 1, "text": "> I count **six** rows.\n\nSeven."}
    position = (await him.post(f"{thread}/posts", quote)).json()["position"]
    await campus.see(f"/runs/{campus.run}/mentionable", position, user=me.learner_id)
    comment = {"parent_no": 2, "text": f"Sure, @[{him.learner_id}]?", "anonymous": True}
    assert (await me.post(f"{thread}/posts", comment)).status_code == 202
    steps: dict[str, dict[str, Any]] = {
        f"{thread}/posts/3": {"text": f"Really sure, @[{him.learner_id}]?"},
        f"{thread}/posts/2/vote": {"value": 1},
        f"{thread}/answer": {"post_no": 2},
        f"{thread}/posts/3/remove": {"ground": "own_wish"},
        f"{thread}/posts/3/restore": {},
        f"{thread}/read": {"post_no": 3},
    }
    for path, body in steps.items():
        answer = await me.post(path, body)
        assert answer.status_code == 202, (path, answer.text)
    await campus.see(thread, answer.json()["position"], user="instructor")
    return str(asked["thread_id"])


async def test_no_learner_is_answered_who_has_written(town: Town, campus: Campus, ada: Reader) -> None:
    """Neither id nor name nor address, in a body or a header; what names the author in its address is refused."""
    bob, eve = [Reader(town, await town.settle(f"{name}@example.org")) for name in ("bob", "eve")]
    thread_id = await conversation(town, campus, ada, bob)
    hers = ada.browser.learner_id
    of_staff = await campus.get(f"/runs/{campus.run}/threads/{thread_id}", user="instructor")
    assert hers in of_staff.text
    assert NAME in of_staff.text
    head = await town.log.head()
    known = {
        "run_id": [campus.run],
        "thread_id": [thread_id],
        "topic_id": ["general"],
        "post_no": ["1", "2", "3"],
        "course_id": [campus.course],
        "quiz_id": [campus.quiz],
        "learner_id": [hers, bob.browser.learner_id],
        "attempt_no": ["1"],
        "unit_id": ["q1"],
        "position": [str(each) for each in range(head, max(0, head - 30), -1)],
        "name": ["forum", "forum_activity", "inbox"],
    }
    paths = [path for path, operations in description()["paths"].items() if "get" in operations]
    asked = answered = 0
    for path in paths:
        if re.search(LEFT_OUT_PATHS, path):
            continue
        for address, reader in itertools.product(filled(path, known), (bob, eve, Reader(town, town.browser()))):
            answer = await town.client.get(address, headers=reader.browser.cookie)
            asked, answered = asked + 1, answered + (answer.status_code == 200)
            shows_no_author(address, answer, hers)
    assert asked > len(paths)
    assert answered > 100


async def test_no_page_shows_who_has_written(town: Town, campus: Campus, ada: Reader) -> None:
    """The forum, the thread at each of its posts, versions, notifications, what is searched, and the own export."""
    bob = Reader(town, await town.settle("bob@example.org"))
    thread_id = await conversation(town, campus, ada, bob)
    forum = f"/learn/runs/{campus.run}/forum"
    thread = f"{forum}/{thread_id}"
    for address in (
        *("/learn", "/notifications", "/search?q=Canaria", "/search?q=six", f"/learn/runs/{campus.run}", forum),
        *(f"{forum}?show={what}" for what in ("unread", "mine")),
        *(f"{forum}?state={what}" for what in ("solved", "unsolved", "unanswered")),
        *(thread, f"{thread}?post=3", f"{thread}?quote=1", f"{thread}?quote=2"),
        *(f"{thread}/posts/{number}" for number in (1, 2, 3)),
    ):
        shows_no_author(address, await bob.get(address), ada.browser.learner_id)
    sent = [f"{mail.subject} {mail}" for mail in town.inbox.mails if "bob@example.org" in mail.to]
    assert not [mail for mail in sent if NAME in mail or ada.browser.learner_id in mail]


def shows_no_author(address: str, answer: httpx.Response, learner_id: str) -> None:
    """An answer has no word of who has written."""
    text = f"{answer.text} {answer.headers}"
    assert NAME not in text, (address, text[:2_000])
    assert "ada@example.org" not in text, (address, text[:2_000])
    if learner_id in address:
        assert answer.status_code >= 300, (address, text[:2_000])
    else:
        assert learner_id not in text, (address, text[:2_000])
