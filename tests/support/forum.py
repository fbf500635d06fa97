"""A thread to test the forum with."""

from typing import Any

from tests.support.api import Campus

TEXT, TITLE = "I count **six** rows.", "Why is 6 x 7 not 36?"


async def asked(campus: Campus, **more: Any) -> str:
    """A run with two learners; the campus's own asks a question, whose id this is."""
    await campus.open_run()
    await campus.enroll()
    await campus.enroll(f"bob-{campus.tag}")
    question = {"kind": "question", "unit_id": "q1", "title": TITLE, "text": TEXT, **more}
    answer = await campus.post(f"/runs/{campus.run}/threads", question)
    assert answer.status_code == 202, answer.text
    thread_id: str = answer.json()["thread_id"]
    return f"/runs/{campus.run}/threads/{thread_id}"
