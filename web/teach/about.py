"""
What a course says of itself, its title, summary and language, as its authors change it.

The form has what its editor has seen beside what was typed (`was-title`, as JSON: line ends of a hidden field would
come back as others), so that two authors may change different things, and none what the other has just changed.
"""

import asyncio
import json
from typing import Any

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages
from web.teach.courses import LANGUAGES
from web.teach.drafts import draft_or_none
from web.teach.forms import Form

pages = Pages()
ABOUT = "/teach/courses/{course_id}/about"
FIELDS = ("title", "summary", "language")
FACTS = {"title": "course.renamed", "summary": "course.summary_changed", "language": "course.language_changed"}


@pages.get(ABOUT)
async def about_page(page: Page) -> Response:
    """The form, with what the course says now."""
    return await _shown(page, None)


@pages.post(ABOUT)
async def change(page: Page) -> Response:
    """Have the course say something else."""
    form = Form(page, await page.form())
    changes = _changes(form)
    address = ABOUT.format(course_id=page.parts["course_id"])
    if not changes:
        return page.go(address, notice=page.say("The course says that already."))
    try:
        answer = await page.api.send("/v1/courses/{}/description", page.parts["course_id"], body=changes)
    except Problem as problem:
        form.refused(problem)
        for name in FIELDS:  # `body.title.new` is the last part of a field's place
            form.errors.setdefault(name, form.errors.get(f"{name}-new", ""))
        return await _shown(page, form)
    facts = ", ".join(FACTS[name] for name in changes)
    return page.go(address, answer, page.say("Saved, as %(facts)s.", facts=facts))


def _changes(form: Form) -> dict[str, Any]:
    found = {}
    for name in FIELDS:
        old, new = _seen(form[f"was-{name}"]), _with_plain_ends(form[name])
        if new != _with_plain_ends(old).strip():
            found[name] = {"old": old, "new": new}
    return found


def _seen(text: str) -> str:
    """What a field has said when the form was shown."""
    try:
        return str(json.loads(text))
    except ValueError:
        return text


def _with_plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n")


async def _shown(page: Page, form: Form | None) -> Response:
    course, _ = await asyncio.gather(
        page.api.read("/v1/courses/{}", page.parts["course_id"]),
        draft_or_none(page),  # refused to those who do not write the course: the form would be
    )
    now = {name: course[name] for name in FIELDS}
    typed = now if form is None else {name: form[name] for name in FIELDS}
    seen = {f"was-{name}": json.dumps(now[name]) for name in FIELDS}
    shown = Form(page, typed | seen)
    if form is not None:
        shown.errors, shown.problem = {name: each for name, each in form.errors.items() if each}, form.problem
    languages = LANGUAGES if now["language"] in LANGUAGES else (now["language"], *LANGUAGES)
    return page.html(
        "teach/about.html",
        shown.status,
        course=course.body,
        form=shown,
        now=now if form is not None else None,
        languages_of_courses=languages,
        position=course.position,
    )
