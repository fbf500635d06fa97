"""The quizzes of a run: a new one, the next version of one, and how learners will see it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Response

from domain.kinds import has_score
from web.client import Answer, Problem
from web.learn.answers import shown_text, with_gaps
from web.page import Page
from web.routing import Pages
from web.teach.forms import Form, id_of
from web.teach.keepers import banks_seen, draws_from, is_of_campus
from web.teach.quiz_form import (
    TAKE,
    draws_of,
    fields_of_quiz,
    kept_of,
    move_kept,
    quiz_of,
    rows_of_draws,
    sections_of_quiz,
    taken_in,
)
from web.teach.shared import address, run_of

pages = Pages()
NEW, QUIZ = "/teach/runs/{run_id}/new-quiz", "/teach/runs/{run_id}/quizzes/{quiz_id}"
USUAL = {"kind": "quiz", "attempts_allowed": "1", "pass_bp": "40", "grace_seconds": "5", "counts": "best"}
USUAL |= {"order": "as_written", "hints": "asked", "markers": "1", "apart_bp": "0", "feedback-key": "closed"}
USUAL |= {"feedback-marks": "submitted", "feedback-comments": "submitted"}
ABOUT = {
    "closes after it opens": "closes_at",
    "is no network": "networks",
    "late policy": "late-rule",
    "has no unit": "unit_id",
    "is published in another unit": "quiz_id",
    "there is no question bank": "draw-0-bank",
    "nor shared with it": "draw-0-bank",
    "draws": "draw-0-count",
    "is listed twice": "draw-0-bank",
    "no kind of quiz": "unit_id",
    "of kind": "unit_id",
}
Json = dict[str, Any]


@pages.get(NEW)
async def new_quiz_page(page: Page) -> Response:
    """A form for another quiz."""
    return await _shown(page, Form(page, {**USUAL, "unit_id": page.query.get("unit", "")}), None)


@pages.post(NEW)
async def publish_first(page: Page) -> Response:
    """Publish it, or show the form again with what was asked for."""
    return await _save(page, None)


@pages.get(QUIZ)
async def quiz_page(page: Page) -> Response:
    """The newest version as a form, from which the next one comes."""
    quiz, run = await asyncio.gather(contents_of(page), run_of(page))
    return await _shown(page, Form(page, fields_of_quiz(quiz, run["time_zone"])), quiz)


@pages.post(QUIZ)
async def publish_next(page: Page) -> Response:
    """Publish the next version; attempts that run keep theirs."""
    return await _save(page, await contents_of(page))


async def contents_of(page: Page) -> Mapping[str, Any]:
    """The newest version of the quiz of the address, with its keys."""
    found: Mapping[str, Any] = (await page.api.read("/v1/quizzes/{}/contents", page.parts["quiz_id"])).body
    return found


async def _save(page: Page, quiz: Mapping[str, Any] | None) -> Response:
    form = Form(page, await page.form())
    if form["do"] != "publish":
        move_kept(form)
        return await _shown(page, form, quiz)
    run = (await run_of(page)).body
    body = quiz_of(form, quiz, run["time_zone"])
    body["questions"] += await _taken(page, form)
    body["sections"] = sections_of_quiz(form, quiz, body)
    if quiz is None:
        body["quiz_id"] = form["quiz_id"] or id_of(f"{page.parts['run_id']}-{form['title']}")
        body["kind"] = await _kind_of(page, run, form["unit_id"])
    else:
        body |= {name: quiz[name] for name in ("quiz_id", "unit_id", "kind")}
    if not form.is_right:
        return await _shown(page, form, quiz)
    try:
        answer = await page.api.send("/v1/quizzes", body={"run_id": page.parts["run_id"], **body})
    except Problem as problem:
        form.refused(problem, ABOUT)
        return await _shown(page, form, quiz)
    there = QUIZ.format(run_id=page.parts["run_id"], quiz_id=body["quiz_id"])
    return page.go(there, answer, page.say("Published. Attempts that run keep their version."))


async def _kind_of(page: Page, run: Json, unit_id: str) -> str:
    found = next((unit for unit in await _units(page, run) if unit["unit_id"] == unit_id), {"kind": "quiz"})
    return str(found["kind"])


async def _taken(page: Page, form: Form) -> list[Json]:
    """The questions that were ticked, as their banks have them now."""
    path = "/v1/question-banks/{}/questions/{}"
    found: Sequence[Answer] = await asyncio.gather(
        *(page.api.get(path, bank_id, question_id) for bank_id, question_id in taken_in(form.fields))
    )
    return [{"question": each["question"], "key": each["key"]} for each in found]


async def _shown(page: Page, form: Form, quiz: Mapping[str, Any] | None) -> Response:
    run = await run_of(page)
    units, banks, listed, taken = await asyncio.gather(
        _units(page, run.body), _banks(page, run["course_id"]), _listed(page, form["bank"]), _taken(page, form)
    )
    kept = kept_of(form, quiz)
    asked = [each["question"] for each in kept] + [each["question"] for each in taken]
    return page.html(
        "teach/quiz.html",
        form.status,
        run=run.body,
        quiz=quiz,
        before=kept + [each for each in (quiz or {}).get("items", ()) if each not in kept],
        units=units,
        banks=banks,
        listed=[each for each in listed if f"{TAKE}{form['bank']}:{each['question_id']}" not in form.fields],
        taken=list(zip(taken_in(form.fields), taken, strict=True)),
        preview=[{"item_id": f"p{no}", "question": each, "response": None} for no, each in enumerate(asked, 1)],
        drawn=list(draws_of(Form(page, form.fields))),
        draws=rows_of_draws(form),
        form=form,
        shown_text=shown_text,
        with_gaps=with_gaps,
        position=run.position,
    )


async def _units(page: Page, run: Json) -> list[Json]:
    """The units of the run for which a score is given."""
    found = await page.api.read("/v1/courses/{}/versions/{}", run["course_id"], str(run["course_version"]))
    return [unit for unit in found["units"] if has_score(unit["kind"])]


async def _banks(page: Page, course_id: str) -> list[Json]:
    """The banks from which a quiz of the run may draw, for readers who may see them."""
    return [each for each in await banks_seen(page) or () if is_of_campus(page) or draws_from(each, course_id)]


async def _listed(page: Page, bank_id: str) -> list[Json]:
    """The questions of the bank that the form shows."""
    if not bank_id:
        return []
    try:
        return list((await page.api.get("/v1/question-banks/{}/questions", bank_id, limit=200))["items"])
    except Problem as problem:
        if problem.status in (403, 404):
            return []
        raise


def address_of(page: Page, rest: str = "") -> str:
    """The address of a page of the quiz."""
    return address(page.parts["run_id"], f"/quizzes/{page.parts['quiz_id']}{rest}")
