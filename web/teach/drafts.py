"""The draft of a course as its pages have it, and edits of it, each with the fact that records it."""

from collections.abc import Mapping, Sequence
from typing import Any

from web.client import Answer, Problem
from web.page import Page

DRAFT = "/v1/courses/{}/draft"
FACTS = {
    "add_section": "section_added",
    "rename_section": "section_renamed",
    "move_section": "section_moved",
    "remove_section": "section_removed",
    "add_unit": "unit_added",
    "change_unit": "unit_changed",
    "move_unit": "unit_moved",
    "remove_unit": "unit_removed",
    "change_policy": "policy_changed",
}
"""What each edit records, after `course_draft.`."""

OF_UNITS: Mapping[str, Any] = {
    **dict.fromkeys(("due_after_days", "completion", "late", "content", "seconds", "lti")),
    "weight": 0,
    "group": "",
    "recorded": True,
    "after": [],
    "due_time": "",
    "extra_credit": False,
    "captions": [],
    "url": "",
}
"""What an answer of the API leaves out of a unit."""

Draft = Mapping[str, Any]
Edit = dict[str, Any]


def whole(structure: Draft) -> Draft:
    """A draft or a version whose units have all their fields."""
    return {**structure, "units": [{**OF_UNITS, **unit} for unit in structure["units"]]}


async def draft_or_none(page: Page) -> Draft | None:
    """The draft of the course of the address; None if none was begun."""
    try:
        return await draft_of(page)
    except Problem as problem:
        if problem.code == "draft_not_found":
            return None
        raise


async def draft_of(page: Page) -> Draft:
    """The draft of the course of the address."""
    return whole((await page.api.get(DRAFT, page.parts["course_id"])).body)


async def edit(page: Page, revision: str, edits: Sequence[Edit]) -> Answer:
    """Change the draft as it was seen at a revision."""
    body = {"revision": int(revision) if revision.isdecimal() else 0, "edits": list(edits)}
    return await page.api.send(f"{DRAFT}/edits", page.parts["course_id"], body=body)


def recorded(page: Page, edits: Sequence[Edit]) -> str:
    """What a page says after edits: by which facts they are kept."""
    names = dict.fromkeys(f"course_draft.{FACTS[each['op']]}" for each in edits)
    return page.say("Saved in the draft, as %(facts)s.", facts=", ".join(names))


def sections_of(structure: Draft) -> list[dict[str, Any]]:
    """The sections with their units, whole; units of a course without sections are one without a title."""
    units = {unit["unit_id"]: unit for unit in structure["units"]}
    sections = [{**each, "units": [units[name] for name in each["units"]]} for each in structure["sections"]]
    held = {unit["unit_id"] for section in sections for unit in section["units"]}
    loose = [unit for name, unit in units.items() if name not in held]
    return [{"section_id": "", "title": "", "units": loose}, *sections] if loose or not sections else sections


def unit_in(structure: Draft, unit_id: str) -> dict[str, Any] | None:
    """A unit by its id; None if there is none."""
    return next((unit for unit in structure["units"] if unit["unit_id"] == unit_id), None)


def move_of(draft: Draft, what: str, name: str) -> list[Edit]:
    """The edit that moves a section or a unit up or down by one; a unit at the edge goes into the section beside."""
    kind, _, way = what.partition("-")
    step = -1 if way == "up" else 1
    sections = sections_of(draft)
    if kind == "section":
        names = [each["section_id"] for each in sections if each["section_id"]]
        place = names.index(name) + step if name in names else -1
        return [{"op": "move_section", "section_id": name, "place": place}] if 0 <= place < len(names) else []
    for at, section in enumerate(sections):
        names = [unit["unit_id"] for unit in section["units"]]
        if name in names:
            return _moved_unit(sections, at, names.index(name) + step, name)
    return []


def _moved_unit(sections: Sequence[Mapping[str, Any]], at: int, place: int, name: str) -> list[Edit]:
    if not 0 <= place < len(sections[at]["units"]):
        at += -1 if place < 0 else 1
        if not 0 <= at < len(sections):
            return []
        place = len(sections[at]["units"]) if place < 0 else 0
    return [{"op": "move_unit", "unit_id": name, "section_id": sections[at]["section_id"], "place": place}]
