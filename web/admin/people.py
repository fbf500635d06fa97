"""Accounts and roles: find a person, let in, let out, grant, revoke, erase."""

import asyncio

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()
ACTS = {
    "suspend": "/v1/learners/{}/suspend",
    "reinstate": "/v1/learners/{}/reinstate",
    "end-sessions": "/v1/learners/{}/sessions/end",
    "remove-factors": "/v1/learners/{}/factors/remove",
}
ROLES = ("instructor", "assistant", "auditor", "analyst", "admin")


@pages.get("/admin/people")
async def people_page(page: Page) -> Response:
    """All accounts, page by page; what they say of persons stays closed."""
    return await _list(page)


@pages.post("/admin/people/find")
async def find_person(page: Page) -> Response:
    """The account of an address; the look is recorded, with why."""
    form = await page.form()
    sent = {"email": form.get("email", ""), "reason": form.get("reason", "")}
    try:
        found = await page.api.send("/v1/accounts/find", body=sent)
    except Problem as problem:
        return await _list(page, problem, sent)
    return page.go(f"/admin/people/{found['learner_id']}")


@pages.get("/admin/people/{learner_id}")
async def person_page(page: Page) -> Response:
    """One account with its roles."""
    return await _person(page)


@pages.post("/admin/people/{learner_id}/roles/grant")
async def grant(page: Page) -> Response:
    """Grant a role, on the campus, a course or a run."""
    form = await page.form()
    body = {name: form.get(name, "") for name in ("role", "scope", "reason")}
    if form.get("until"):
        body["until"] = f"{form['until']}T00:00:00Z"
    return await _act(page, "/v1/roles/grant", body | {"learner_id": page.parts["learner_id"]}, page.say("Granted."))


@pages.post("/admin/people/{learner_id}/roles/revoke")
async def revoke(page: Page) -> Response:
    """Take a role away."""
    form = await page.form()
    body = {name: form.get(name, "") for name in ("role", "scope", "reason")}
    return await _act(page, "/v1/roles/revoke", body | {"learner_id": page.parts["learner_id"]}, page.say("Revoked."))


@pages.post("/admin/people/{learner_id}/erase")
async def erase(page: Page) -> Response:
    """Erase all that is kept about the person; the id has to be typed, since this cannot be taken back."""
    form, learner_id = await page.form(), page.parts["learner_id"]
    if form.get("id") != learner_id:
        wrong = page.say("The id that was typed is another one: nothing was erased.")
        return await _person(page, Problem(422, {"code": "not_confirmed", "detail": wrong}), {"act": "erase", **form})
    return await _act(page, f"/v1/learners/{learner_id}/erase", {"ground": "asked"}, page.say("The person is erased."))


@pages.post("/admin/people/{learner_id}/{act}")
async def act_on_person(page: Page) -> Response:
    """Suspend, reinstate, end sessions, or remove lost factors."""
    form, act = await page.form(), page.parts["act"]
    path = ACTS.get(act, "").format(page.parts["learner_id"])
    if not path:
        return page.html("problems/not-found.html", 404)
    return await _act(page, path, {"reason": form.get("reason", "")}, page.say("Done."))


async def _act(page: Page, path: str, body: dict[str, str], notice: str) -> Response:
    """Send a command about the person of the page, and come back to the page."""
    try:
        answer = await page.api.send(path, body=body, reason=body.get("reason", ""))
    except Problem as problem:
        return await _person(page, problem, {"act": page.request.url.path.rpartition("/")[2], **await page.form()})
    return page.go(f"/admin/people/{page.parts['learner_id']}", answer, notice)


async def _list(page: Page, problem: Problem | None = None, sent: dict[str, str] | None = None) -> Response:
    accounts = await page.api.read("/v1/accounts", cursor=page.query.get("cursor"), status=page.query.get("status"))
    return page.html(
        "admin/people.html",
        200 if problem is None else problem.status,
        accounts=accounts["items"],
        next=accounts["next"],
        position=accounts.position,
        problem=problem,
        sent=sent or {"email": "", "reason": ""},
    )


async def _person(page: Page, problem: Problem | None = None, sent: dict[str, str] | None = None) -> Response:
    learner_id = page.parts["learner_id"]
    account, roles = await asyncio.gather(
        page.api.read("/v1/learners/{}/account", learner_id), page.api.read("/v1/roles", person=learner_id)
    )
    return page.html(
        "admin/person.html",
        200 if problem is None else problem.status,
        account=account.body,
        roles=roles["items"],
        position=min(account.position, roles.position),
        problem=problem,
        known_roles=ROLES,
        sent=sent or {"act": ""},
    )
