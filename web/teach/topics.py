"""The topics of a run's forum, as the staff make, change, order and archive them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Response

from web.client import NoSuchThing, Problem, on_the_form
from web.forum import topics_of
from web.page import Page
from web.routing import Pages
from web.teach.shared import address, run_of

pages = Pages()
TOPICS = "/teach/runs/{run_id}/topics"


@pages.get(TOPICS)
async def topics_page(page: Page) -> Response:
    """The topics of the run, each with its form, and a form for a new one."""
    return await _shown(page)


@pages.post(TOPICS)
async def act(page: Page) -> Response:
    """Do what the form asks for: make a topic, change it, put it in another place, archive it."""
    form, run_id = await page.form(), page.parts["run_id"]
    topic_id = form.get("topic_id", "")
    try:
        path, body = await _command(page, form, topic_id)
        answer = await page.api.send(path, *((run_id, topic_id) if path.count("{}") > 1 else (run_id,)), body=body)
    except Problem as problem:
        return await _shown(page, on_the_form(problem), form)
    return page.go(address(run_id, "/topics"), answer, page.say("The topics are changed."))


async def _command(page: Page, form: Mapping[str, str], topic_id: str) -> tuple[str, dict[str, Any]]:
    """The route of a form's command, and its body."""
    said = {name: form.get(name, "") for name in ("name", "description")}
    said["who_posts"] = form.get("who_posts", "") or "all"
    match form.get("do"):
        case "create":
            return "/v1/runs/{}/topics", {**said, "cohort_id": form.get("cohort_id") or None}
        case "change":
            return "/v1/runs/{}/topics/{}", said
        case "archive" | "unarchive":
            return "/v1/runs/{}/topics/{}/archive", {"archived": form["do"] == "archive"}
        case "up" | "down":
            topics = (await topics_of(page))["items"]
            return "/v1/runs/{}/topics/order", {"topic_ids": _moved(topics, topic_id, up=form["do"] == "up")}
    raise NoSuchThing


def _moved(topics: Sequence[Mapping[str, Any]], topic_id: str, *, up: bool) -> list[str]:
    """The ids of all topics, one of them a place before or after where it stood."""
    ids = [each["topic_id"] for each in topics]
    if topic_id not in ids:
        raise NoSuchThing
    place = ids.index(topic_id)
    other = max(0, place - 1) if up else min(len(ids) - 1, place + 1)
    ids[place], ids[other] = ids[other], ids[place]
    return ids


async def _shown(page: Page, problem: Problem | None = None, form: Mapping[str, str] = {}) -> Response:
    run, found = await asyncio.gather(run_of(page), topics_of(page))
    values = {"topics": found["items"], "form": form, "problem": problem, "position": found.position}
    return page.html("teach/topics.html", problem.status if problem else 200, run=run.body, **values)
