"""
Regrades: what was asked or what was right is changed after learners have answered.

A change is proposed with why, looked at learner by learner with what follows for grades, outcomes and certificates,
and then committed; another one takes it back.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from web.client import NoSuchThing, Problem
from web.learn.answers import shown_text
from web.page import Page
from web.routing import Pages
from web.teach.forms import Form, as_percent, late_fields, late_of
from web.teach.names import names_of
from web.teach.question_form import fields_of, note_refusal, question_of, rows_for
from web.teach.quizzes import QUIZ, address_of, contents_of
from web.teach.shared import run_of

pages = Pages()
REGRADES = f"{QUIZ}/regrades"
OF_API = "/v1/quizzes/{}/regrades"
ON_A_PAGE = 50


@pages.get(REGRADES)
async def regrades_page(page: Page) -> Response:
    """The regrades of the quiz, how far each is, and what could be changed."""
    return await _list(page, Form(page, {}))


@pages.post(REGRADES)
async def propose_policy(page: Page) -> Response:
    """Propose another pass mark or late policy, or to take a regrade back."""
    form = Form(page, await page.form())
    if form["undo"]:
        wanted: dict[str, Any] = {"undo": form.whole("undo", 1, 100_000)}
    else:
        wanted = {"pass_bp": form.percent("pass_bp"), "late": late_of(form)}
    if not form.is_right:
        return await _list(page, form)
    try:
        return await _proposed(page, wanted, form["reason"])
    except Problem as problem:
        form.refused(problem, {"late policy": "late-rule"})
        return await _list(page, form)


@pages.get(f"{REGRADES}/items/{{item_id}}")
async def item_page(page: Page) -> Response:
    """One question with its key, to be changed."""
    quiz = await contents_of(page)
    item = _item(quiz, page.parts["item_id"])
    return await _item_form(page, Form(page, fields_of(item["question"], item["key"])), quiz, item)


@pages.post(f"{REGRADES}/items/{{item_id}}")
async def propose_item(page: Page) -> Response:
    """Propose another key, text or weight of a question."""
    quiz, form = await contents_of(page), Form(page, await page.form())
    item = _item(quiz, page.parts["item_id"])
    if form["do"].startswith("more:"):
        return await _item_form(page, form, quiz, item)
    parts = question_of(form, item)
    if not form.is_right:
        return await _item_form(page, form, quiz, item)
    question = {**parts.question, "question_id": item["item_id"]}
    changed = {"item_id": item["item_id"], "question": question, "key": parts.key}
    try:
        return await _proposed(page, {"items": [changed]}, form["reason"])
    except Problem as problem:
        note_refusal(form, problem, parts.places)
        return await _item_form(page, form, quiz, item)


@pages.get(f"{REGRADES}/{{regrade_no}}")
async def regrade_page(page: Page) -> Response:
    """Who would change, by how much, and what follows; or how far it is."""
    return await _regrade(page, Form(page, {}))


@pages.post(f"{REGRADES}/{{regrade_no}}")
async def commit(page: Page) -> Response:
    """Let it hold."""
    number = page.parts["regrade_no"]
    try:
        answer = await page.api.send(f"{OF_API}/{{}}/commit", page.parts["quiz_id"], number)
    except Problem as problem:
        form = Form(page, {})
        form.refused(problem)
        return await _regrade(page, form)
    said = page.say("Committed. Attempts are marked again, one after the other; grades and outcomes follow.")
    return page.go(address_of(page, f"/regrades/{number}"), answer, said)


async def _proposed(page: Page, wanted: Mapping[str, Any], reason: str) -> Response:
    found = await page.api.send(OF_API, page.parts["quiz_id"], body={**wanted, "reason": reason}, reason=reason[:200])
    said = page.say(
        "Nothing is changed yet: it would change %(affected)s of %(attempts)s attempts.",
        affected=found["affected"],
        attempts=found["attempts"],
    )
    return page.go(address_of(page, f"/regrades/{found['regrade_no']}"), found, said)


def _item(quiz: Mapping[str, Any], item_id: str) -> Mapping[str, Any]:
    for item in quiz["items"]:
        if item["item_id"] == item_id:
            found: Mapping[str, Any] = item
            return found
    raise NoSuchThing


async def _list(page: Page, form: Form) -> Response:
    run, quiz, regrades = await asyncio.gather(
        run_of(page), contents_of(page), page.api.read(OF_API, page.parts["quiz_id"])
    )
    as_it_is = {"pass_bp": as_percent(quiz["pass_bp"]), **late_fields(quiz["rules"]["late"])}
    typed = Form(page, {**as_it_is, **form.fields})
    typed.errors, typed.problem = form.errors, form.problem
    return page.html(
        "teach/regrades.html",
        form.status,
        run=run.body,
        quiz=quiz,
        regrades=regrades["items"],
        form=typed,
        shown_text=shown_text,
        position=regrades.position,
    )


async def _item_form(page: Page, form: Form, quiz: Mapping[str, Any], item: Mapping[str, Any]) -> Response:
    run = await run_of(page)
    kind = item["question"]["kind"]
    return page.html(
        "teach/regrade-item.html",
        form.status,
        run=run.body,
        quiz=quiz,
        item=item,
        kind=kind,
        rows=rows_for(form, kind),
        form=form,
        position=run.position,
    )


async def _regrade(page: Page, form: Form) -> Response:
    quiz_id, number = page.parts["quiz_id"], page.parts["regrade_no"]
    run, quiz, regrades = await asyncio.gather(run_of(page), contents_of(page), page.api.read(OF_API, quiz_id))
    state = next((each for each in regrades["items"] if str(each["regrade_no"]) == number), None)
    if state is None:
        raise NoSuchThing
    changes: Mapping[str, Any] = {"items": [], "next": None}
    if not state["committed"]:
        try:
            cursor = page.query.get("cursor")
            changes = (
                await page.api.read(f"{OF_API}/{{}}/changes", quiz_id, number, limit=ON_A_PAGE, cursor=cursor)
            ).body
        except Problem as problem:
            if problem.status != 409:
                raise
            form.problem = form.problem or problem
    return page.html(
        "teach/regrade.html",
        form.status if form["do"] else 200 if form.problem is None else form.problem.status,
        run=run.body,
        quiz=quiz,
        regrade=state,
        changes=changes,
        names=await names_of(page, (each["learner_id"] for each in changes["items"])),
        form=form,
        position=regrades.position,
    )
