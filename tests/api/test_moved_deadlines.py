"""A deadline that moves while learners are on a run."""

import json

from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from api.app import build
from projections.learner_dashboard import LearnerDashboard
from projections.registry import PROJECTIONS
from tests.support.api import Campus, Listener, every_read_model, served
from tests.support.rebuilds import rebuilt
from tests.support.workers import projecting
from workers.rebuild.promotion import promote

QUIZ = {"title": "Groups", "items": [{"item_id": "i", "text": "?", "options": ["a", "b"]}], "key": [0]}
MOVED = [
    ("q2", "2026-05-02T00:00:00Z"),  # of two quizzes, the later one
    ("q1", "2126-02-15T00:00:00Z"),
]
AT_LAST, ONCE_MORE = ("q2", "2126-05-02T00:00:00Z"), ("q2", "2126-06-02T00:00:00Z")


async def test_a_deadline_that_moves_shows_at_once(settings: Settings) -> None:
    """To a learner who came before and does nothing: everywhere, after a rebuild, without Valkey; an event says so."""
    app = build(settings)
    async with served(app) as client:
        campus = Campus(client)
        async with projecting(settings, PROJECTIONS):
            await every_read_model(client)
            await campus.begin()
            before = await campus.get("/me/dashboard", user=campus.learner)
            async with Listener(app, "/v1/me/events", await campus.as_user(campus.learner)) as listener:
                for number, (unit_id, due_at) in enumerate([*MOVED, ("q2", "2026-04-02T00:00:00Z")]):
                    place = {"quiz_id": f"{campus.quiz}-{number}", "run_id": campus.run, "unit_id": unit_id}
                    position = await campus.send("/quizzes", {**QUIZ, **place, "due_at": due_at}, user="instructor")
                assert json.loads((await listener.event())["data"])["key"] == campus.learner
            assert await shown(campus, position) == MOVED
            answer = await campus.get("/me/dashboard", user=campus.learner)
            assert answer.headers["etag"] != before.headers["etag"]
            assert {**answer.json(), "courses": []} == {**before.json(), "courses": []}
            units = (await campus.see(f"/me/runs/{campus.run}", position, user=campus.learner))["items"]
            assert [(unit["unit_id"], unit["due_at"]) for unit in units] == [("intro", None), MOVED[1], MOVED[0]]
            await rebuilt(settings, LearnerDashboard(), workers=1)
            await promote(settings, LearnerDashboard())
            assert await shown(campus, position) == MOVED
            place = {"quiz_id": f"{campus.quiz}-late", "run_id": campus.run, "unit_id": "q2"}
            position = await campus.send("/quizzes", {**QUIZ, **place, "due_at": AT_LAST[1]}, user="instructor")
            assert await shown(campus, position) == [MOVED[1], AT_LAST]
            later = {**place, "due_at": ONCE_MORE[1]}  # the same quiz: a row that readers have seen changes
            position = await campus.send("/quizzes", {**QUIZ, **later}, user="instructor")
            assert await shown(campus, position) == [MOVED[1], ONCE_MORE]
        async with connect_valkey(settings) as valkey:
            await valkey.flushall()
        assert await shown(campus, position) == [MOVED[1], ONCE_MORE]


async def shown(campus: Campus, position: int) -> list[tuple[str, str]]:
    """The deadlines of the only course of the learner, by every route that has them."""
    (course,) = (await campus.see("/me/dashboard", position, user=campus.learner))["courses"]
    (plain,) = (await campus.get("/me/dashboard", user=campus.learner)).json()["courses"]
    (listed,) = (await campus.get("/me/runs", user=campus.learner)).json()["items"]
    (current,) = (await campus.get("/me/dashboard", user=campus.learner, state="current")).json()["courses"]
    assert course["deadlines"] == plain["deadlines"] == listed["deadlines"] == current["deadlines"]
    return [(each["unit_id"], each["due_at"]) for each in course["deadlines"]]
