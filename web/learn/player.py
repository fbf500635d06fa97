"""The course player: the outline of a run with what each unit is for the learner, and the units themselves."""

import asyncio
from collections.abc import Mapping
from typing import Any

from babel import Locale, UnknownLocaleError
from fastapi import Response

from domain.kinds import has_score
from web.client import Problem
from web.learn.units import Player, Unit, beside, next_unit, unit_of, units_of
from web.page import Page
from web.routing import Pages

pages = Pages()


@pages.get("/learn/runs/{run_id}")
async def run_page(page: Page) -> Response:
    """A course with its outline, and where to go on."""
    player = await page.api.read("/v1/me/runs/{}/player", page.parts["run_id"])
    onward = next_unit(player.body)
    return page.html(
        "learn/run.html",
        player=player.body,
        onward=None if onward is None else unit_of(player.body, onward),
        titles=_titles(player.body),
        position=player.position,
    )


@pages.get("/learn/runs/{run_id}/units/{unit_id}")
async def unit_page(page: Page) -> Response:
    """One unit, and the outline beside it; that it was opened is recorded the first time."""
    return await _unit_page(page)


@pages.post("/learn/runs/{run_id}/units/{unit_id}")
async def complete_unit(page: Page) -> Response:
    """Complete the unit and go on to the next one; or launch its tool."""
    run_id, unit_id = page.parts["run_id"], page.parts["unit_id"]
    if "launch" in await page.form():
        launch = await page.api.send("/v1/runs/{}/units/{}/launch", run_id, unit_id)
        return page.html("learn/launch.html", url=launch["url"], run_id=run_id, unit_id=unit_id)
    player = await page.api.read("/v1/me/runs/{}/player", run_id)
    try:
        answer = await page.api.send("/v1/progress/units/complete", body={"run_id": run_id, "unit_id": unit_id})
    except Problem as problem:
        return await _unit_page(page, problem)
    onward = next_unit(player.body, after=unit_id)
    if onward is None:
        return page.go(f"/learn/runs/{run_id}", answer, page.say("Done. You have been through all that is open."))
    return page.go(f"/learn/runs/{run_id}/units/{onward}", answer, page.say("Done. On to the next one."))


async def _unit_page(page: Page, problem: Problem | None = None) -> Response:
    run_id, unit_id = page.parts["run_id"], page.parts["unit_id"]
    player = await page.api.read("/v1/me/runs/{}/player", run_id)
    unit = unit_of(player.body, unit_id)
    if unit is None:
        raise Problem(404, {"code": "unknown_unit", "detail": page.say("This course has no such unit.")})
    if unit["state"] == "open":
        unit["state"] = await _opened(page, run_id, unit_id)
    content, viewing = await asyncio.gather(_content(page, run_id, unit), _viewing(page, unit))
    before, after = beside(player.body, unit_id)
    return page.html(
        "learn/unit.html",
        200 if problem is None else problem.status,
        player=player.body,
        unit=unit,
        content=content,
        viewing=viewing,
        captions=[(path, language, _language(language, page)) for language, path in unit["captions"].items()],
        has_score=has_score(unit["kind"]),
        before=before,
        after=after,
        titles=_titles(player.body),
        problem=problem,
        position=player.position,
    )


async def _opened(page: Page, run_id: str, unit_id: str) -> str:
    """The state of a unit once it is said that the learner has opened it; as it was, if the campus does not take it."""
    body = {"run_id": run_id, "unit_id": unit_id}
    try:
        await page.api.send("/v1/progress/units/open", body=body, shows=page.request.method == "GET")
    except Problem:
        return "open"
    return "begun"


async def _content(page: Page, run_id: str, unit: Unit) -> Mapping[str, Any] | None:
    """The text and the files of a unit; None for one that is locked, or whose content cannot be had."""
    if unit["page"] is None:
        return None
    try:
        found = await page.api.get("/v1/runs/{}/units/{}/page", run_id, unit["unit_id"])
    except Problem as problem:
        if problem.status in (403, 409):
            return None
        raise
    body: Mapping[str, Any] = found.body
    return body


async def _viewing(page: Page, unit: Unit) -> Mapping[str, Any] | None:
    """What was played of a unit; None for what is not played."""
    if unit["viewing"] is None:
        return None
    body: Mapping[str, Any] = (await page.api.get(unit["viewing"])).body
    return body


def _titles(player: Player) -> dict[str, str]:
    """The titles of units, for those that others wait for."""
    return {unit["unit_id"]: unit["title"] for unit in units_of(player)}


def _language(code: str, page: Page) -> str:
    """A language as the reader calls it."""
    try:
        return Locale.parse(code, sep="-").get_display_name(page.reader.language) or code
    except (UnknownLocaleError, ValueError):
        return code
