"""
What is disputed, and settling it: appeals of learners against outcomes, and the log where it is not what was signed.

Auditors see the evidence and settle nothing; admins do, with a reason that stands in the log.
"""

import asyncio
from typing import Any

from fastapi import Response

from web.client import FACTOR, STEP_UP, NoSuchThing, Problem
from web.page import Page
from web.routing import Pages
from web.titles import titles_of

pages = Pages()
HERE = "/audit/disputes"
OUTCOMES = ("distinction", "pass", "fail")
SETTLES = "admin"


@pages.get(HERE)
async def disputes_page(page: Page) -> Response:
    """Open appeals and those that were settled, and whether the log is what was signed."""
    return await _disputes(page)


@pages.post(f"{HERE}/log")
async def resolve(page: Page) -> Response:
    """Give up the signed tree that the log does not continue."""
    form = await page.form()
    body = {name: form.get(name, "") for name in ("origin", "reason")}
    try:
        answer = await page.api.send("/v1/proofs/dispute/resolve", body=body, reason=body["reason"])
    except Problem as problem:
        return await _disputes(page, problem, body)
    return page.go(HERE, answer, page.say("The tree is given up. The notary begins another one within seconds."))


@pages.get(f"{HERE}/{{learner_id}}/{{run_id}}/{{appeal_no}}")
async def dispute_page(page: Page) -> Response:
    """One appeal: what the learner says, what was decided and by which facts, and the evidence."""
    return await _dispute(page)


@pages.post(f"{HERE}/{{learner_id}}/{{run_id}}/{{appeal_no}}")
async def settle(page: Page) -> Response:
    """Answer the appeal; where it is right, the outcome is another one from then on."""
    form, parts = await page.form(), page.parts
    granted, outcome = form.get("granted") == "yes", form.get("outcome", "")
    body: dict[str, Any] = {"granted": granted, "words": form.get("words", "")}
    if granted and outcome:
        body["outcome"] = outcome
    path = "/v1/learners/{}/runs/{}/appeals/{}/answer"
    ids = (parts["learner_id"], parts["run_id"], parts["appeal_no"])
    try:
        answer = await page.api.send(path, *ids, body=body)
    except Problem as problem:
        return await _dispute(page, problem, form)
    return page.go(_address(*ids), answer, page.say("The dispute is settled. The learner reads the answer."))


async def _disputes(page: Page, problem: Problem | None = None, sent: dict[str, str] | None = None) -> Response:
    appeals, log = await asyncio.gather(
        page.api.get("/v1/appeals", all="true"), _or_nothing(page, "/v1/proofs/dispute")
    )
    items = appeals["items"]
    closed = [each for each in items if each["status"] != "open"]
    return page.html(
        "audit/disputes.html",
        200 if problem is None else problem.status,
        open=[each for each in items if each["status"] == "open"],
        closed=sorted(closed, key=lambda each: each["closed_at"], reverse=True),
        titles=await titles_of(page, (each["run_id"] for each in items)),
        log=log,
        settles=SETTLES in page.desks,
        problem=problem,
        sent=sent or {},
        address=_address,
        position=appeals.position,
    )


async def _dispute(page: Page, problem: Problem | None = None, sent: dict[str, str] | None = None) -> Response:
    learner_id, run_id = page.parts["learner_id"], page.parts["run_id"]
    reason = page.say("appeal %(number)s on %(run)s", number=page.parts["appeal_no"], run=run_id)
    appeals, decided, run = await asyncio.gather(
        page.api.read("/v1/learners/{}/runs/{}/appeals", learner_id, run_id),
        page.api.get(
            "/v1/learners/{}/history", learner_id, run_id=run_id, type="progress.course_outcome_*", reason=reason
        ),
        _or_nothing(page, "/v1/runs/{}", run_id),
    )
    found = next((each for each in appeals["items"] if str(each["appeal_no"]) == page.parts["appeal_no"]), None)
    if found is None:
        raise NoSuchThing
    return page.html(
        "audit/dispute.html",
        200 if problem is None else problem.status,
        appeal=found,
        decided=decided["items"],
        run=run,
        reason=reason,
        outcomes=OUTCOMES,
        settles=SETTLES in page.desks,
        problem=problem,
        sent=sent or {},
        position=appeals.position,
    )


async def _or_nothing(page: Page, path: str, *parts: str) -> dict[str, Any]:
    """What is shown beside the rest; nothing where the reader may not see it."""
    try:
        found: dict[str, Any] = (await page.api.get(path, *parts)).body
    except Problem as problem:
        if problem.status not in (403, 404) or problem.code in (FACTOR, STEP_UP):
            raise
        return {}
    return found


def _address(learner_id: str, run_id: str, appeal_no: object) -> str:
    return f"{HERE}/{learner_id}/{run_id}/{appeal_no}"
