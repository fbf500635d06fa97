"""Messages to learners of a run: written, with who would get them, undone until they leave, and what became of them."""

import asyncio
from typing import Any

from fastapi import Response
from markupsafe import Markup

from adapters.markdown import html_of
from web.client import Answer, Problem
from web.page import Page
from web.routing import Pages
from web.teach.forms import Form
from web.teach.names import names_of
from web.teach.shared import address, run_of

pages = Pages()
MESSAGES = "/teach/runs/{run_id}/messages"
SECOND = "2"
"""Behind the names of fields of the second language."""


@pages.get(MESSAGES)
async def messages_page(page: Page) -> Response:
    """The messages of a run, and a form for another."""
    return await _shown(page, Form(page, {}))


@pages.post(MESSAGES)
async def write_message(page: Page) -> Response:
    """Show who would get it and how it reads, have it leave after a while, or undo one."""
    form, run_id = Form(page, await page.form()), page.parts["run_id"]
    try:
        if form["do"] == "undo":
            answer = await page.api.send("/v1/runs/{}/messages/{}/undo", run_id, form["message_id"])
            return page.go(address(run_id, "/messages"), answer, page.say("It does not leave."))
        if form["do"] == "look":
            return await _shown(page, form, await _audience(page, form))
        wait = form.whole("wait_minutes", 1, 43_200) or 10
        if form.is_right:
            body = {**_addressees(form), "says": _says(form), "wait_minutes": wait}
            answer = await page.api.send("/v1/runs/{}/messages", run_id, body=body, key=form["key"])
            said = page.say("It leaves in %(minutes)s minutes. Until then it can be undone.", minutes=wait)
            return page.go(address(run_id, "/messages"), answer, said)
    except Problem as problem:
        form.refused(problem)
    return await _shown(page, form)


@pages.get(f"{MESSAGES}/{{message_id}}")
async def message_page(page: Page) -> Response:
    """A message, and what has become of it for each learner."""
    run_id, message_id = page.parts["run_id"], page.parts["message_id"]
    run, messages, receipts = await asyncio.gather(
        run_of(page),
        page.api.read("/v1/runs/{}/messages", run_id),
        page.api.read("/v1/runs/{}/messages/{}/receipts", run_id, message_id, cursor=page.query.get("cursor")),
    )
    message = next(each for each in messages["items"] if each["message_id"] == message_id)
    return page.html(
        "teach/message.html",
        run=run.body,
        message=message,
        texts=texts_of(message),
        receipts=receipts.body,
        names=await names_of(page, (each["learner_id"] for each in receipts["items"])),
        position=receipts.position,
    )


def texts_of(message: Any) -> list[tuple[str, str, Markup]]:
    """What a message says: language, title, and the text as clean HTML."""
    return [
        (each["language"], each["title"], Markup(html_of(each["text"])))  # noqa: S704 - html_of cleans
        for each in message["says"]
    ]


async def _audience(page: Page, form: Form) -> Answer:
    asked = _addressees(form)
    return await page.api.read("/v1/runs/{}/messages/audience", page.parts["run_id"], **asked)


def _addressees(form: Form) -> dict[str, Any]:
    kind, _, cohort_id = form["addressees"].partition(":")
    return {"addressees": kind, "cohort_id": cohort_id or None}


def _says(form: Form) -> list[dict[str, str]]:
    """What is typed, in one language or two."""
    names = ("language", "title", "text")
    first, second = ({name: form[f"{name}{which}"] for name in names} for which in ("", SECOND))
    return [first, second] if second["title"] or second["text"] else [first]


async def _shown(page: Page, form: Form, audience: Answer | None = None) -> Response:
    run_id = page.parts["run_id"]
    run, messages = await asyncio.gather(run_of(page), page.api.read("/v1/runs/{}/messages", run_id))
    says = _says(form) if audience is not None else []
    preview = texts_of({"says": [each for each in says if each["title"] or each["text"]]})
    return page.html(
        "teach/messages.html",
        form.status,
        run=run.body,
        messages=messages["items"],
        form=form,
        audience=audience.body if audience is not None else None,
        preview=preview,
        names=await names_of(page, audience["first"] if audience is not None else ()),
        position=messages.position,
    )
