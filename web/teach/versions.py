"""What changes from one version of a course to another, or to the draft, for how many learners; and how it looks."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from adapters.markdown import html_of
from web.client import Problem
from web.page import Page
from web.routing import Pages
from web.teach.drafts import Draft, draft_of, draft_or_none, sections_of, unit_in, whole

pages = Pages()
DIFF, PREVIEW = "/teach/courses/{course_id}/diff", "/teach/courses/{course_id}/preview"
MARKDOWN = ("text/markdown", "text/plain")
LONGEST_TEXT = 1_048_576  # bytes that are shown as a page


@pages.get(DIFF)
async def diff_page(page: Page) -> Response:
    """Two structures side by side, and what the second means for those who follow the first."""
    course_id, wanted = page.parts["course_id"], {name: page.number(name) or None for name in ("from", "to")}
    course, draft = await asyncio.gather(page.api.read("/v1/courses/{}", course_id), draft_or_none(page))
    values = {"course": course.body, "draft": draft, "wanted": wanted, "found": None, "position": course.position}
    if not course["versions"] or (draft is None and not wanted["to"]):
        return page.html("teach/diff.html", **values)
    asked = {f"{name}_version": number for name, number in wanted.items()}
    found = await page.api.read("/v1/courses/{}/diff", course_id, **asked)
    old, new = await asyncio.gather(
        _structure(page, course_id, found["from_version"]), _structure(page, course_id, found["to_version"])
    )
    titles = {each["unit_id"]: each["title"] for structure in (new, old) for each in structure["units"]}
    sections = {each["section_id"]: each["title"] for structure in (new, old) for each in structure["sections"]}
    changed = [
        {**each, "old": unit_in(old, each["unit_id"]), "new": unit_in(new, each["unit_id"])}
        for each in found["changes"]["units_changed"]
    ]
    values |= {"found": found.body, "changed": changed, "titles": titles, "sections": sections, "old": old, "new": new}
    return page.html("teach/diff.html", **{**values, "position": found.position})


async def _structure(page: Page, course_id: str, version: int | None) -> Draft:
    if version is None:
        return await draft_of(page)
    return whole((await page.api.read("/v1/courses/{}/versions/{}", course_id, str(version))).body)


@pages.get(PREVIEW)
async def preview_page(page: Page) -> Response:
    """The draft as learners will see it, or a version, one unit at a time."""
    course_id, version = page.parts["course_id"], page.number("version") or None
    course = await page.api.read("/v1/courses/{}", course_id)
    try:
        structure = await _structure(page, course_id, version)
    except Problem as problem:
        if problem.code != "draft_not_found":
            raise
        structure = {"units": [], "sections": []}
    unit = unit_in(structure, page.query.get("unit", "")) or next(iter(structure["units"]), None)
    return page.html(
        "teach/preview.html",
        course=course.body,
        sections=sections_of(structure),
        titles={each["unit_id"]: each["title"] for each in structure["units"]},
        unit=unit,
        html=await _html(page, unit),
        version=version,
        position=course.position,
    )


async def _html(page: Page, unit: Mapping[str, Any] | None) -> str:
    content = (unit or {}).get("content") or {}
    if content.get("media_type") not in MARKDOWN or content["size"] > LONGEST_TEXT:
        return ""
    text = await page.api.get("/v1/courses/{}/contents/{}", page.parts["course_id"], content["sha256"])
    return await asyncio.to_thread(html_of, text.body or "")
