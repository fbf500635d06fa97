"""What the staff decide about threads, over HTTP."""

from typing import Any

from tests.support.api import Campus
from tests.support.forum import asked


async def test_what_staff_decide(campus: Campus) -> None:
    """Pinned, closed, reopened and moved by the staff of the run, and by no learner."""
    thread = await asked(campus)
    decisions: dict[str, dict[str, Any] | None] = {
        "pin": {"pinned": True},
        "close": {"ground": "over"},
        "move": {"unit_id": None},
    }
    for what, body in {**decisions, "reopen": None}.items():
        refused = await campus.post(f"{thread}/{what}", body)
        assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    for what, body in decisions.items():
        position = await campus.send(f"{thread}/{what}", body, user="instructor")
    found = (await campus.see(thread, position, user=campus.learner))["thread"]
    assert (found["pinned"], found["closed"], found["unit_id"]) == (True, "over", None)
    refused = await campus.post(f"{thread}/posts", {"parent_no": 1, "text": "more"})
    assert (refused.status_code, refused.json()["code"]) == (409, "thread_closed")
    position = await campus.send(f"{thread}/reopen", user="instructor")
    assert (await campus.see(thread, position, user=campus.learner))["thread"]["closed"] is None
