"""Question banks: those of the reader's courses, one with its questions, whose it is, and files, in and out."""

import asyncio
from base64 import b64decode
from typing import Any

from fastapi import Response
from starlette.datastructures import UploadFile

from web.client import Problem
from web.page import HEADERS, Page
from web.routing import Pages
from web.teach.forms import Form, id_of
from web.teach.keepers import courses_of
from web.teach.question_form import KINDS

pages = Pages()
BANK, FILE = "/teach/banks/{bank_id}", "/v1/question-banks/{}/files"
ON_A_PAGE, MOST_TITLES = 50, 200
NO_COURSE = {"there is no course": "course_id"}
FILES = {
    "gift": ("txt", "text/plain; charset=utf-8"),
    "moodle": ("xml", "application/xml"),
    "qti3": ("zip", "application/zip"),
}


@pages.get("/teach/banks")
async def banks_page(page: Page) -> Response:
    """The banks that the reader may read, or those of one course."""
    return await _banks(page, Form(page, {"course_id": page.query.get("course", "")}))


@pages.post("/teach/banks")
async def create(page: Page) -> Response:
    """Make a bank."""
    form = Form(page, await page.form())
    bank_id = form["bank_id"] or id_of(form["title"], otherwise="bank")
    body = {"bank_id": bank_id, "title": form["title"], "course_id": form["course_id"] or None}
    try:
        answer = await page.api.send("/v1/question-banks", body=body)
    except Problem as problem:
        form.refused(problem, {"exists with another title": "bank_id", **NO_COURSE})
        return await _banks(page, form)
    return page.go(BANK.format(bank_id=bank_id), answer, page.say("The bank is made."))


async def _banks(page: Page, form: Form) -> Response:
    banks = await page.api.read("/v1/question-banks")
    courses = await courses_of(page, (each["course_id"] for each in banks["items"][:MOST_TITLES]))
    only = page.query.get("course", "")
    return page.html(
        "teach/banks.html",
        form.status,
        banks=[each for each in banks["items"] if only in ("", each["course_id"], *each["shared_with"])],
        only=only,
        courses=courses,
        form=form,
        position=banks.position,
    )


@pages.get(BANK)
async def bank_page(page: Page) -> Response:
    """The questions, those of a category or with a tag, and what can be done with them."""
    return await _bank(page, Form(page, {}))


@pages.post(BANK)
async def rename(page: Page) -> Response:
    """Give the bank another title."""
    form, bank_id = Form(page, await page.form()), page.parts["bank_id"]
    try:
        answer = await page.api.send("/v1/question-banks/{}", bank_id, body={"title": form["title"]})
    except Problem as problem:
        form.refused(problem)
        return await _bank(page, form)
    return page.go(BANK.format(bank_id=bank_id), answer, page.say("The bank has another title."))


@pages.post(f"{BANK}/move")
async def move(page: Page) -> Response:
    """Give the bank to another course, or to the campus."""
    form, bank_id = Form(page, await page.form()), page.parts["bank_id"]
    body = {"course_id": form["course_id"] or None}
    try:
        answer = await page.api.send("/v1/question-banks/{}/move", bank_id, body=body)
    except Problem as problem:
        form.refused(problem, NO_COURSE)
        return await _bank(page, form)
    return page.go(f"{BANK.format(bank_id=bank_id)}#keepers", answer, page.say("The bank belongs there now."))


@pages.post(f"{BANK}/share")
async def share(page: Page) -> Response:
    """Let another course draw from the bank."""
    return await _share(page, "share", page.say("The course may draw from the bank."))


@pages.post(f"{BANK}/unshare")
async def unshare(page: Page) -> Response:
    """Let a course draw from the bank no more."""
    return await _share(page, "unshare", page.say("The course draws from the bank no more."))


async def _share(page: Page, act: str, said: str) -> Response:
    form, bank_id = Form(page, await page.form()), page.parts["bank_id"]
    try:
        answer = await page.api.send(f"/v1/question-banks/{{}}/{act}", bank_id, body={"course_id": form["other"]})
    except Problem as problem:
        form.refused(problem)
        form.errors["other"] = form.errors.pop("course_id", problem.sentence)
        return await _bank(page, form)
    return page.go(f"{BANK.format(bank_id=bank_id)}#keepers", answer, said)


@pages.post(f"{BANK}/files")
async def import_file(page: Page) -> Response:
    """Take a file of questions: what it would do, question by question, or do it."""
    bank_id = page.parts["bank_id"]
    async with page.request.form(max_files=1, max_fields=10) as sent:
        file, act = sent.get("file"), str(sent.get("act", ""))
        data = await file.read() if isinstance(file, UploadFile) else b""
    form, dry_run = Form(page, {"act": act}), act != "import"
    if not data:
        form.errors["file"] = page.say("Choose a file of questions")
        return await _bank(page, form)
    try:
        report = await page.api.send(FILE, bank_id, body=data, query={"dry_run": "true" if dry_run else "false"})
    except Problem as problem:
        form.refused(problem)
        form.errors["file"] = problem.sentence
        return await _bank(page, form)
    return await _bank(page, form, {**report.body, "dry_run": dry_run})


@pages.get(f"{BANK}/export")
async def export_file(page: Page) -> Response:
    """The questions as a file; where some cannot be written in its format, that is said before."""
    name = page.query.get("format", "")
    kind = name if name in FILES else "moodle"
    found = await page.api.get("/v1/question-banks/{}/export", page.parts["bank_id"], format=kind)
    if found["refused"] and not page.query.get("anyway"):
        return await _bank(page, Form(page, {}), exported=found.body)
    ending, media_type = FILES[kind]
    saved = {"content-disposition": f'attachment; filename="{page.parts["bank_id"]}.{ending}"'}
    return Response(b64decode(found["file"]), headers={**HEADERS, **saved}, media_type=media_type)


async def _bank(
    page: Page, form: Form, report: dict[str, Any] | None = None, exported: dict[str, Any] | None = None
) -> Response:
    wanted = {name: page.query.get(name, "") for name in ("category", "tag", "after")}
    retired = "true" if page.query.get("retired") else None
    path, bank_id = "/v1/question-banks/{}/questions", page.parts["bank_id"]
    found, all_of_them = await asyncio.gather(
        page.api.read(path, bank_id, limit=ON_A_PAGE, retired=retired, **wanted),
        page.api.read(path, bank_id, limit=200),
    )
    courses = await courses_of(page, (found["course_id"], *found["shared_with"]))
    categories = sorted({each["category"] for each in all_of_them["items"]} - {""})
    return page.html(
        "teach/bank.html",
        form.status,
        bank=found.body,
        courses=courses,
        categories=categories,
        tags=sorted({tag for each in all_of_them["items"] for tag in each["tags"]}),
        wanted={**wanted, "retired": page.query.get("retired", "")},
        kinds=KINDS,
        form=form,
        report=report,
        exported=exported,
        formats=FILES,
        position=found.position,
    )
