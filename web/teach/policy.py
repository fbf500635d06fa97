"""How a course is graded: weights of units, categories, letters, and what must be passed before, in one form."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages
from web.teach.drafts import Draft, Edit, draft_of, edit, recorded
from web.teach.forms import Form, as_percent, id_of, rows_of, rows_shown

pages = Pages()
POLICY = "/teach/courses/{course_id}/policy"
EMPTY = {"group": 2, "letter": 2, "before": 1}
"""How many rows without content a form begins with, where it has none."""
ABOUT = {
    "letter scale": "letters",
    "the letter ": "letters",
    "cannot be passed before": "prerequisites",
    "there is no course": "prerequisites",
    "drop_lowest": "grading_policy",
    "grading policy": "grading_policy",
}


@pages.get(POLICY)
async def policy_page(page: Page) -> Response:
    """The rules as they are in the draft; without one, the way to the page where it begins."""
    draft = await draft_of(page)
    return await _shown(page, Form(page, _fields(draft)), draft)


@pages.post(POLICY)
async def change(page: Page) -> Response:
    """Change the rules and the weights, all at once, or show the form with another row."""
    form, draft = Form(page, await page.form()), await draft_of(page)
    if form["do"].startswith("more:"):
        return await _shown(page, form, draft)
    edits: list[Edit] = [{"op": "change_policy", "policy": _policy(form)}, *_units(form, draft)]
    if not form.is_right:
        return await _shown(page, form, draft)
    try:
        answer = await edit(page, form["revision"], edits)
    except Problem as problem:
        form.refused(problem, ABOUT)
        return await _shown(page, form, draft)
    return page.go(POLICY.format(course_id=page.parts["course_id"]), answer, recorded(page, edits))


def _policy(form: Form) -> dict[str, Any]:
    return {
        "grading_policy": form["grading_policy"],
        "groups": _groups(form),
        "letters": [
            {"letter": form[f"letter-{no}-letter"], "from_bp": form.percent(f"letter-{no}-from") or 0}
            for no in rows_of(form.fields, "letter")
            if form[f"letter-{no}-letter"]
        ],
        "prerequisites": [
            {
                "courses": form[f"before-{no}-courses"].replace(",", " ").split(),
                "at_least_bp": form.percent(f"before-{no}-mark"),
            }
            for no in rows_of(form.fields, "before")
            if form[f"before-{no}-courses"]
        ],
    }


def _groups(form: Form) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    for no in rows_of(form.fields, "group"):
        row, title = f"group-{no}", form[f"group-{no}-title"]
        if not title:
            continue
        weight = form.percent(f"{row}-weight", 10_000)
        if not weight:
            form.errors.setdefault(f"{row}-weight", form.page.say("A weight above 0"))
        taken = [each["group_id"] for each in groups]
        group_id = form[f"{row}-id"] or id_of(title, taken, "group")
        mark, drop = form.percent(f"{row}-pass"), form.whole(f"{row}-drop", 0, 5_000) or 0
        extra = bool(form[f"{row}-extra"])
        groups.append(
            {"group_id": group_id, "title": title, "weight": weight or 1, "pass_bp": mark}
            | {"drop_lowest": drop, "extra_credit": extra}
        )
    return groups


def _units(form: Form, draft: Draft) -> list[Edit]:
    """The units whose weight or category the form changes."""
    edits: list[Edit] = []
    for unit in draft["units"]:
        name = f"unit-{unit['unit_id']}"
        if f"{name}-weight" not in form.fields:
            continue
        weight, group = form.percent(f"{name}-weight", 10_000) or 0, form[f"{name}-group"]
        if (weight, group) != (unit["weight"], unit["group"]):
            edits.append({"op": "change_unit", "unit": {**_plain(unit), "weight": weight, "group": group}})
    return edits


def _plain(unit: Mapping[str, Any]) -> dict[str, Any]:
    """A unit as commands take it: what imports alone say is left out."""
    return {name: value for name, value in unit.items() if name != "recorded"}


def _fields(draft: Draft) -> dict[str, str]:
    fields = {"grading_policy": draft["grading_policy"]}
    for no, group in enumerate(draft["groups"]):
        row = f"group-{no}"
        fields |= {f"{row}-id": group["group_id"], f"{row}-title": group["title"]}
        fields |= {f"{row}-weight": as_percent(group["weight"]), f"{row}-pass": as_percent(group.get("pass_bp"))}
        fields |= {
            f"{row}-drop": str(group.get("drop_lowest") or ""),
            f"{row}-extra": "on" * bool(group.get("extra_credit")),
        }
    for no, letter in enumerate(draft["letters"]):
        fields |= {f"letter-{no}-letter": letter["letter"], f"letter-{no}-from": as_percent(letter["from_bp"])}
    for no, each in enumerate(draft["prerequisites"]):
        fields |= {
            f"before-{no}-courses": " ".join(each["courses"]),
            f"before-{no}-mark": as_percent(each.get("at_least_bp")),
        }
    for unit in draft["units"]:
        name = f"unit-{unit['unit_id']}"
        fields |= {f"{name}-weight": as_percent(unit["weight"]), f"{name}-group": unit["group"]}
    return fields


async def _shown(page: Page, form: Form, draft: Draft) -> Response:
    course = await page.api.read("/v1/courses/{}", page.parts["course_id"])
    total = sum(form.percent(f"unit-{unit['unit_id']}-weight", 10_000) or 0 for unit in draft["units"])
    return page.html(
        "teach/policy.html",
        form.status,
        course=course.body,
        draft=draft,
        form=form,
        rows=rows_shown(form, EMPTY),
        total=total,
        position=0,
    )
