"""
A learner through time: the facts, the documents as of each, and what each fact has changed.

The moment is a position of the log (`at`), what the log held by then. Another one (`with`) is compared with it.
"""

import asyncio
from typing import Any
from urllib.parse import urlencode

import jsonpatch
import msgspec
from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()
NO_LEARNER = "learner_not_found"
NEAR = 12  # facts that are shown before the moment


@pages.get("/audit/learners/{learner_id}")
async def learner_page(page: Page) -> Response:
    """The time line of a learner, at one moment."""
    learner_id, reason = page.parts["learner_id"], page.query.get("reason")
    path = "/v1/learners/{}/history"
    first, last = await asyncio.gather(
        page.api.read(path, learner_id, limit=1, count="true", reason=reason),
        page.api.read(path, learner_id, limit=1, order="desc", reason=reason),
    )
    if not first["items"]:
        return page.html("audit/empty.html", learner_id=learner_id)
    begin, end = first["items"][0]["position"], last["items"][0]["position"]
    at = min(max(_position(page.query.get("at"), end), begin), end)
    before, documents, changes = await asyncio.gather(
        page.api.get(path, learner_id, limit=NEAR, order="desc", known_at=at, reason=reason),
        _document(page, learner_id, at, reason),
        _changes(page, learner_id, at, reason),
    )
    facts = before["items"]
    following = await _following(page, learner_id, facts[0], reason)
    other = page.query.get("with", "")
    compared = None
    if other.isdigit():
        compared = _compared(documents, await _document(page, learner_id, int(other), reason))
    return page.html(
        "audit/learner.html",
        learner_id=learner_id,
        reason=reason or "",
        total=first["total"],
        by_type=sorted(first["by_type"].items(), key=lambda pair: -pair[1]),
        begin=begin,
        end=end,
        at=at,
        facts=facts,
        next=following,
        previous=facts[1]["position"] if len(facts) > 1 else None,
        document=documents,
        text=pretty(documents),
        changes=changes,
        other=other,
        compared=compared,
        address=lambda **more: _address(learner_id, reason, more),
        position=first.position,
    )


def pretty(value: Any) -> str:
    """JSON to be read."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


async def _document(page: Page, learner_id: str, at: int, reason: str | None) -> Any:
    """The dashboard as it was when the log ended at *at*; one without courses for who had none."""
    try:
        answer = await page.api.get("/v1/learners/{}/dashboard", learner_id, known_at=at, reason=reason)
    except Problem as problem:
        if problem.code != NO_LEARNER:
            raise
        return {"courses": []}
    return answer.body


async def _following(page: Page, learner_id: str, fact: dict[str, Any], reason: str | None) -> int | None:
    """The position of the fact after this one."""
    since, path = fact["occurred_at"], "/v1/learners/{}/history"
    found = await page.api.get(path, learner_id, limit=200, since=since, reason=reason)
    return next((each["position"] for each in found["items"] if each["position"] > fact["position"]), None)


async def _changes(page: Page, learner_id: str, at: int, reason: str | None) -> list[dict[str, Any]]:
    """What the fact at the moment has changed, document by document."""
    span = {"from": at - 1, "to": at}
    answer = await page.api.get("/v1/learners/{}/replay", learner_id, reason=reason, **span)
    steps = [msgspec.json.decode(line) for line in (answer.body or "").splitlines() if line]
    return [change for step in steps if step["type"] is not None for change in step["changes"]]


def _compared(one: Any, other: Any) -> list[dict[str, Any]]:
    """What differs between two documents, as JSON Patch from the other one to this."""
    return list(jsonpatch.make_patch(other, one))


def _position(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else otherwise


def _address(learner_id: str, reason: str | None, more: dict[str, Any]) -> str:
    query = {name.rstrip("_"): value for name, value in {**more, "reason": reason}.items() if value not in (None, "")}
    return f"/audit/learners/{learner_id}?{urlencode(query)}"
