"""What holds on the campus and who has done what: settings, announcements, and acts of the staff."""

import asyncio
from collections.abc import Mapping

from fastapi import Response

from web.admin.shared import for_admins
from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()


@pages.get("/admin/settings")
async def settings_page(page: Page) -> Response:
    """What can be set, what each setting means, and its value."""
    return await _settings(page)


@pages.post("/admin/settings")
async def change_setting(page: Page) -> Response:
    """Change one; it holds within a second."""
    form = await page.form()
    body = {name: form.get(name, "") for name in ("name", "value", "reason")}
    try:
        answer = await page.api.send("/v1/settings", body=body, reason=body["reason"])
    except Problem as problem:
        return await _settings(page, problem, body)
    return page.go("/admin/settings", answer, page.say("The setting holds from now on."))


@pages.get("/admin/announcements")
async def announcements_page(page: Page) -> Response:
    """What is shown to all, or to those of a course or a run."""
    return await _announcements(page)


@pages.post("/admin/announcements")
async def announce(page: Page) -> Response:
    """Tell something to the campus."""
    form = await page.form()
    body = {name: form.get(name, "") for name in ("title", "text")} | {"scope": form.get("scope") or "campus"}
    try:
        answer = await page.api.send("/v1/announcements", body=body)
    except Problem as problem:
        return await _announcements(page, problem, form)
    return page.go("/admin/announcements", answer, page.say("It is shown now."))


@pages.post("/admin/announcements/{announcement_id}/withdraw")
async def withdraw(page: Page) -> Response:
    """Show it no more."""
    reason = (await page.form()).get("reason", "")
    path, body = "/v1/announcements/{}/withdraw", {"reason": reason}
    answer = await page.api.send(path, page.parts["announcement_id"], body=body, reason=reason)
    return page.go("/admin/announcements", answer, page.say("It is shown no more."))


@pages.get("/admin/audit")
async def audit_page(page: Page) -> Response:
    """What the staff have done, and what was refused to them."""
    wanted = {name: page.query.get(name) for name in ("actor", "about", "action", "ticket")}
    done, refusals = await asyncio.gather(
        page.api.read("/v1/audit", cursor=page.query.get("cursor"), limit=50, **wanted),
        page.api.get("/v1/audit/refusals", limit=20, **wanted),
    )
    return page.html(
        "admin/audit.html",
        done=done["items"],
        next=done["next"],
        refusals=refusals["items"],
        wanted=wanted,
        position=done.position,
    )


async def _settings(page: Page, problem: Problem | None = None, sent: Mapping[str, str] | None = None) -> Response:
    settings = await page.api.get("/v1/settings")
    status = 200 if problem is None else problem.status
    items = settings["items"]
    return page.html("admin/settings.html", status, settings=items, problem=problem, sent=sent or {"name": ""})


async def _announcements(page: Page, problem: Problem | None = None, sent: Mapping[str, str] | None = None) -> Response:
    await for_admins(page)
    announcements = await page.api.read("/v1/announcements")
    return page.html(
        "admin/announcements.html",
        200 if problem is None else problem.status,
        announcements=announcements["items"],
        problem=problem,
        sent=sent or {},
    )
