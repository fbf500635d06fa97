"""Courses to choose from for a question bank: those that the reader teaches, and those with which it may be shared."""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from web.client import Problem
from web.page import Page

MOST_OFFERED = 200  # courses; others of a larger campus are looked for by their title, or named by their ids
KEEPERS = frozenset(("instructor", "admin"))
READERS = KEEPERS | {"auditor"}
Json = dict[str, Any]


class Courses(NamedTuple):
    """
    The courses that forms offer.

    Attributes:
        titles: by id, those of `taught` and as many others as a form offers.
        taught: those that the reader teaches, by a role in them or in a run; None for all of the campus.
        found: by id, the titles of those that were looked for; None where nothing was looked for.
        are_more: whether a form cannot offer them all.
    """

    titles: dict[str, str]
    taught: list[str] | None
    found: dict[str, str] | None
    are_more: bool


def is_of_campus(page: Page) -> bool:
    """Whether the reader keeps the banks of all courses, and those of the campus."""
    return page.user is not None and not KEEPERS.isdisjoint(page.user.roles)


async def courses_of(page: Page, named: Iterable[str | None] = ()) -> Courses:
    """The courses to choose from, by a part of their title where one is looked for, and the titles of some more."""
    wanted = page.query.get("courses", "")
    listed, taught = await asyncio.gather(
        page.api.read("/v1/courses", sort="title", limit=MOST_OFFERED, q=wanted or None), _taught(page)
    )
    titles = {each["course_id"]: each["title"] for each in listed["items"]}
    found = dict(titles) if wanted else None
    lacking = sorted({*(taught or ()), *named} - {None, *titles})
    seen = await asyncio.gather(*(_seen(page, "/v1/courses/{}", course_id) for course_id in lacking))
    titles |= {each["course_id"]: each["title"] for each in seen if each is not None}
    own = None if taught is None else [name for name in titles if name in taught]
    return Courses(titles, own, found, listed["next"] is not None or bool(wanted))


def reads_banks(page: Page) -> bool:
    """Whether the reader has a role that reads banks somewhere."""
    roles = page.user.roles if page.user is not None else ()
    return any(role.partition("@")[0] in READERS for role in roles)


async def banks_seen(page: Page) -> list[Json] | None:
    """The banks that the reader may read; None for readers who may read none at all."""
    if not reads_banks(page):
        return None
    try:
        return list((await page.api.get("/v1/question-banks"))["items"])
    except Problem as problem:
        if problem.status == 403:
            return None
        raise


def draws_from(bank: Json, course_id: str) -> bool:
    """Whether quizzes of a course may draw from a bank."""
    return course_id in (bank["course_id"], *bank["shared_with"])


async def _taught(page: Page) -> set[str] | None:
    """The courses of the reader's roles, those of runs too; None for all."""
    if is_of_campus(page):
        return None
    roles = [role.partition("@") for role in (page.user.roles if page.user is not None else ())]
    scopes = [scope.partition(":") for role, _, scope in roles if role in KEEPERS]
    runs = await asyncio.gather(*(_seen(page, "/v1/runs/{}", name) for kind, _, name in scopes if kind == "run"))
    of_runs = {run["course_id"] for run in runs if run is not None}
    return of_runs | {name for kind, _, name in scopes if kind == "course"}


async def _seen(page: Page, path: str, name: str) -> Json | None:
    try:
        return dict((await page.api.read(path, name)).body)
    except Problem as problem:
        if problem.status == 404:
            return None
        raise
