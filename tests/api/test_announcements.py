"""Announcements over HTTP: who publishes where, who reads what, and how fast a change is seen."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from adapters.settings import Settings
from api.app import build
from api.http.services import Services
from projections.learner_dashboard import LearnerDashboard
from projections.registry import PROJECTIONS
from tests.support.api import Campus, every_read_model, served, workers
from tests.support.polling import until
from tests.support.roles import as_process


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """A campus of its own, with no workers: announcements need none."""
    return build(as_process(settings, "api"))


@pytest.fixture
async def campus(app: FastAPI) -> AsyncIterator[Campus]:
    """With an open run."""
    async with served(app) as client:
        campus = Campus(client)
        await campus.begin()
        yield campus


async def shown(campus: Campus, *titles: str, **asked: str) -> list[Any]:
    """What a learner sees, once it is this."""

    async def is_so() -> bool:
        items = (await campus.get("/announcements", user=campus.learner, **asked)).json()["items"]
        return [each["title"] for each in items] == list(titles)

    await until(is_so)
    items: list[Any] = (await campus.get("/announcements", user=campus.learner, **asked)).json()["items"]
    return items


async def publish(campus: Campus, title: str, scope: str, **further: str) -> str:
    """What an admin publishes; its id."""
    answer = await campus.post("/announcements", {"title": title, "text": "…", "scope": scope, **further}, user="admin")
    assert answer.status_code == 202, answer.text
    name: str = answer.json()["announcement_id"]
    return name


async def test_what_is_published_again_by_its_key_is_the_same(campus: Campus) -> None:
    """It has the id of the first, by which it is changed and withdrawn."""
    body = {"title": "Once", "text": "…", "scope": "campus"}
    first, again = [
        (await campus.post("/announcements", body, user="admin", key=f"{campus.tag}-once")).json() for _ in range(2)
    ]
    assert first == again
    await campus.send(f"/announcements/{first['announcement_id']}/withdraw", {"reason": "a test"}, user="admin")


async def test_what_is_published_is_shown_where_it_is_for(campus: Campus, app: FastAPI) -> None:
    """Of the campus everywhere; of a run and its course there only; changed, withdrawn, and at its end no more."""
    services: Services = app.state.services
    soon = (services.log.clock.now() + timedelta(hours=1)).isoformat()
    first = await publish(campus, "To all", "campus")
    await publish(campus, "To the course", f"course:{campus.course}")
    await publish(campus, "To the run", f"run:{campus.run}", until=soon)
    await shown(campus, "To all")
    items = await shown(campus, "To the run", "To the course", "To all", run_id=campus.run)
    assert (items[0]["scope"], items[0]["published_by"]) == (f"run:{campus.run}", "admin")
    assert (await campus.get("/announcements", run_id="nowhere")).json()["code"] == "run_not_found"
    await campus.send(f"/announcements/{first}", {"title": "To everyone", "text": "…"}, user="admin")
    (changed,) = await shown(campus, "To everyone")
    assert changed["changed_at"] > changed["published_at"]
    await campus.send(f"/announcements/{first}/withdraw", {"reason": "was a mistake"}, user="admin")
    await shown(campus)
    services.log.clock.move(timedelta(hours=2))
    await shown(campus, "To the course", run_id=campus.run)
    services.log.clock.move(-timedelta(hours=2))
    again = await campus.post(f"/announcements/{first}", {"title": "x", "text": "y"}, user="admin")
    assert (again.status_code, again.json()["code"]) == (409, "announcement_withdrawn")


async def test_a_learner_reads_those_of_all_runs_at_once(campus: Campus, settings: Settings) -> None:
    """Beside the dashboard, in any process of the API, whatever it was published in; of a run that was left no more."""
    (dashboard,) = (each for each in PROJECTIONS if isinstance(each, LearnerDashboard))
    with workers(settings, [dashboard]):
        await every_read_model(campus.client, [dashboard])
        await read_by_two(campus, settings)


async def read_by_two(campus: Campus, settings: Settings) -> None:
    """What the test above shows, once the dashboards are followed; by a learner who has no place yet."""
    learner = f"late-{campus.tag}"

    async def titles(client: Campus) -> list[str]:
        return [each["title"] for each in (await client.get("/me/announcements", user=learner)).json()["items"]]

    async with served(build(as_process(settings, "api"))) as client:
        other = Campus(client)
        await publish(campus, "To all", "campus")
        await publish(campus, "To the course", f"course:{campus.course}")
        await publish(campus, "To the run", f"run:{campus.run}")
        await publish(campus, "To another", "campus")
        for process in (campus, other):

            async def is_there(process: Campus = process) -> bool:
                return await titles(process) == ["To another", "To all"]

            await until(is_there)
        await campus.send("/enrollments", {"run_id": campus.run}, user=learner)

        async def has_all() -> bool:
            return await titles(other) == ["To another", "To the run", "To the course", "To all"]

        await until(has_all)
        await campus.send("/enrollments/withdraw", {"run_id": campus.run}, user=learner)

        async def has_left() -> bool:
            return await titles(other) == ["To another", "To all"]

        await until(has_left)


async def test_who_may_not_publish(campus: Campus) -> None:
    """A learner, an auditor, and no one to what there is not."""
    body = {"title": "x", "text": "y"}
    for user, code in ((campus.learner, "staff_only"), ("auditor", "auditors_only_read")):
        assert (await campus.post("/announcements", body, user=user)).json()["code"] == code
    for scope, code in (("run:nowhere", "run_not_found"), ("course:nowhere", "course_not_found")):
        assert (await campus.post("/announcements", {**body, "scope": scope}, user="admin")).json()["code"] == code
    assert (await campus.post("/announcements", {**body, "scope": "all"}, user="admin")).status_code == 422
    unknown = await campus.post("/announcements/none/withdraw", {"reason": "x"}, user="admin")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "announcement_not_found")
