"""Moderation of the forum of a run: what waits, one case with all that is known of it, and unanswered questions."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Response
from markupsafe import Markup

from adapters.post_html import post_html
from domain.forum import mentioned_in
from web.client import Problem
from web.mentions import as_read
from web.page import Page
from web.quotes import as_numbers
from web.routing import Pages
from web.teach.forms import Form
from web.teach.names import names_of
from web.teach.shared import address, run_of

pages = Pages()
QUEUE = "/teach/runs/{run_id}/moderation"
CASE = f"{QUEUE}/{{thread_id}}/{{post_no}}"
STATES = ("open", "appealed", "decided", "answered")
AT_ONCE = 25  # cases, or questions, of a page


@pages.get(QUEUE)
async def queue_page(page: Page) -> Response:
    """Cases, those that wait the oldest first."""
    run_id, state = page.parts["run_id"], page.query.get("state", "open")
    state = state if state in STATES else "open"
    run, cases = await asyncio.gather(
        run_of(page),
        page.api.read("/v1/runs/{}/moderation", run_id, state=state, cursor=page.query.get("cursor"), limit=AT_ONCE),
    )
    return page.html(
        "teach/moderation.html",
        run=run.body,
        cases=cases.body,
        state=state,
        names=await names_of(page, (each["author_id"] for each in cases["items"])),
        position=cases.position,
    )


@pages.get("/teach/runs/{run_id}/unanswered")
async def unanswered_page(page: Page) -> Response:
    """Questions that no one but their author has replied to, the oldest first."""
    run_id = page.parts["run_id"]
    run, questions = await asyncio.gather(
        run_of(page),
        page.api.read("/v1/runs/{}/unanswered", run_id, cursor=page.query.get("cursor"), limit=AT_ONCE),
    )
    return page.html(
        "teach/unanswered.html",
        run=run.body,
        questions=questions.body,
        names=await names_of(page, (each["learner_id"] for each in questions["items"])),
        position=questions.position,
    )


@pages.get(CASE)
async def case_page(page: Page) -> Response:
    """A post with its reports, decisions and appeals."""
    return await _shown(page, Form(page, {}))


@pages.post(CASE)
async def decide(page: Page) -> Response:
    """Decide about the post, or about an appeal."""
    form = Form(page, await page.form())
    place = (page.parts["run_id"], page.parts["thread_id"], page.parts["post_no"])
    route, body = _command(form)
    if not route:
        raise Problem(400, {"code": "bad_request", "detail": ""})
    try:
        answer = await page.api.send(
            f"/v1/runs/{{}}/threads/{{}}/posts/{{}}{route}", *place, body=body, key=form["key"]
        )
    except Problem as problem:
        form.refused(problem)
        return await _shown(page, form)
    return page.go(address(place[0], "/moderation"), answer, page.say("Decided. Those whom it concerns read it."))


def _command(form: Form) -> tuple[str, dict[str, Any]]:
    number = int(form["case_no"]) if form["case_no"].isdecimal() and len(form["case_no"]) < 6 else 0
    body: dict[str, Any] = {"case_no": number, "words": form["words"]}
    if form["do"] == "decide":
        against = form["decision"] != "dismissed"
        return "/decide", body | {
            "decision": form["decision"],
            "ground": (form["ground"] or None) if against else None,
            "words": form["words"] if against else "",
        }
    if form["do"] == "appeal":
        return "/appeal/decide", body | {"upheld": form["answer"] == "uphold"}
    return "", {}


async def _shown(page: Page, form: Form) -> Response:
    place = (page.parts["run_id"], page.parts["thread_id"], page.parts["post_no"])
    run, found = await asyncio.gather(run_of(page), page.api.read("/v1/runs/{}/moderation/{}/{}", *place))
    cases: list[Mapping[str, Any]] = found["cases"]
    text = cases[0]["text"]
    people = {each["learner_id"] for each in found["reports"]} | {cases[0]["author_id"]}
    mentioned = mentioned_in(text or "")
    people |= {each[name] for each in cases for name in ("decided_by", "answered_by") if each[name]}
    names = await names_of(page, {*people, *mentioned})
    unknown = {"name": None, "erased": False}
    shown = as_read(page, [{**unknown, **names.get(each, {}), "learner_id": each} for each in mentioned])
    written = None if text is None else as_numbers(text, address(place[0], f"/forum/{place[1]}"))
    return page.html(
        "teach/case.html",
        form.status,
        run=run.body,
        post=cases[-1],
        text=None if written is None else Markup(post_html(written, shown)),  # noqa: S704 - post_html cleans
        cases=list(reversed(cases)),
        reports=found["reports"],
        decisions={each["case_no"]: each for each in found["decisions"]},
        names=names,
        form=form,
        position=found.position,
    )
