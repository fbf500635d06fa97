"""
A course as its authors have it: the draft with its sections and units, the versions, the runs, and publishing.

Each button sends one edit of the draft, with the revision that the page has shown: what another author has done since
then refuses it, and the page shows the draft as it is now.
"""

import asyncio
from typing import Any

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages
from web.teach.drafts import DRAFT, Edit, draft_of, draft_or_none, edit, move_of, recorded, sections_of
from web.teach.forms import Form, id_of
from web.teach.keepers import banks_seen, draws_from

pages = Pages()
COURSE = "/teach/courses/{course_id}"


@pages.get(COURSE)
async def course_page(page: Page) -> Response:
    """The draft, or what there is without one."""
    return await _shown(page, Form(page, {}))


@pages.post(COURSE)
async def change(page: Page) -> Response:
    """One edit of the outline, by the button that was pressed."""
    form = Form(page, await page.form())
    what, _, name = form["do"].partition(":")
    draft = await draft_of(page)
    edits = _edits(form, draft, what, name)
    if not edits:
        return page.go(_address(page), notice=page.say("It stands there already."))
    try:
        answer = await edit(page, form["revision"], edits)
    except Problem as problem:
        form.refused(problem, {"with another title": "section_id"})
        return await _shown(page, form)
    anchor = edits[0].get("section_id") or edits[0].get("unit_id") or ""
    return page.go(f"{_address(page)}#at-{anchor}", answer, recorded(page, edits))


def _edits(form: Form, draft: Any, what: str, name: str) -> list[Edit]:
    if what == "add-section":
        taken = [each["section_id"] for each in draft["sections"]]
        section_id = id_of(form["title"], taken, "section")
        return [{"op": "add_section", "section_id": section_id, "title": form["title"]}]
    if what == "rename-section":
        return [{"op": "rename_section", "section_id": name, "title": form["title"]}]
    if what == "remove-section":
        return [{"op": "remove_section", "section_id": name}]
    if what == "remove-unit":
        return [{"op": "remove_unit", "unit_id": name}]
    if what == "place-unit":
        place = form.whole("place", 0, 10_000)
        return [{"op": "move_unit", "unit_id": name, "section_id": form["section_id"], "place": place}]
    return move_of(draft, what, name)


@pages.post(f"{COURSE}/start")
async def start(page: Page) -> Response:
    """Begin the draft from a version; what was edited and not published is given up."""
    form = Form(page, await page.form())
    body = {"version": form.whole("version") or 0, "revision": form.whole("revision") or 0}
    try:
        answer = await page.api.send(DRAFT, page.parts["course_id"], body=body)
    except Problem as problem:
        form.refused(problem)
        return await _shown(page, form)
    return page.go(_address(page), answer, page.say("The draft begins."))


@pages.post(f"{COURSE}/publish")
async def publish(page: Page) -> Response:
    """Make the draft the next version."""
    form = Form(page, await page.form())
    body: dict[str, Any] = {"revision": form.whole("revision") or 0}
    if form["over_version"]:
        body["over_version"] = form.whole("over_version")
    try:
        answer = await page.api.send(f"{DRAFT}/publish", page.parts["course_id"], body=body)
    except Problem as problem:
        form.refused(problem)
        return await _shown(page, form)
    said = page.say("Published. Runs follow it once they are led to it, each by itself.")
    return page.go(f"{_address(page)}#runs", answer, said)


async def _shown(page: Page, form: Form) -> Response:
    course_id = page.parts["course_id"]
    course, draft, banks, runs = await asyncio.gather(
        page.api.read("/v1/courses/{}", course_id),
        draft_or_none(page),
        banks_seen(page),
        page.api.read("/v1/runs", course_id=course_id, sort="starts_at", order="desc", limit=100),
    )
    return page.html(
        "teach/course.html",
        form.status,
        course=course.body,
        draft=draft,
        sections=[] if draft is None else sections_of(draft),
        titles={} if draft is None else {unit["unit_id"]: unit["title"] for unit in draft["units"]},
        runs=runs["items"],
        banks=None if banks is None else [each for each in banks if draws_from(each, course_id)],
        form=form,
        position=min(course.position, runs.position),
    )


def _address(page: Page) -> str:
    return COURSE.format(course_id=page.parts["course_id"])
