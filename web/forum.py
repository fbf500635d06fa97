"""
The forum of a run on two desks: the same threads and posts, for who learns there and for who teaches there.

Each post has its forms; what a form asks for is its field `do`. A page that shows what is new notes that it was read,
unless it only looks again by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import Response

from domain.forum import MOST_QUOTES
from web.client import Answer, Problem, on_the_form
from web.forum_texts import quoting, texts_of, typed_of, versions_of
from web.mentions import offered, with_ids
from web.page import Page
from web.routing import Pages

AT_ONCE = 50  # posts of a page
KINDS, STATES = ("question", "discussion"), ("unanswered", "unsolved", "solved")


class ForumRun(NamedTuple):
    """A run as a desk shows it, and its units, by id and title."""

    run: Mapping[str, Any]
    units: Sequence[tuple[str, str]]


RunOf = Callable[[Page], Awaitable[ForumRun]]


def pages_of(desk: str, run_of: RunOf) -> Pages:
    """The pages of the forum of a run on a desk, whose templates say what its people can do there."""
    pages = Pages()

    @pages.get(addressed(desk, "{run_id}"))
    async def forum_page(page: Page) -> Response:
        return await shown_threads(page, desk, run_of)

    @pages.post(addressed(desk, "{run_id}"))
    async def ask(page: Page) -> Response:
        form = await page.form()
        try:
            return await asked(page, desk, form)
        except Problem as problem:
            return await shown_threads(page, desk, run_of, on_the_form(problem), form)

    @pages.get(addressed(desk, "{run_id}", "/{thread_id}"))
    async def thread_page(page: Page) -> Response:
        try:
            return await shown_thread(page, desk, run_of)
        except Problem as problem:
            return _led_on(page, desk, problem)

    @pages.post(addressed(desk, "{run_id}", "/{thread_id}"))
    async def act(page: Page) -> Response:
        form = await page.form()
        try:
            return await done(page, desk, form)
        except Problem as problem:
            return await shown_thread(page, desk, run_of, on_the_form(problem), form)

    @pages.get(addressed(desk, "{run_id}", "/{thread_id}/posts/{post_no}"))
    async def history(page: Page) -> Response:
        try:
            return await shown_versions(page, desk, run_of)
        except Problem as problem:
            return _led_on(page, desk, problem, f"/posts/{page.parts['post_no']}")

    return pages


async def shown_threads(
    page: Page, desk: str, run_of: RunOf, problem: Problem | None = None, form: Mapping[str, str] = {}
) -> Response:
    """The page of the threads of a run, with what was typed and refused."""
    run, found, topics, people = await asyncio.gather(run_of(page), threads_of(page), topics_of(page), offered(page))
    values = {
        **run._asdict(),
        "threads": found.body,
        "topics": topics["items"],
        "people": people,
        "form": form,
        "problem": problem,
        "position": found.position,
    }
    return page.html(f"{desk}/forum.html", problem.status if problem else 200, **values)


async def shown_thread(
    page: Page, desk: str, run_of: RunOf, problem: Problem | None = None, form: Mapping[str, str] = {}
) -> Response:
    """The page of a thread, with what was typed and refused."""
    run, found, topics, people = await asyncio.gather(run_of(page), thread_of(page), topics_of(page), offered(page))
    if problem is None:
        await note_read(page, found)
    values = {
        **run._asdict(),
        "found": found.body,
        "topics": topics["items"],
        "people": people,
        "form": form or quoting(page, found),
        "after": first_after(page),
        "problem": problem,
        "position": found.position,
        "texts": texts_of(page, found),
        "typed": typed_of(found),
    }
    return page.html(f"{desk}/thread.html", problem.status if problem else 200, **values)


async def shown_versions(page: Page, desk: str, run_of: RunOf) -> Response:
    """The page of what a post has said before."""
    parts = [page.parts[name] for name in ("run_id", "thread_id", "post_no")]
    run, found = await asyncio.gather(run_of(page), page.api.get("/v1/runs/{}/threads/{}/posts/{}/versions", *parts))
    return page.html(f"{desk}/post.html", **run._asdict(), versions=versions_of(found), position=found.position)


def _led_on(page: Page, desk: str, problem: Problem, rest: str = "") -> Response:
    """To where a thread of another run is now; what is refused for another reason is raised again."""
    if problem.code != "thread_elsewhere":
        raise problem
    return page.go(addressed(desk, problem.facts["to_run"], f"/{page.parts['thread_id']}{rest}"))


def addressed(desk: str, run_id: str, rest: str = "") -> str:
    """The address of a page of the forum of a run on a desk."""
    return f"/{desk}/runs/{run_id}/forum{rest}"


async def threads_of(page: Page) -> Answer:
    """The threads that the query asks for."""
    query = page.query
    kind, state = query.get("kind", ""), query.get("state", "")
    return await page.api.read(
        "/v1/runs/{}/threads",
        page.parts["run_id"],
        kind=kind if kind in KINDS else None,
        state=state if state in STATES else None,
        unit_id=query.get("unit_id"),
        topic_id=query.get("topic") or None,
        unread="true" if query.get("show") == "unread" else None,
        mine="true" if query.get("show") == "mine" else None,
        cursor=query.get("cursor"),
        limit=AT_ONCE,
    )


async def topics_of(page: Page) -> Answer:
    """The topics of the run that the reader sees."""
    return await page.api.read("/v1/runs/{}/topics", page.parts["run_id"])


async def asked(page: Page, desk: str, form: Mapping[str, str]) -> Response:
    """Open a thread, and go to it; raises Problem."""
    run_id = page.parts["run_id"]
    body: dict[str, Any] = {name: form.get(name, "") for name in ("kind", "title", "text")}
    body["text"] = await with_ids(page, body["text"])
    body |= {"unit_id": form.get("unit_id") or None, "anonymous": form.get("anonymous") == "on"}
    body |= {"topic_id": form["topic_id"]} if form.get("topic_id") else {}
    answer = await page.api.send("/v1/runs/{}/threads", run_id, body=body, key=form.get("key", ""))
    return page.go(addressed(desk, run_id, f"/{answer['thread_id']}"), answer, page.say("Your thread is there."))


async def thread_of(page: Page) -> Answer:
    """The thread of the address with posts after the number that the query has."""
    return await page.api.read(
        "/v1/runs/{}/threads/{}",
        page.parts["run_id"],
        page.parts["thread_id"],
        after=first_after(page) or None,
        limit=AT_ONCE,
    )


def first_after(page: Page) -> int:
    """After which post the page begins: as its address says, or so that the post is on it which the address names."""
    return page.number("after") or max(0, (page.number("post") or 1) - 1) // AT_ONCE * AT_ONCE


async def note_read(page: Page, found: Answer) -> None:
    """Note that the posts of the page were read, if one of them is new and the page is not only drawn again."""
    shown = found["items"][-1]["post_no"] if found["items"] else 0
    if shown <= found["thread"]["read_through"] or "hx-request" in page.request.headers:
        return
    try:
        await _send(page, "/read", {"post_no": shown}, shows=True)
    except Problem as problem:
        if problem.status >= 500:
            raise


async def done(page: Page, desk: str, form: Mapping[str, str]) -> Response:
    """Do what a form of the page asks for, and go back to the page; raises Problem."""
    do, number = form.get("do", ""), form.get("post_no", "")
    place, body = _command(do, number, form)
    if "text" in body:
        body["text"] = await with_ids(page, body["text"])
    answer = await _send(page, place, body, key=form.get("key", ""))
    target = answer.body.get("post_no") or number
    address = addressed(desk, page.parts["run_id"], f"/{page.parts['thread_id']}")
    after = max(0, int(target) - AT_ONCE) if do == "reply" else first_after(page)
    query, anchor = f"?after={after}" if after else "", f"#post-{target}" if target else ""
    return page.go(f"{address}{query}{anchor}", answer, _said(page, do))


def _said(page: Page, do: str) -> str:
    """What the page says of what was done; a vote is seen."""
    return {
        "reply": page.say("Your reply is there."),
        "edit": page.say("Your post was changed."),
        "remove": page.say("The post is shown no more."),
        "restore": page.say("The post is shown again."),
        "accept": page.say("The answer is accepted."),
        "withdraw": page.say("The question has no accepted answer now."),
        "pin": page.say("The thread stands before all others."),
        "unpin": page.say("The thread stands where its posts put it."),
        "close": page.say("The thread takes no more posts."),
        "reopen": page.say("The thread takes posts again."),
        "move": page.say("The thread was moved."),
        "slow": page.say("The thread is slowed down."),
        "topic": page.say("The thread was moved."),
        "report": page.say("Your report is with those who teach the run. No learner reads who has sent it."),
        "level": page.say("From now on you hear as much of the thread as you have said."),
    }.get(do, "")


def _command(do: str, number: str, form: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The route of a form's command under that of the thread, and its body."""
    post = f"/posts/{number}"
    whole = int(number) if number.isdecimal() and number.isascii() and len(number) < 8 else 0
    quoted = [int(each) for each in form.get("quotes", "").split(",") if each.isdecimal() and len(each) < 8]
    said = {"text": form.get("text", ""), "quotes": quoted[:MOST_QUOTES]}
    commands: dict[str, tuple[str, dict[str, Any]]] = {
        "reply": (
            "/posts",
            {"parent_no": whole, **said, "anonymous": form.get("anonymous") == "on"},
        ),
        "edit": (post, {"title": form.get("title") or None, **said}),
        "remove": (f"{post}/remove", {"ground": form.get("ground") or "own_wish"}),
        "restore": (f"{post}/restore", {}),
        "slow": ("/slow", {"seconds": _seconds(form.get("seconds", ""))}),
        "report": (f"{post}/report", {"ground": form.get("ground", ""), "words": form.get("words", "")}),
        "up": (f"{post}/vote", {"value": 1}),
        "down": (f"{post}/vote", {"value": -1}),
        "unvote": (f"{post}/vote", {"value": 0}),
        "accept": ("/answer", {"post_no": whole}),
        "withdraw": ("/answer", {"post_no": None}),
        "level": ("/level", {"level": form.get("level", "")}),
        "pin": ("/pin", {"pinned": True}),
        "unpin": ("/pin", {"pinned": False}),
        "close": ("/close", {"ground": form.get("ground", "")}),
        "reopen": ("/reopen", {}),
        "move": ("/move", {"unit_id": form.get("unit_id") or None}),
        "topic": ("/topic", {"topic_id": form.get("topic_id", "")}),
    }
    if do not in commands or (post in commands[do][0] and not whole):
        raise Problem(400, {"code": "bad_request", "detail": ""})
    return commands[do]


def _seconds(text: str) -> int | str:
    """Seconds as typed; what is no number is for the API to refuse."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 8 else text


async def _send(page: Page, place: str, body: dict[str, Any], key: str = "", *, shows: bool = False) -> Answer:
    path, parts = f"/v1/runs/{{}}/threads/{{}}{place}", (page.parts["run_id"], page.parts["thread_id"])
    return await page.api.send(path, *parts, body=body, key=key, shows=shows)
