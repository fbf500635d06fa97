"""Rules of the forum of a run on the desk of those who teach it: pace, lists of words; and a person in the forum."""

import asyncio
from typing import Any

from fastapi import Response

from web.client import Answer, Problem
from web.page import Page
from web.routing import Pages
from web.teach.forms import Form
from web.teach.names import names_of
from web.teach.shared import address, run_of

pages = Pages()
RULES = "/teach/runs/{run_id}/forum-rules"
PERSON = "/teach/runs/{run_id}/forum-people/{learner_id}"
LISTS = ("flag", "refuse")


@pages.get(RULES)
async def rules_page(page: Page) -> Response:
    """The rules as they are."""
    run, rules = await asyncio.gather(run_of(page), _rules(page))
    return await _rules_shown(page, run.body, rules, Form(page, _fields(rules)))


@pages.post(RULES)
async def set_rules(page: Page) -> Response:
    """Set the pace, or one of the lists."""
    form, run_id = Form(page, await page.form()), page.parts["run_id"]
    route, body = _command(form)
    if form.is_right:
        try:
            answer = await page.api.send(f"/v1/runs/{{}}{route}", run_id, body=body, key=form["key"])
            return page.go(address(run_id, "/forum-rules"), answer, page.say("The rules are set."))
        except Problem as problem:
            form.refused(problem)
    run, rules = await asyncio.gather(run_of(page), _rules(page))
    form.fields = {**_fields(rules), **form.fields}
    return await _rules_shown(page, run.body, rules, form)


async def _rules(page: Page) -> Answer:
    return await page.api.read("/v1/runs/{}/forum-rules", page.parts["run_id"])


async def _rules_shown(page: Page, run: Any, rules: Answer, form: Form) -> Response:
    values = {"run": run, "rules": rules.body, "form": form, "position": rules.position}
    return page.html("teach/forum-rules.html", form.status, **values)


def _fields(rules: Answer) -> dict[str, str]:
    limit = rules["newcomers"] or {"posts": "", "minutes": "", "standing": ""}
    fields = {name: str(limit[name]) for name in ("posts", "minutes", "standing")}
    return (
        fields
        | {"slow_seconds": str(rules["slow_seconds"])}
        | {name: "\n".join(rules["words"][name]) for name in LISTS}
    )


def _command(form: Form) -> tuple[str, dict[str, Any]]:
    if form["do"] in LISTS:
        return "/forum-words", {
            "action": form["do"],
            "words": [each.strip() for each in form[form["do"]].splitlines() if each.strip()],
        }
    limit = {name: form.whole(name, 1, 10_080) for name in ("posts", "minutes", "standing")}
    given = [each for each in limit.values() if each is not None]
    if given and len(given) < len(limit):
        form.errors.setdefault("posts", form.page.say("All three numbers, or none of them"))
    slow = form.whole("slow_seconds", 0, 86_400) or 0
    return "/forum-rules", {"newcomers": limit if given else None, "slow_seconds": slow}


@pages.get(PERSON)
async def person_page(page: Page) -> Response:
    """Silence, notes, and decisions about posts."""
    return await _person_shown(page, Form(page, {}))


@pages.post(PERSON)
async def act(page: Page) -> Response:
    """Silence the person or end that, write a note or remove one."""
    form, place = Form(page, await page.form()), (page.parts["run_id"], page.parts["learner_id"])
    route, body = _of_person(page, form)
    if form.is_right:
        try:
            answer = await page.api.send(
                f"/v1/runs/{{}}/forum/learners/{{}}{route}", *place, body=body, key=form["key"]
            )
            return page.go(address(place[0], f"/forum-people/{place[1]}"), answer, page.say("It is noted."))
        except Problem as problem:
            form.refused(problem)
    return await _person_shown(page, form)


def _of_person(page: Page, form: Form) -> tuple[str, dict[str, Any]]:
    do, number = form["do"], form["note_no"]
    if do == "silence":
        until = form.moment("until", page.reader.zone.key)
        if until is None:
            form.errors.setdefault("until", page.say("Until when"))
        return "/silence", {"until": until, "ground": form["ground"], "words": form["words"]}
    if do == "end":
        return "/silence/end", {}
    if do == "note":
        return "/notes", {"words": form["note"]}
    if do == "remove" and number.isdecimal() and len(number) < 6:
        return f"/notes/{int(number)}/remove", {}
    raise Problem(400, {"code": "bad_request", "detail": ""})


async def _person_shown(page: Page, form: Form) -> Response:
    run_id, learner_id = page.parts["run_id"], page.parts["learner_id"]
    run, conduct = await asyncio.gather(
        run_of(page), page.api.read("/v1/runs/{}/forum/learners/{}", run_id, learner_id)
    )
    writers = {each["written_by"] for each in conduct["notes"]}
    return page.html(
        "teach/forum-person.html",
        form.status,
        run=run.body,
        learner_id=learner_id,
        conduct=conduct.body,
        names=await names_of(page, {learner_id, *writers}),
        form=form,
        position=conduct.position,
    )
