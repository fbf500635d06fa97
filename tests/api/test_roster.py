"""Who is on a run and who is on the campus, over HTTP."""

import csv
import io
from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from tests.support.api import Campus
from tests.support.polling import until


async def _run_of_three(campus: Campus) -> int:
    """Three learners: the first has a grade, the second has withdrawn, the third waits for a seat."""
    await campus.open_run(capacity=2)
    first, second, third = (f"{campus.learner}-{number}" for number in range(3))
    for learner in (first, second, third):
        await campus.enroll(learner)
    answers = {"responses": [1, 0]}
    await campus.send("/progress/activities", {"run_id": campus.run, "unit_id": "intro"}, user=first)
    position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", answers, user=first)

    async def is_completed() -> bool:
        page = await campus.see(f"/runs/{campus.run}/learners", position, sort="percent", order="desc")
        return bool(page["items"][0]["percent"])

    await until(is_completed)
    return position


async def test_a_roster_is_filtered_sorted_and_counted(campus: Campus) -> None:
    """In pages in every order; the total is that of all pages, by what was asked for."""
    position = await _run_of_three(campus)
    path = f"/runs/{campus.run}/learners"

    async def names(**asked: Any) -> tuple[int, list[str]]:
        found: list[str] = []
        page = await campus.see(path, position, limit=2, **asked)
        found += [row["learner_id"][-1] for row in page["items"]]
        while page["next"]:
            page = await campus.see(path, position, limit=2, cursor=page["next"], **asked)
            found += [row["learner_id"][-1] for row in page["items"]]
        return page["total"], found

    assert await names() == (3, ["0", "1", "2"])
    assert await names(order="desc") == (3, ["2", "1", "0"])
    for sort in ("grade", "grade_so_far", "percent"):
        assert await names(sort=sort, order="desc") == (3, ["0", "2", "1"])
    assert await names(status="waitlisted") == (1, ["2"])
    assert await names(status="active") == (2, ["0", "1"])
    assert await names(outcome="pass") == (0, [])
    assert await names(q=campus.learner.upper()) == (3, ["0", "1", "2"])
    assert await names(q=f"{campus.learner}-1") == (1, ["1"])
    first = (await campus.get(path)).json()["items"][0]
    assert (first["status"], first["percent"], first["grade_bp"]) == ("active", 4_000, 4_000)
    assert first["units_completed"] == 1
    assert first["last_active_week"] is not None
    headers = await campus.as_user("admin", accept="text/csv")
    for sort in ("learner", "percent"):
        answer = await campus.client.get(f"/v1{path}", params={"sort": sort, "order": "desc"}, headers=headers)
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert sorted(row["learner_id"][-1] for row in rows) == ["0", "1", "2"]
        assert {row["status"] for row in rows} == {"active", "waitlisted"}


async def test_a_roster_of_a_run_that_is_over_has_ended(app: FastAPI, campus: Campus) -> None:
    """By the clock; the filter knows it."""
    position = await _run_of_three(campus)
    app.state.services.log.clock.move(timedelta(days=40_000))
    page = await campus.see(f"/runs/{campus.run}/learners", position, status="ended")
    assert (page["total"], {row["status"] for row in page["items"]}) == (3, {"ended"})


async def test_a_roster_is_for_staff(campus: Campus) -> None:
    """Learners do not see each other; an unknown run is not an empty one."""
    position = await campus.open_run()
    path = f"/runs/{campus.run}/learners"
    assert (await campus.see(path, position)) == {"total": 0, "items": [], "next": None}
    assert (await campus.get(path, user=campus.learner)).json()["code"] == "staff_only"
    assert (await campus.get("/learners", user=campus.learner)).json()["code"] == "staff_only"
    assert (await campus.get("/runs/no-such-run/learners")).json()["code"] == "run_not_found"
    refused = await campus.get(path, status="gone")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


async def test_people_are_found_by_how_their_id_begins(campus: Campus) -> None:
    """In pages, each with the runs on which they have asked for a place."""
    await campus.open_run()
    for number in range(3):
        position = await campus.enroll(f"{campus.learner}-{number}")
    page = await campus.see("/learners", position, q=campus.learner, limit=2)
    rest = (await campus.get("/learners", q=campus.learner, limit=2, cursor=page["next"])).json()
    assert [person["learner_id"] for person in page["items"] + rest["items"]] == [
        f"{campus.learner}-{number}" for number in range(3)
    ]
    assert rest["items"][0]["runs"] == [campus.run]
    assert (await campus.get("/learners", q=f"{campus.learner}-9")).json() == {"items": [], "next": None}
