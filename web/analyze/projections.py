"""One read model: its generations, rules and jobs; to rebuild it, to serve another generation, and to go back."""

import asyncio
from typing import Any

from fastapi import Response

from web.analyze.home import readiness
from web.client import NoSuchThing, Problem
from web.page import Page
from web.routing import Pages

pages = Pages()


@pages.get("/analyze/projections/{name}")
async def projection_page(page: Page) -> Response:
    """One read model."""
    return await _projection(page)


@pages.post("/analyze/projections/{name}/rebuild")
async def rebuild(page: Page) -> Response:
    """Build a generation beside the one that is served."""
    form = await page.form()
    body = {"reason": form.get("reason", ""), "from_scratch": "from_scratch" in form}
    return await _ask_for(page, "rebuild", body)


@pages.post("/analyze/projections/{name}/promote")
async def promote(page: Page) -> Response:
    """Serve a generation that is ready."""
    form = await page.form()
    number = form.get("generation", "")
    wanted = {"generation": int(number)} if number.isascii() and number.isdigit() else {}
    body = {"reason": form.get("reason", ""), "with_parked": "with_parked" in form}
    return await _ask_for(page, "promote", body | wanted)


@pages.post("/analyze/projections/{name}/rollback")
async def roll_back(page: Page) -> Response:
    """Serve the generation from before."""
    form = await page.form()
    return await _ask_for(page, "rollback", {"reason": form.get("reason", ""), "as_it_was": "as_it_was" in form})


@pages.get("/analyze/rules/{source_hash}")
async def rule_page(page: Page) -> Response:
    """The source of a rule that was served, a module at a time; it never changes."""
    rule = await page.api.read("/v1/rules/{}", page.parts["source_hash"])
    names = sorted(rule["modules"])
    wanted = page.query.get("module", names[0] if names else "")
    return page.html("analyze/rule.html", rule=rule.body, names=names, module=wanted, text=rule["modules"].get(wanted))


async def _ask_for(page: Page, act: str, body: dict[str, Any]) -> Response:
    """Send what was asked for, and go to the job that does it."""
    path = f"/v1/projections/{{}}/{act}"
    try:
        answer = await page.api.send(path, page.parts["name"], body=body)
    except Problem as problem:
        return await _projection(page, problem, {"act": act, **body})
    return page.go(f"/analyze/jobs/{answer['job_id']}", answer, page.say("It is asked for, and begins now."))


async def _projection(page: Page, problem: Problem | None = None, sent: dict[str, Any] | None = None) -> Response:
    name = page.parts["name"]
    models, jobs, ready, rules = await asyncio.gather(
        page.api.get("/v1/projections"),
        page.api.get("/v1/projections/jobs", projection=name, limit=10),
        readiness(page),
        _rules(page, name),
    )
    own = [each for each in models["items"] if each["name"] == name]
    if not own:
        raise NoSuchThing
    own.sort(key=lambda each: -each["generation"])
    return page.html(
        "analyze/projection.html",
        200 if problem is None else problem.status,
        name=name,
        generations=own,
        current=next((each for each in own if each["status"] == "live"), None),
        ready=[each for each in own if each["status"] == "ready"],
        before=next((each for each in own if each["status"] == "retired"), None),
        jobs=jobs["items"],
        rules=rules,
        position=ready["head"],
        problem=problem,
        sent=sent or {"act": "", "reason": ""},
    )


async def _rules(page: Page, name: str) -> dict[str, Any] | None:
    """The rules of a read model; None for who may not see them."""
    try:
        found: dict[str, Any] = (await page.api.read("/v1/projections/{}/rules", name)).body
    except Problem as problem:
        if problem.status != 403:
            raise
        return None
    return found
