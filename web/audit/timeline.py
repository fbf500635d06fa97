"""
A learner through time: the facts, the dashboard as of each, and what each fact has changed.

The moment is a position of the log (`at`), what the log held by then. Another one (`with`) is compared with it. Each
moment is one question to the API, and so one look that is recorded.
"""

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


@pages.get("/audit/learners/{learner_id}")
async def learner_page(page: Page) -> Response:
    """The time line of a learner, at one moment; at the latest one, where none is named."""
    learner_id, reason = page.parts["learner_id"], page.query.get("reason")
    at, other = (page.number(name) for name in ("at", "with"))
    asked = {"known_at": at, "with": other, "reason": reason}
    read = page.api.read if at is None else page.api.get  # what was known has no position to wait for
    try:
        found = await read("/v1/learners/{}/timeline", learner_id, **asked)
    except Problem as problem:
        if problem.code != NO_LEARNER:
            raise
        return page.html("audit/empty.html", 404, learner_id=learner_id)
    facts = found["facts"]
    if not facts:
        return page.go(_address(learner_id, reason, {"at": found["begin"]}))
    document, compared = found["dashboard"], found["other"]
    return page.html(
        "audit/learner.html",
        learner_id=learner_id,
        reason=reason or "",
        total=found["total"],
        by_type=sorted(found["by_type"].items(), key=lambda pair: -pair[1]),
        begin=found["begin"],
        end=found["end"],
        at=facts[0]["position"],
        facts=facts,
        next=found["next"],
        previous=facts[1]["position"] if len(facts) > 1 else None,
        document=document,
        text=pretty(document),
        changes=found["changes"],
        other="" if other is None else other,
        compared=None if compared is None else list(jsonpatch.make_patch(compared, document)),
        address=lambda **more: _address(learner_id, reason, more),
        position=found.position,
    )


def pretty(value: Any) -> str:
    """JSON to be read."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _address(learner_id: str, reason: str | None, more: dict[str, Any]) -> str:
    query = {name.rstrip("_"): value for name, value in {**more, "reason": reason}.items() if value not in (None, "")}
    return f"/audit/learners/{learner_id}?{urlencode(query)}"
