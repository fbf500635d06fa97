"""Notifications of who has signed in: the inbox, and what to be notified of."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Response
from markupsafe import Markup

from adapters.markdown import html_of
from web.client import Problem
from web.forum import AT_ONCE, addressed
from web.page import Page, own_address
from web.routing import Pages

pages = Pages()
FIELDS = ("quiet_begins", "quiet_ends", "every", "time", "weekday")
"""Of the form that says when mails come."""
ON_OFF = {"on": True, "off": False}
GROUPED = frozenset(("question_answered", "post_replied", "thread_posted"))
"""Templates of which several about one thread are shown as one."""
MOST_GROUPED = 100
SWITCH = "switch-"
"""How the fields of switches begin; then come kind and channel, with a dot between, each empty where it is all."""


@pages.get("/notifications")
async def inbox_page(page: Page) -> Response:
    """What the person was notified of, the latest first, and why."""
    only_unread = page.query.get("unread") == "yes"
    found = await page.api.read(
        "/v1/me/notifications", cursor=page.query.get("cursor"), unread="true" if only_unread else None
    )
    page.unread = found["unread"]  # for the position that was waited for
    return page.html(
        "notifications/inbox.html",
        found=found.body,
        groups=grouped(found["items"]),
        position=found.position,
        only_unread=only_unread,
    )


def grouped(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Notifications of one page, where several of a thread that are read or unread alike are one with their number."""
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    for each in items:
        thread_id = each["about"]["thread_id"]
        key: tuple[str, ...] = (each["notification_id"],)
        if thread_id is not None and each["template"] in GROUPED:
            key = (each["template"], thread_id, str(each["is_read"]))
        group = groups.setdefault(key, {**each, "ids": []})
        group["ids"].append(each["notification_id"])
    return list(groups.values())


@pages.post("/notifications")
async def change_inbox(page: Page) -> Response:
    """Open a notification, mark it or all as read, or put it away."""
    form = await page.form()
    act, numbers = form.get("do", ""), form.get("notification_id", "").split(",")[:MOST_GROUPED]
    if act == "read-all":
        through = form.get("through", "")
        body = {"through": int(through) if through.isascii() and through.isdigit() and len(through) < 19 else 0}
        answer = await page.api.send("/v1/me/notifications/read", body=body)
        return page.go("/notifications", answer, page.say("All is read."))
    if act == "archive":
        answers = [await page.api.send("/v1/me/notifications/{}/archive", number) for number in numbers]
        return page.go("/notifications", answers[-1], page.say("It is put away."))
    answer = [await page.api.send("/v1/me/notifications/{}/read", number) for number in numbers][-1]
    return page.go(own_address(form.get("to", ""), "/notifications"), answer)


@pages.get("/bell", whole=False)
async def bell(page: Page) -> Response:
    """What stands at the bell of each page, which is drawn again when the inbox has changed."""
    found = await page.api.read("/v1/me/notifications/unread")
    return page.part("notifications/bell.html", unread=found["unread"])


@pages.get("/messages/{message_id}")
async def message_page(page: Page) -> Response:
    """A message of those who teach, in the language of the reader if it is in it."""
    found = await page.api.read("/v1/me/messages/{}", page.parts["message_id"])
    says = {each["language"]: each for each in reversed(found["says"])}
    said = says.get(page.reader.language, found["says"][0])
    text = Markup(html_of(said["text"]))  # noqa: S704 - html_of cleans
    return page.html(
        "notifications/message.html", message=found.body, title=said["title"], language=said["language"], text=text
    )


@pages.get("/forum/{run_id}/{thread_id}")
async def lead_to_thread(page: Page) -> Response:
    """The way to a post, from a notification, on the desk on which who asks reads the forum of the run."""
    run_id, thread_id, desk = page.parts["run_id"], page.parts["thread_id"], "learn"
    if "teach" in page.desks:
        try:
            await page.api.read("/v1/me/runs/{}/player", run_id)
        except Problem:
            desk = "teach"
    post = page.number("post") or 1
    before = (post - 1) // AT_ONCE * AT_ONCE
    query = f"?after={before}" if before else ""
    return page.go(f"{addressed(desk, run_id, f'/{thread_id}')}{query}#post-{post}")


@pages.get("/account/notifications")
async def settings_page(page: Page) -> Response:
    """What to be notified of, and by which channel."""
    return await _settings(page)


@pages.post("/account/notifications")
async def change_settings(page: Page) -> Response:
    """Set the switches that the form names, or when mails come."""
    form, chosen = await page.form(), []
    if form.get("do") == "schedule":
        return await _change_schedule(page, form)
    if form.get("do") == "mailbox":
        return await _confirm_mailbox(page)
    for name, value in form.items():
        if name.startswith(SWITCH):
            kind, _, channel = name.removeprefix(SWITCH).partition(".")
            chosen.append({"kind": kind or None, "channel": channel or None, "on": ON_OFF.get(value)})
    try:
        answer = await page.api.send("/v1/me/notifications/settings", body={"switches": chosen})
    except Problem as problem:
        return await _settings(page, problem)
    return page.go("/account/notifications", answer, page.say("Saved."))


@pages.get("/unsubscribe/{token}", visitors=True)
async def unsubscribe_page(page: Page) -> Response:
    """A button, so that a program that looks at links of mails stops nothing."""
    return page.html("notifications/unsubscribe.html", kind="", problem=None)


@pages.post("/unsubscribe/{token}", visitors=True)
async def unsubscribe(page: Page) -> Response:
    """Stop mails of a kind; a mail program sends this by itself (RFC 8058), with no cookie and any body."""
    try:
        answer = await page.api.send("/v1/notifications/unsubscribe", body={"token": page.parts["token"]})
    except Problem as problem:
        return page.html("notifications/unsubscribe.html", problem.status, kind="", problem=problem)
    return page.html("notifications/unsubscribe.html", kind=answer["kind"], problem=None)


async def _confirm_mailbox(page: Page) -> Response:
    """Have the address asked from which mails came back."""
    try:
        answer = await page.api.send("/v1/me/mailbox/confirmation")
    except Problem as problem:
        return await _settings(page, problem)
    return page.go("/account/notifications", answer, page.say("A mail is on its way. Follow the link in it."))


async def _change_schedule(page: Page, form: Mapping[str, str]) -> Response:
    """Quiet hours where both times are given, and a digest."""
    wanted = {name: form.get(name, "") for name in FIELDS}
    weekday = wanted["weekday"]
    body = {
        "quiet": {"begins": wanted["quiet_begins"], "ends": wanted["quiet_ends"]}
        if wanted["quiet_begins"] or wanted["quiet_ends"]
        else None,
        "digest": {
            "every": wanted["every"],
            "time": wanted["time"],
            "weekday": int(weekday) if wanted["every"] == "week" and weekday in list("1234567") else None,
        }
        if wanted["every"] != "no"
        else None,
    }
    try:
        answer = await page.api.send("/v1/me/notifications/schedule", body=body)
    except Problem as problem:
        return await _settings(page, problem, wanted)
    return page.go("/account/notifications", answer, page.say("Saved."))


async def _settings(page: Page, problem: Problem | None = None, wanted: Mapping[str, str] | None = None) -> Response:
    found, schedule, mailbox = await asyncio.gather(
        page.api.get("/v1/me/notifications/settings"),
        page.api.get("/v1/me/notifications/schedule"),
        page.api.get("/v1/me/mailbox"),
    )
    return page.html(
        "account/notifications.html",
        200 if problem is None else problem.status,
        switches=found["switches"],
        schedule=schedule,
        mailbox=mailbox,
        wanted=wanted or _wanted(schedule),
        weekdays=[(str(day), page.reader.locale.days["stand-alone"]["wide"][day - 1]) for day in range(1, 8)],
        problem=problem,
    )


def _wanted(schedule: Any) -> dict[str, str]:
    """The fields of the form, as it is now."""
    quiet, digest = schedule["quiet"] or {}, schedule["digest"] or {}
    return {
        "quiet_begins": quiet.get("begins", ""),
        "quiet_ends": quiet.get("ends", ""),
        "every": digest.get("every", "no"),
        "time": digest.get("time", "08:00"),
        "weekday": str(digest.get("weekday") or 1),
    }
