"""The gradebook: learners by assessments, the same as a list to sort and filter, as CSV, and one score to change."""

import asyncio
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from web.client import Problem, on_the_form
from web.page import Page
from web.routing import Pages
from web.teach.names import names_of
from web.teach.shared import address, run_of

pages = Pages()
SHOWN = {
    "missing": {"missing": "true"},
    "overdue": {"missing": "true", "late": "true"},
    "late": {"late": "true"},
    "ungraded": {"ungraded": "true"},
    "passed": {"passed": "true"},
    "failed": {"passed": "false"},
}
SORTS = ("learner", "score", "lateness", "submitted_at")
STATES = ("active", "completed", "suspended", "withdrawn", "ended")
WINDOW = 50  # learners that are drawn at once
MOST_SKIPPED = 1_000_000  # learners before a window
MATRIX, ROWS = "/v1/runs/{}/gradebook/matrix", "/v1/runs/{}/gradebook"


@pages.get("/teach/runs/{run_id}/gradebook")
async def matrix_page(page: Page) -> Response:
    """Learners by assessments: one window of rows; a script shows others while it is scrolled."""
    wanted = _wanted_of_matrix(page)
    run, window = await asyncio.gather(run_of(page), _window(page, wanted))
    return page.html(
        "teach/gradebook.html",
        run=run.body,
        wanted=wanted,
        states=STATES,
        size=WINDOW,
        query=urlencode({name: value for name, value in wanted.items() if value}),
        **window,
    )


@pages.get("/teach/runs/{run_id}/gradebook/rows", whole=False)
async def matrix_rows(page: Page) -> Response:
    """The rows of one window, for the script: how many there are of all, and of columns, stands in headers."""
    window = await _window(page, _wanted_of_matrix(page))
    matrix = window["matrix"]
    response = page.part("teach/gradebook-rows.html", base=address(page.parts["run_id"]), **window)
    response.headers["campus-total"] = str(matrix["total"])
    response.headers["campus-columns"] = str(len(matrix["assessments"]))
    return response


async def _window(page: Page, wanted: dict[str, str]) -> dict[str, Any]:
    """The learners of a window, with their names, and where it begins."""
    skip = min(page.number("skip") or 0, MOST_SKIPPED)
    matrix = await page.api.read(MATRIX, page.parts["run_id"], skip=skip, limit=WINDOW, **_asked(wanted))
    names = await names_of(page, (each["learner_id"] for each in matrix["items"]))
    return {"matrix": matrix.body, "names": names, "skip": skip, "position": matrix.position}


def _asked(wanted: dict[str, str]) -> dict[str, str]:
    """The parameters of the API."""
    shown = {"at_risk" if wanted["show"] == "risk" else "ungraded": "true"} if wanted["show"] else {}
    return {**shown, **{name: wanted[name] for name in ("q", "status", "sort", "quiz_id", "order")}}


def _wanted_of_matrix(page: Page) -> dict[str, str]:
    """Which learners to show, by the query string; what it cannot mean is left to its default."""
    wanted = {name: page.query.get(name, "") for name in ("q", "status", "show", "sort", "quiz_id", "order")}
    wanted["status"] = wanted["status"] if wanted["status"] in STATES else ""
    wanted["show"] = wanted["show"] if wanted["show"] in ("risk", "ungraded") else ""
    wanted["sort"] = wanted["sort"] if wanted["sort"] in ("grade", "grade_so_far", "score") else "learner"
    wanted["order"] = "desc" if wanted["order"] == "desc" else "asc"
    return wanted


@pages.get("/teach/runs/{run_id}/gradebook/list")
async def list_page(page: Page) -> Response:
    """One line for each learner and assessment."""
    run_id, wanted = page.parts["run_id"], _wanted(page)
    shown = SHOWN.get(wanted["show"], {})
    asked = {name: wanted[name] for name in ("quiz_id", "learner_id", "sort", "order")}
    run, rows, quizzes = await asyncio.gather(
        run_of(page),
        page.api.read(ROWS, run_id, cursor=page.query.get("cursor"), **shown, **asked),
        page.api.read("/v1/runs/{}/quizzes", run_id, limit=200),
    )
    return page.html(
        "teach/gradebook-list.html",
        run=run.body,
        rows=rows["items"],
        names=await names_of(page, (each["learner_id"] for each in rows["items"])),
        next=rows["next"],
        quizzes=quizzes["items"],
        wanted=wanted,
        query=urlencode({name: value for name, value in wanted.items() if value}),
        position=rows.position,
    )


@pages.get("/teach/runs/{run_id}/gradebook.csv", whole=False)
async def matrix_file(page: Page) -> Response:
    """The matrix for a spreadsheet, with all learners that were asked for."""
    return page.file(await page.api.csv(MATRIX, page.parts["run_id"], **_asked(_wanted_of_matrix(page))))


@pages.get("/teach/runs/{run_id}/gradebook/list.csv", whole=False)
async def list_file(page: Page) -> Response:
    """The lines that were asked for, all of them, for a spreadsheet."""
    wanted = _wanted(page)
    asked = {name: wanted[name] for name in ("quiz_id", "learner_id", "sort", "order")}
    return page.file(await page.api.csv(ROWS, page.parts["run_id"], **SHOWN.get(wanted["show"], {}), **asked))


@pages.get("/teach/runs/{run_id}/gradebook/{quiz_id}/{learner_id}")
async def cell_page(page: Page) -> Response:
    """One learner and one assessment."""
    return await _cell(page)


@pages.post("/teach/runs/{run_id}/gradebook/{quiz_id}/{learner_id}")
async def override(page: Page) -> Response:
    """Put another score in the place of that of an attempt, with why."""
    form = await page.form()
    run_id, quiz_id, learner_id = (page.parts[name] for name in ("run_id", "quiz_id", "learner_id"))
    score = _basis_points(form.get("score", ""))
    if score is None:
        said = page.say("A score is a number from 0 to 100, such as 62.5")
        return await _cell(page, Problem(422, {"code": "validation_failed", "detail": said}), form)
    path, reason = "/v1/quizzes/{}/attempts/{}/override", form.get("reason", "")
    body = {"learner_id": learner_id, "score_bp": score, "reason": reason}
    try:
        answer = await page.api.send(path, quiz_id, form.get("attempt_no", ""), body=body, reason=reason)
    except Problem as problem:
        return await _cell(page, on_the_form(problem), form)
    there = address(run_id, f"/gradebook/{quiz_id}/{learner_id}")
    return page.go(there, answer, page.say("The score is changed; grade and outcome follow."))


async def _cell(page: Page, problem: Problem | None = None, sent: dict[str, str] | None = None) -> Response:
    run_id, quiz_id, learner_id = (page.parts[name] for name in ("run_id", "quiz_id", "learner_id"))
    run, rows = await asyncio.gather(
        run_of(page), page.api.read(ROWS, run_id, quiz_id=quiz_id, learner_id=learner_id, limit=1)
    )
    return page.html(
        "teach/cell.html",
        200 if problem is None else problem.status,
        run=run.body,
        cell=rows["items"][0] if rows["items"] else None,
        learner_id=learner_id,
        names=await names_of(page, (learner_id,)),
        position=rows.position,
        problem=problem,
        sent=sent or {},
    )


def _wanted(page: Page) -> dict[str, str]:
    """What to show, by the query string; what it cannot mean is left to its default."""
    wanted = {name: page.query.get(name, "") for name in ("show", "quiz_id", "learner_id", "sort", "order")}
    wanted["sort"] = wanted["sort"] if wanted["sort"] in SORTS else "learner"
    wanted["order"] = "desc" if wanted["order"] == "desc" else "asc"
    return wanted


def _basis_points(text: str) -> int | None:
    """Percent as typed, in basis points; None for what is no such number."""
    try:
        found = Decimal(text.replace(",", ".").removesuffix("%").strip()) * 100
    except InvalidOperation:
        return None
    return int(found) if found.is_finite() and 0 <= found <= 10_000 and found == int(found) else None
