"""
An attempt at a quiz: its questions as one form, or one at a time, saved and handed in by plain buttons.

With a script (web/static/quiz.js) each answer is sent by itself as soon as it was given, to a path of its own, and what
the server has acknowledged is shown beside it. Time left is counted from the server's clock. Which questions are
flagged is kept in a cookie of the attempt's address: it is a note to oneself.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

from babel.dates import format_time
from fastapi import Response
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile

from web.client import Answer, Problem
from web.learn.answers import KIND, PREFIX, digest, items_in, response_of, shown_text, with_gaps
from web.page import HEADERS, Page
from web.routing import Pages
from web.titles import titles_of

pages = Pages()
ATTEMPT = "/learn/quizzes/{quiz_id}/attempts/{attempt_no}"
OF_API = "/v1/me/quizzes/{}/attempts/{}"
AT_ONCE = 12  # questions on a page; more are shown one at a time, if nothing else is asked for
FLAGS, FLAGS_KEPT = "campus-flags", 30 * 24 * 3600  # seconds
MOST_FLAGS = 60  # that fit into a cookie
MOST_FIELDS, MOST_FILES, LARGEST_PART = 20_000, 50, 1_048_576
FILES = "file_upload"
ENDED = frozenset(("attempt_ended", "time_is_up"))
"""Refusals of what came after the end of the attempt."""


class Sent(NamedTuple):
    """A form of an attempt: its fields, and its files by item."""

    fields: dict[str, str]
    files: dict[str, list[UploadFile]]

    @property
    def wish(self) -> tuple[str, str]:
        """What the button that was pressed does, and to what."""
        what, _, about = self.fields.get("do", "save").partition(":")
        return what, about


Saved = tuple[Answer | None, dict[str, Problem]]


@pages.get(ATTEMPT)
async def attempt_page(page: Page) -> Response:
    """The questions, or what has become of them."""
    return await _shown(page, (await _attempt(page)).body)


@pages.post(ATTEMPT)
async def save(page: Page) -> Response:
    """Save what has changed in the form, and do what its button says."""
    async with _sent(page) as sent:
        return await _save(page, sent)


async def _save(page: Page, sent: Sent) -> Response:
    attempt = (await _attempt(page)).body
    if attempt["status"] != "running":
        return page.go(_path(page), notice=page.say("This attempt was handed in before."))
    saved, problems = await _save_changes(page, attempt, sent)
    what, about = sent.wish
    if any(problem.code in ENDED for problem in problems.values()):
        return page.go(_path(page), saved, page.say("The time was over: what was saved before counts."))
    if not problems and what == "hint":
        try:
            saved = await _show_hint(page, attempt, about)
        except Problem as problem:
            problems = {about: problem}
    if problems:
        return await _shown(page, attempt, problems, sent)
    if what == "handin":
        return page.go(f"{_path(page)}/hand-in", saved)
    response = page.go(_onward(page, what, about), saved, page.say("Saved.") if saved and what == "save" else "")
    if what == "flag":
        response.headers.append("set-cookie", _flags_cookie(page, _flags(page) ^ {about}))
    return response


@pages.post(f"{ATTEMPT}/answers/{{item_id}}")
async def save_answer(page: Page) -> Response:
    """Save one answer, as the script of the page sends it; the receipt, or the problem, as JSON."""
    async with _sent(page) as sent:
        return await _save_answer(page, sent, page.parts["item_id"])


async def _save_answer(page: Page, sent: Sent, item_id: str) -> Response:
    seq = sent.fields.get("client_seq", "")
    try:
        files = sent.files.get(item_id, [])
        response = await _files_of(page, item_id, sent, files) if _is_files(item_id, sent) else None
        response = response or response_of(item_id, sent.fields)
        body = {"client_seq": int(seq) if seq.isascii() and seq.isdigit() else 0, "response": response}
        answer = await page.api.send(
            "/v1/quizzes/{}/attempts/{}/answers/{}", *_place(page), item_id, body=body, method="PUT"
        )
    except Problem as problem:
        return JSONResponse({"code": problem.code, "detail": problem.detail}, problem.status, HEADERS)
    return JSONResponse({**answer.body, "saved": _clock(page, answer["saved_at"])}, headers=HEADERS)


@pages.get(f"{ATTEMPT}/hand-in")
async def before_handing_in(page: Page) -> Response:
    """What is answered, what is not, and the last question."""
    attempt = (await _attempt(page)).body
    if attempt["status"] != "running":
        return page.go(_path(page))
    values = {"attempt": attempt, "flags": _flags(page), "path": _path(page), "left": _left(attempt)}
    return page.html("learn/hand-in.html", problem=None, **values)


@pages.post(f"{ATTEMPT}/hand-in")
async def hand_in(page: Page) -> Response:
    """Hand the attempt in; what comes twice, or after the server has done it, leads to the same page."""
    try:
        answer = await page.api.send("/v1/quizzes/{}/attempts/{}/submit", *_place(page), body={})
    except Problem as problem:
        if problem.code not in {*ENDED, "already_submitted"}:
            raise
        return page.go(_path(page), notice=page.say("The server has handed this attempt in already."))
    return page.go(_path(page), answer, page.say("Handed in."))


def _place(page: Page) -> tuple[str, str]:
    return page.parts["quiz_id"], page.parts["attempt_no"]


def _path(page: Page) -> str:
    return ATTEMPT.format(quiz_id=page.parts["quiz_id"], attempt_no=page.parts["attempt_no"])


async def _attempt(page: Page) -> Answer:
    return await page.api.read(OF_API, *_place(page))


@asynccontextmanager
async def _sent(page: Page) -> AsyncIterator[Sent]:
    """The form, whose files are open as long as the block runs."""
    async with page.request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_PART) as form:
        fields: dict[str, str] = {}
        files: dict[str, list[UploadFile]] = {}
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                fields.setdefault(name, value)
            elif value.filename:
                files.setdefault(name.removeprefix(PREFIX).rpartition(":")[0], []).append(value)
        yield Sent(fields, files)


async def _save_changes(page: Page, attempt: Mapping[str, Any], sent: Sent) -> Saved:
    """Send the answers that are others than those that the form was drawn with; the last receipt, and what is wrong."""
    saved, problems = None, {}
    items = {item["item_id"]: item for item in attempt["items"]}
    what, about = sent.wish
    for item_id in items_in(sent.fields):
        if item_id not in items:
            continue
        item = items[item_id]
        try:
            if _is_files(item_id, sent):
                response = await _files_of(page, item_id, sent, sent.files.get(item_id, []))
            else:
                response = response_of(item_id, sent.fields)
            if what == "clear" and about == item_id:
                response = None
            elif sent.fields[f"was:{item_id}"] == digest(response):
                continue
            if digest(item["response"]) == digest(response):
                continue
            body = {"client_seq": item["client_seq"] + 1, "response": response}
            path = "/v1/quizzes/{}/attempts/{}/answers/{}"
            saved = await page.api.send(path, *_place(page), item_id, body=body, method="PUT")
        except Problem as problem:
            problems[item_id] = problem
    return saved, problems


def _is_files(item_id: str, sent: Sent) -> bool:
    return sent.fields.get(f"{KIND}{item_id}") == FILES


async def _files_of(page: Page, item_id: str, sent: Sent, files: Sequence[UploadFile]) -> dict[str, Any] | None:
    """The answer with the files that were kept in the form, and those that come with it, which are handed in here."""
    attempt = (await _attempt(page)).body
    before = next((item["response"] for item in attempt["items"] if item["item_id"] == item_id), None) or {"files": []}
    kept = [file for file in before["files"] if f"{PREFIX}{item_id}:keep:{file['sha256']}" in sent.fields]
    for file in files:
        found = await page.api.send("/v1/quizzes/{}/attempts/{}/files", *_place(page), body=await file.read())
        kind = file.content_type or "application/octet-stream"
        kept = [each for each in kept if each["sha256"] != found["sha256"]]
        kept.append({"name": file.filename, "media_type": kind, **found.body})
    return {"kind": FILES, "files": kept} if kept else None


async def _show_hint(page: Page, attempt: Mapping[str, Any], item_id: str) -> Answer:
    shown = next((len(item["hints"]) for item in attempt["items"] if item["item_id"] == item_id), 0)
    path = "/v1/quizzes/{}/attempts/{}/items/{}/hints/{}"
    return await page.api.send(path, *_place(page), item_id, str(shown + 1), method="PUT")


def _onward(page: Page, what: str, about: str) -> str:
    """The address after saving: another question, or the same place."""
    if what == "go":
        return f"{_path(page)}?q={about}" if about.isdigit() else _path(page)
    asked = page.query.get("q")
    return f"{_path(page)}?q={asked}" if asked else f"{_path(page)}{f'#q-{about}' if about else ''}"


def _flags(page: Page) -> set[str]:
    return set(filter(None, page.request.cookies.get(FLAGS, "").split(":")))


def _flags_cookie(page: Page, flags: set[str]) -> str:
    value = ":".join(sorted(each for each in flags if each.isascii() and each.isprintable())[:MOST_FLAGS])
    return f"{FLAGS}={value}; Max-Age={FLAGS_KEPT}; Path={_path(page)}; Secure; SameSite=Strict"


def _clock(page: Page, moment: str) -> str:
    return format_time(page.reader.local(moment), "medium", locale=page.reader.locale)


def _left(attempt: Mapping[str, Any]) -> int | None:
    """Seconds until the deadline, by the server's clock; None for an attempt without one."""
    if attempt["deadline_at"] is None:
        return None
    until, now = (datetime.fromisoformat(attempt[name]) for name in ("deadline_at", "now"))
    return max(0, round((until - now).total_seconds()))


def _takes_answers(attempt: Mapping[str, Any]) -> bool:
    """Whether what is sent now still counts."""
    until = attempt["accepts_until"] and datetime.fromisoformat(attempt["accepts_until"])
    return attempt["status"] == "running" and not (until and datetime.fromisoformat(attempt["now"]) > until)


async def _shown(
    page: Page, attempt: Mapping[str, Any], problems: Mapping[str, Problem] | None = None, sent: Sent | None = None
) -> Response:
    """The page of an attempt, with what is wrong in a form that was sent."""
    number, items = page.query.get("q", ""), attempt["items"]
    if not number and len(items) > AT_ONCE and "all" not in page.query:
        number = "1"
    at = min(max(int(number), 1), len(items)) if number.isascii() and number.isdigit() and items else None
    for place, item in enumerate(items, 1):
        item["number"], item["was"] = place, digest(item["response"])
        item["saved"] = _clock(page, item["saved_at"]) if item["saved_at"] else ""
        if sent is not None and item["item_id"] in items_in(sent.fields) and not _is_files(item["item_id"], sent):
            item["response"] = response_of(item["item_id"], sent.fields)
    values = {
        "attempt": attempt,
        "asked": items if at is None else items[at - 1 : at],
        "at": at,
        "path": _path(page),
        "flags": _flags(page),
        "left": _left(attempt),
        "problems": problems or {},
        "shown_text": shown_text,
        "with_gaps": with_gaps,
        "section_of": {item_id: each["title"] for each in attempt["sections"] for item_id in each["items"][:1]},
    }
    status = 422 if problems else 200
    if _takes_answers(attempt):
        return page.html("learn/attempt.html", status, **values)
    run_id = attempt["run_id"]
    titles = await titles_of(page, [run_id])
    return page.html("learn/review.html", status, course_title=titles[run_id], **values)
