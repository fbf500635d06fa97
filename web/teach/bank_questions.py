"""One question of a bank: its form by its kind, as learners will see it, and whether it is drawn any more."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from web.client import NoSuchThing, Problem
from web.learn.answers import shown_text, with_gaps
from web.page import Page
from web.routing import Pages
from web.teach.forms import Form
from web.teach.question_form import KINDS, fields_of, note_refusal, question_of, rows_for

pages = Pages()
NEW = "/teach/banks/{bank_id}/new"
QUESTION = "/teach/banks/{bank_id}/questions/{question_id}"
OF_API = "/v1/question-banks/{}/questions"
GIVEN_UP = {"retire": "retire", "restore": "restore"}
SHOWN = ("preview", "kind", "more")
"""Buttons that only show the form again."""
USUAL = {
    "points": "1",
    "format": "plain",
    "shuffle": "on",
    "reuse": "on",
    "rule": "",
    "hint_penalty": "0",
    "lines": "15",
    "max_files": "1",
    "max_megabytes": "10",
}


@pages.get(NEW)
async def new_page(page: Page) -> Response:
    """A form for another question."""
    kind = page.query.get("kind", "")
    category = page.query.get("category", "")
    return await _shown(page, Form(page, {**USUAL, "kind": kind if kind in KINDS else KINDS[0], "category": category}))


@pages.post(NEW)
async def add(page: Page) -> Response:
    """Put the question into the bank."""
    return await _save(page, None)


@pages.get(QUESTION)
async def question_page(page: Page) -> Response:
    """The question in its newest version."""
    item = await _question(page)
    return await _shown(page, Form(page, {**USUAL, **_fields(item)}), item)


@pages.post(QUESTION)
async def change(page: Page) -> Response:
    """Make its next version, or change how it is found."""
    return await _save(page, await _question(page))


@pages.post(QUESTION + "/{act}")
async def give_up(page: Page) -> Response:
    """Draw the question no more, or again, with why."""
    form, act = Form(page, await page.form()), GIVEN_UP.get(page.parts["act"])
    if act is None:
        raise NoSuchThing
    body, names = {"reason": form["reason"]}, (page.parts["bank_id"], page.parts["question_id"])
    try:
        answer = await page.api.send(f"{OF_API}/{{}}/{act}", *names, body=body, reason=form["reason"])
    except Problem as problem:
        item = await _question(page)
        again = Form(page, {**USUAL, **_fields(item), "reason": form["reason"]})
        again.refused(problem)
        return await _shown(page, again, item)
    said = page.say("No quiz draws it any more.") if act == "retire" else page.say("Quizzes may draw it again.")
    return page.go(QUESTION.format(**page.parts), answer, said)


async def _question(page: Page) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (
        await page.api.read(f"{OF_API}/{{}}", page.parts["bank_id"], page.parts["question_id"])
    ).body
    return found


def _fields(item: Mapping[str, Any]) -> dict[str, str]:
    label = {"title": item["title"], "category": item["category"], "tags": ", ".join(item["tags"])}
    return {**fields_of(item["question"], item["key"]), **label}


async def _save(page: Page, item: Mapping[str, Any] | None) -> Response:
    form = Form(page, await page.form())
    if form["do"].partition(":")[0] in SHOWN:
        return await _shown(page, form, item)
    parts = question_of(form, item)
    if not form.is_right:
        return await _shown(page, form, item)
    label = {"title": form["title"], "category": form["category"], "tags": form["tags"].split(",")}
    body = {**label, "tags": [tag.strip() for tag in label["tags"] if tag.strip()], "question": parts.question}
    names = [page.parts["bank_id"], *([] if item is None else [page.parts["question_id"]])]
    try:
        answer = await page.api.send(OF_API + "/{}" * (len(names) - 1), *names, body={**body, "key": parts.key})
    except Problem as problem:
        note_refusal(form, problem, parts.places)
        return await _shown(page, form, item)
    bank_id, question_id = names[0], names[1] if item else answer["question_id"]
    if form["do"] == "another":
        return page.go(f"{NEW.format(bank_id=bank_id)}?kind={parts.kind}", answer, page.say("Saved. Here is the next."))
    return page.go(QUESTION.format(bank_id=bank_id, question_id=question_id), answer, page.say("Saved."))


async def _shown(page: Page, form: Form, item: Mapping[str, Any] | None = None) -> Response:
    bank = await page.api.read(OF_API, page.parts["bank_id"], limit=1)
    seen = Form(page, form.fields)
    parts = question_of(seen, item)
    kind = parts.kind
    return page.html(
        "teach/question.html",
        form.status,
        bank=bank.body,
        item=item,
        kind=kind,
        kinds=KINDS,
        rows=rows_for(form, kind),
        form=form,
        seen={"item_id": "preview", "question": {"question_id": "preview", **parts.question}, "response": None},
        shown_text=shown_text,
        with_gaps=with_gaps,
        position=bank.position,
    )
