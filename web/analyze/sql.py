"""
SQL of analysts: what there is to ask, a place to type, the answer as a table and a chart, files, and saved queries.

The statement stands in the form and in no address, so that no log of a proxy has it; a saved query has an address.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, TypedDict

from fastapi import Response

from api.analytics import ARROW, PARQUET
from api.http.csv_text import CSV
from api.http.types import LONGEST_STATEMENT
from domain.admin.tickets import BadTicket, ReasonNeeded, TicketNeeded
from web.analyze.answer_chart import chart_of
from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()
ROWS = 100  # on one page
FORMS = {"csv": CSV, "parquet": PARQUET, "arrow": ARROW}
HERE = "/analyze/sql"
ASKED = ("sql", "skip", "chart", "across", "up", "name", "shared", "query_id", "reason", "ticket")
QUERY = "/v1/analytics/queries/{}"
OF_ADMINS = (ReasonNeeded.code, TicketNeeded.code, BadTicket.code)
"""Refusals that stand at the fields for admins."""


class Why(TypedDict):
    """Why something is asked, and under which ticket: what a campus may need of its admins."""

    reason: str
    ticket: str


@pages.get(HERE)
async def sql_page(page: Page) -> Response:
    """A place to type; with a saved query or the first rows of a view in it, where one is named."""
    return await _page(page, dict.fromkeys(ASKED, ""))


@pages.get(f"{HERE}/queries/{{query_id}}")
async def saved_page(page: Page) -> Response:
    """A saved query with its versions; an earlier one, where its number is named."""
    saved = (await page.api.get(QUERY, page.parts["query_id"])).body
    number = page.query.get("version", "")
    chosen = next((each for each in saved["versions"] if str(each["version"]) == number), saved)
    asked = dict.fromkeys(ASKED, "") | {"sql": chosen["sql"], "name": chosen["name"], "query_id": saved["query_id"]}
    return await _page(page, asked | {"shared": "on" if chosen["shared"] else ""}, saved=saved)


@pages.post(HERE)
async def ask(page: Page) -> Response:
    """Ask, and show the answer below what was typed."""
    asked = await _asked(page)
    skip = int(asked["skip"]) if asked["skip"].isascii() and asked["skip"].isdigit() else 0
    body = {"sql": asked["sql"], "rows": ROWS, "skip": skip}
    try:
        answer = (await page.api.send("/v1/analytics/question", body=body, **_why(asked))).body
    except Problem as problem:
        return await _page(page, asked, problem=problem, about="question")
    return await _page(page, asked, answer=answer, skip=skip)


@pages.post(f"{HERE}/file")
async def save_file(page: Page) -> Response:
    """The whole answer as a file."""
    asked = await _asked(page)
    kind = FORMS.get((await page.form()).get("form", ""), CSV)
    try:
        body = {"sql": asked["sql"]}
        return page.file(await page.api.send("/v1/analytics/question", body=body, accept=kind, **_why(asked)))
    except Problem as problem:
        return await _page(page, asked, problem=problem, about="question")


@pages.post(f"{HERE}/save")
async def save(page: Page) -> Response:
    """Save what was typed: another version of an own query, or another query."""
    asked = await _asked(page)
    body = {"name": asked["name"], "sql": asked["sql"], "shared": bool(asked["shared"])}
    query_id = asked["query_id"] if "version" in await page.form() else ""
    try:
        if query_id:
            answer = await page.api.send(QUERY, query_id, body=body, **_why(asked))
        else:
            answer = await page.api.send("/v1/analytics/queries", body=body, **_why(asked))
            query_id = answer["query_id"]
    except Problem as problem:
        return await _page(page, asked, problem=problem, about="save")
    return page.go(f"{HERE}/queries/{query_id}", answer, page.say("The query is saved."))


@pages.post(f"{HERE}/queries/{{query_id}}/remove")
async def remove(page: Page) -> Response:
    """Show an own query no more."""
    asked = await _asked(page)
    try:
        answer = await page.api.send(f"{QUERY}/remove", page.parts["query_id"], **_why(asked))
    except Problem as problem:
        return await _page(page, asked, problem=problem, about="save")
    return page.go(HERE, answer, page.say("The query is removed."))


async def _asked(page: Page) -> dict[str, str]:
    form = await page.form()
    return {name: form.get(name, "") for name in ASKED}


def _why(asked: Mapping[str, str]) -> Why:
    return Why(reason=asked["reason"], ticket=asked["ticket"])


async def _page(
    page: Page,
    asked: Mapping[str, str],
    *,
    answer: dict[str, Any] | None = None,
    skip: int = 0,
    problem: Problem | None = None,
    about: str = "",
    saved: dict[str, Any] | None = None,
) -> Response:
    if saved is None and asked["query_id"]:
        try:
            saved = (await page.api.get(QUERY, asked["query_id"])).body
        except Problem:
            saved = None
    views, queries = await asyncio.gather(page.api.get("/v1/analytics/views"), page.api.get("/v1/analytics/queries"))
    chart = None if answer is None else chart_of(answer, asked["chart"], asked["across"], asked["up"])
    return page.html(
        "analyze/sql.html",
        200 if problem is None else problem.status,
        asked=asked,
        views=views["items"],
        queries=queries["items"],
        saved=saved,
        answer=answer,
        chart=chart,
        skip=skip,
        rows=ROWS,
        longest=LONGEST_STATEMENT,
        refusal=problem,
        about="" if problem is not None and problem.code in OF_ADMINS else about,
        accounts="admin" in page.desks,
        pointer=_pointer(asked["sql"], problem),
    )


def _pointer(sql: str, problem: Problem | None) -> str:
    """The line at which a statement is refused, with a mark below the place; empty where that is not known."""
    if problem is None or not isinstance(problem.facts.get("line"), int):
        return ""
    line, column = problem.facts["line"], problem.facts["column"]
    lines = sql.replace("\r\n", "\n").split("\n")
    if line > len(lines):
        return ""
    begin = max(column - 60, 0)  # a long line is shown around the place
    return f"{lines[line - 1].expandtabs(1)[begin : begin + 100]}\n{' ' * (column - 1 - begin)}^"
