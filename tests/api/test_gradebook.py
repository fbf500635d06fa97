"""The gradebook of a run over HTTP."""

from typing import Any

import pytest

from tests.support.api import Campus
from tests.support.polling import until


async def test_the_gradebook_is_paged_in_every_order(campus: Campus) -> None:
    """Each row once, whatever it is sorted by, and the other way round in the other direction."""
    await campus.open_run()
    position = 0
    for number in range(4):
        learner = f"{campus.learner}-{number}"
        await campus.enroll(learner)
        answers = {"responses": [number % 2, number // 2]}
        position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", answers, user=learner)
    await _all_graded(campus, position)
    for sort in ("learner", "score", "lateness", "submitted_at"):
        up = await _all_rows(campus, position, sort=sort, order="asc")
        down = await _all_rows(campus, position, sort=sort, order="desc")
        assert len(up) == 4
        assert up == down[::-1]
    one = await campus.see(f"/runs/{campus.run}/gradebook", position, learner_id=f"{campus.learner}-0")
    assert [row["learner_id"] for row in one["items"]] == [f"{campus.learner}-0"]


async def _all_graded(campus: Campus, position: int) -> None:
    """The reactor needs a moment; pages of a book that is being written would not fit together."""

    async def are_graded() -> bool:
        book = await campus.see(f"/runs/{campus.run}/gradebook", position)
        return all(row["best_bp"] is not None for row in book["items"])

    await until(are_graded)


async def _all_rows(campus: Campus, position: int, **order: str) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        parameters = {**order, **({"cursor": cursor} if cursor else {})}
        page = await campus.see(f"/runs/{campus.run}/gradebook", position, limit=3, **parameters)
        found += [row["learner_id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("parameters", [{"sort": "none"}, {"order": "none"}, {"cursor": "none"}, {"limit": 0}])
async def test_an_order_that_does_not_exist_is_refused(campus: Campus, parameters: dict[str, Any]) -> None:
    """So is a cursor that no page has given."""
    refused = await campus.get(f"/runs/{campus.run}/gradebook", **parameters)
    assert refused.status_code == 422


async def test_the_gradebook_is_for_staff(campus: Campus) -> None:
    """Learners see their grades in their dashboard."""
    refused = await campus.get(f"/runs/{campus.run}/gradebook", user=campus.learner)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
