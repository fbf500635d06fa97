"""The gradebook: learners by assessments, the same as a list to sort and filter, as CSV, and one score to change."""

import asyncio
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages
from web.teach.shared import address, on_the_form, run_of

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
MATRIX, ROWS = "/v1/runs/{}/gradebook/matrix", "/v1/runs/{}/gradebook"


@pages.get("/teach/runs/{run_id}/gradebook")
async def matrix_page(page: Page) -> Response:
    """Learners by assessments."""
    run, matrix = await asyncio.gather(
        run_of(page), page.api.read(MATRIX, page.parts["run_id"], cursor=page.query.get("cursor"))
    )
    return page.html("teach/gradebook.html", run=run.body, matrix=matrix.body, position=matrix.position)


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
        next=rows["next"],
        quizzes=quizzes["items"],
        wanted=wanted,
        query=urlencode({name: value for name, value in wanted.items() if value}),
        position=rows.position,
    )


@pages.get("/teach/runs/{run_id}/gradebook.csv")
async def matrix_file(page: Page) -> Response:
    """The matrix for a spreadsheet, with all learners."""
    return page.file(await page.api.csv(MATRIX, page.parts["run_id"]))


@pages.get("/teach/runs/{run_id}/gradebook/list.csv")
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
