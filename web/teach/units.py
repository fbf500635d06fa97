"""
One unit of the draft of a course: its form, by its kind, and how learners will see it.

A text is uploaded when the form is saved, and so are files and films up to the size of a page's form; larger ones go to
`POST /v1/courses/ID/contents`, and the form takes their SHA-256.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Response
from starlette.datastructures import UploadFile

from adapters.markdown import html_of
from domain.kinds import has_score
from web.client import Answer, NoSuchThing, Problem
from web.page import Page
from web.routing import Pages
from web.teach.drafts import Draft, Edit, draft_of, edit, recorded, sections_of, unit_in
from web.teach.forms import MOST_FIELDS, Form, as_percent, id_of, late_fields, late_of

pages = Pages()
UNIT, NEW = "/teach/courses/{course_id}/units/{unit_id}", "/teach/courses/{course_id}/new-unit"
KINDS = ("text", "video", "audio", "file", "activity", "quiz", "assignment", "exam", "link", "lti")
LARGEST_TEXT = 512 * 1024  # characters
CONTENTS = "/v1/courses/{}/contents"
MARKDOWN, VTT = "text/markdown", "text/vtt"
ABOUT = {
    "is completed by": "rule",
    "cannot be watched": "rule",
    "set its seconds": "seconds",
    "recording lasts": "seconds",
    "leads to": "url",
    "time of day": "due_time",
    "late policy": "late-rule",
    "content": "sha256",
    "is in no group": "group",
    "is there and says": "unit_id",
    "points of its tool": "maximum",
    "more than 50 values": "custom",
    "captions": "captions",
}
"""Parts of sentences of the API, and the field that each is about."""


@pages.get(NEW)
async def new_unit_page(page: Page) -> Response:
    """A form for another unit."""
    kind = page.query.get("kind", "")
    fields = {"kind": kind if kind in KINDS else "text", "section": page.query.get("section", "")}
    return await _shown(page, Form(page, fields), None)


@pages.post(NEW)
async def add(page: Page) -> Response:
    """Add a unit, or show again what was typed, with its text as learners will see it."""
    return await _save(page, None)


@pages.get(UNIT)
async def unit_page(page: Page) -> Response:
    """The unit as it is."""
    draft = await draft_of(page)
    unit = unit_in(draft, page.parts["unit_id"])
    if unit is None:
        raise NoSuchThing
    fields = await _fields(page, unit)
    home = next(each for each in sections_of(draft) if unit in each["units"])
    return await _shown(page, Form(page, fields | {"section": home["section_id"]}), unit, draft)


@pages.post(UNIT)
async def change(page: Page) -> Response:
    """Change the unit."""
    return await _save(page, page.parts["unit_id"])


@pages.post("/teach/preview")
async def preview(page: Page) -> Response:
    """A text as learners will see it; for the script that shows it beside the field."""
    return page.part("teach/preview-text.html", html=html_of((await page.form()).get("text", "")[:LARGEST_TEXT]))


@asynccontextmanager
async def _sent(page: Page) -> AsyncIterator[tuple[dict[str, str], dict[str, UploadFile]]]:
    """The fields and the files of the form, which are open as long as the block runs."""
    async with page.request.form(max_files=3, max_fields=MOST_FIELDS, max_part_size=2 * LARGEST_TEXT) as form:
        texts = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
        files = {name: value for name, value in form.items() if isinstance(value, UploadFile) and value.filename}
        yield texts, files


async def _save(page: Page, unit_id: str | None) -> Response:
    draft = await draft_of(page)
    old = None if unit_id is None else unit_in(draft, unit_id)
    async with _sent(page) as (fields, files):
        form = Form(page, fields)
        if form["do"] in ("preview", "kind"):
            return await _shown(page, form, old, draft)
        try:
            unit = await _unit(form, files, old, [each["unit_id"] for each in draft["units"]])
            if not form.is_right:
                return await _shown(page, form, old, draft)
            edits = _edits(form, draft, unit, is_new=old is None)
            answer = await edit(page, form["revision"], edits)
        except Problem as problem:
            form.refused(problem, ABOUT)
            return await _shown(page, form, old, draft)
    course = f"/teach/courses/{page.parts['course_id']}"
    return page.go(f"{course}#at-{unit['unit_id']}", answer, recorded(page, edits))


def _edits(form: Form, draft: Draft, unit: dict[str, Any], *, is_new: bool) -> list[Edit]:
    section = form["section"]
    if is_new:
        return [{"op": "add_unit", "unit": unit, "section_id": section}]
    edits: list[Edit] = [{"op": "change_unit", "unit": unit}]
    home = next(each for each in sections_of(draft) if any(one["unit_id"] == unit["unit_id"] for one in each["units"]))
    if home["section_id"] != section:
        edits.append({"op": "move_unit", "unit_id": unit["unit_id"], "section_id": section})
    return edits


async def _unit(
    form: Form, files: Mapping[str, UploadFile], old: Mapping[str, Any] | None, taken: list[str]
) -> dict[str, Any]:
    """The unit that a form says, beside what no form has; content is uploaded on the way."""
    kind = form["kind"]
    if not form["title"]:
        form.errors["title"] = form.page.say("A unit has a title")
    unit_id = old["unit_id"] if old else form["unit_id"] or id_of(form["title"], taken, "unit")
    unit: dict[str, Any] = {
        "unit_id": unit_id,
        "kind": kind,
        "title": form["title"],
        "weight": form.percent("weight", 10_000) or 0,
        "due_after_days": form.whole("due_after_days", -1_000, 10_000),
        "due_time": form["due_time"],
        "group": form["group"],
        "completion": _completion(form),
        "after": [each for each in taken if form[f"after-{each}"] and each != unit_id],
        "late": late_of(form),
        "extra_credit": bool(form["extra_credit"]),
        "url": form["url"],
        "seconds": _seconds(form),
        "lti": _tool(form) if kind == "lti" else None,
    }
    if form.errors:
        return unit
    unit["content"] = await _content(form, files, old)
    unit["captions"] = await _captions(form, files, old) if kind == "video" else []
    return unit


def _completion(form: Form) -> dict[str, Any] | None:
    rule = form["rule"]
    if not rule:
        return None
    if rule not in ("watched", "passed"):
        return {"rule": rule}
    mark = form.percent("at_least_bp")
    if mark is None:
        form.errors.setdefault("at_least_bp", form.page.say("How much of it, in percent"))
    return {"rule": rule, "at_least_bp": mark}


def _seconds(form: Form) -> int | None:
    """A length as `90`, `1:30` or `1:02:03`; None for an empty field."""
    text = form["seconds"]
    if not text:
        return None
    parts = text.split(":")
    if len(parts) <= 3 and all(part.isdecimal() and len(part) < 7 for part in parts):
        return sum(int(part) * (1, 60, 3_600)[place] for place, part in enumerate(reversed(parts)))
    form.errors["seconds"] = form.page.say("A length such as 12:30")
    return None


def _tool(form: Form) -> dict[str, Any]:
    """The tool; each line of what it gets is `name=value`."""
    lines = [line for line in form["custom"].splitlines() if line.strip()]
    if any("=" not in line for line in lines):
        form.errors["custom"] = form.page.say("A line for each value, such as chapter=3")
    custom = dict(line.split("=", 1) for line in lines if "=" in line)
    return {
        "tool_id": form["tool_id"],
        "maximum": form.whole("maximum", 1, 1_000_000) or 100,
        "custom": {name.strip(): value.strip() for name, value in custom.items()},
        **{name: form[name] for name in ("resource_id", "tag")},
    }


async def _content(form: Form, files: Mapping[str, UploadFile], old: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the unit shows: its text, a file that comes along, one that was uploaded before, or what it had."""
    course_id, kind = form.page.parts["course_id"], form["kind"]
    before = (old or {}).get("content")
    if kind == "text":
        if not form["text"]:
            return None
        body = form["text"].replace("\r\n", "\n").encode()
        kept = await form.page.api.send(CONTENTS, course_id, body=body)
        return {"sha256": kept["sha256"], "size": kept["size"], "media_type": MARKDOWN}
    if "file" in files:
        file = files["file"]
        kept = await form.page.api.send(CONTENTS, course_id, body=await file.read())
        media_type = (file.content_type or "application/octet-stream").partition(";")[0].strip().lower()
        name = (file.filename or "")[-200:]
        return {"sha256": kept["sha256"], "size": kept["size"], "media_type": media_type, "name": name}
    if form["sha256"] and (before is None or form["sha256"] != before["sha256"]):
        size = form.whole("size", 0, 1 << 50)
        named = {"sha256": form["sha256"], "size": size or 0, "media_type": form["media_type"] or "video/mp4"}
        return named | {"name": form["name"]}
    return None if form["no_file"] else before


async def _captions(form: Form, files: Mapping[str, UploadFile], old: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Those that are kept, and one that comes along."""
    kept = [each for each in (old or {}).get("captions", ()) if form[f"captions-{each['language']}"]]
    if "captions" in files:
        sent = await form.page.api.send(CONTENTS, form.page.parts["course_id"], body=await files["captions"].read())
        language = form["captions_language"] or form.page.reader.language
        kept = [each for each in kept if each["language"] != language]
        kept.append({"language": language, "label": form["captions_label"] or language, "sha256": sent["sha256"]})
    return kept


async def _fields(page: Page, unit: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the form of a unit."""
    completion, lti, content = (unit.get(name) or {} for name in ("completion", "lti", "content"))
    fields = {
        "unit_id": unit["unit_id"],
        "kind": unit["kind"],
        "title": unit["title"],
        "weight": as_percent(unit.get("weight", 0)),
        "due_after_days": str(unit["due_after_days"]) if unit.get("due_after_days") is not None else "",
        "due_time": unit.get("due_time", ""),
        "group": unit.get("group", ""),
        "rule": completion.get("rule", ""),
        "at_least_bp": as_percent(completion.get("at_least_bp")),
        "extra_credit": "on" if unit.get("extra_credit") else "",
        "url": unit.get("url", ""),
        "seconds": str(unit["seconds"]) if unit.get("seconds") else "",
        **late_fields(unit.get("late")),
        **{f"after-{each}": "on" for each in unit.get("after", ())},
        **{f"captions-{each['language']}": "on" for each in unit.get("captions", ())},
        **{name: str(lti.get(name, "")) for name in ("tool_id", "maximum", "resource_id", "tag")},
        "custom": "\n".join(f"{name}={value}" for name, value in lti.get("custom", {}).items()),
    }
    if content.get("media_type") == MARKDOWN and content["size"] <= LARGEST_TEXT:
        text: Answer = await page.api.get(f"{CONTENTS}/{{}}", page.parts["course_id"], content["sha256"])
        fields["text"] = text.body or ""
    return fields


async def _shown(page: Page, form: Form, unit: Mapping[str, Any] | None, draft: Draft | None = None) -> Response:
    draft = draft or await draft_of(page)
    course = await page.api.read("/v1/courses/{}", page.parts["course_id"])
    tools = await _tools(page) if form["kind"] == "lti" else []
    kinds = KINDS if unit is None or unit["kind"] in KINDS else (*KINDS, unit["kind"])
    return page.html(
        "teach/unit.html",
        form.status,
        course=course.body,
        draft=draft,
        unit=unit,
        sections=[each for each in sections_of(draft) if each["section_id"] or not draft["sections"] or each["units"]],
        kinds=kinds,
        is_scored=has_score(form["kind"]),
        tools=tools,
        form=form,
        text=html_of(form["text"]) if form["text"] else "",
        position=course.position,
    )


async def _tools(page: Page) -> list[dict[str, Any]]:
    try:
        return list((await page.api.get("/v1/lti/tools"))["items"])
    except Problem as problem:
        if problem.status == 403:
            return []
        raise
