"""A thousand people ask for a hundred seats at once, over HTTP, with everything running."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from api.app import build
from domain.enrollment import seats_stream
from tests.conftest import migrated
from tests.support.api import Campus, every_read_model, is_behind, served, workers
from tests.support.polling import until
from tests.support.servers import Servers

SEATS, PEOPLE = 100, 1_000


@pytest.fixture(scope="module")
def lively(servers: Servers) -> Iterator[Settings]:
    """A campus whose relay, projector and reactor run."""
    settings = migrated(servers)
    with workers(settings):
        yield settings


@pytest.fixture
async def campus(lively: Settings) -> AsyncIterator[Campus]:
    """A client of its API."""
    async with served(build(lively)) as client:
        await every_read_model(client)
        yield Campus(client)


@pytest.mark.slow
async def test_a_thousand_requests_for_a_hundred_seats(campus: Campus, lively: Settings) -> None:
    """Exactly a hundred are let in and nine hundred wait, in the order in which the log has them."""
    await campus.open_run(capacity=SEATS)
    people = [f"{campus.learner}-{number}" for number in range(PEOPLE)]
    headers = await campus.as_user("admin")

    async def ask(learner_id: str) -> httpx.Response:
        body = {"run_id": campus.run, "learner_id": learner_id}
        return await campus.client.post("/v1/enrollments", json=body, headers=headers)

    answers = await asyncio.gather(*map(ask, people))
    assert {answer.status_code for answer in answers} == {202}
    head = max(answer.json()["position"] for answer in answers)
    run = await _when_reached(campus, head)
    assert run["counts"]["statuses"] == {
        "requested": 0,
        "waitlisted": PEOPLE - SEATS,
        "offered": 0,
        "active": SEATS,
        "withdrawn": 0,
        "expired": 0,
        "completed": 0,
        "suspended": 0,
        "ended": 0,
    }
    seated, waiting = await _seats(lively, campus.run)
    assert (len(seated), len(waiting)) == (SEATS, PEOPLE - SEATS)
    position = {answer_of: answer.json()["position"] for answer_of, answer in zip(people, answers, strict=True)}
    assert waiting == sorted(waiting, key=position.__getitem__)
    assert max(map(position.__getitem__, seated)) < min(map(position.__getitem__, waiting))

    await campus.send("/enrollments/withdraw", {"run_id": campus.run}, user=seated[0])
    await _seated(lively, campus.run, waiting[0])


async def _when_reached(campus: Campus, position: int) -> dict[str, dict[str, dict[str, int]]]:
    """The run's dashboard, when it is true for *position*."""
    run: dict[str, dict[str, dict[str, int]]] = {}

    async def is_reached() -> bool:
        answer = await campus.get(f"/runs/{campus.run}/dashboard", min_position=position)
        if is_behind(answer):
            return False
        run.update(answer.json())
        return True

    await until(is_reached)
    return run


async def _seats(settings: Settings, run_id: str) -> tuple[list[str], list[str]]:
    """Who has been seated, and who waits, in the order of the log."""
    log = await PostgresLog.open(settings)
    try:
        seated: dict[str, None] = {}
        waiting: dict[str, None] = {}
        for fact in await log.stream(seats_stream(run_id)):
            learner_id = fact.data.get("learner_id", "")
            if fact.type == "seats.taken":
                waiting.pop(learner_id, None)
                seated[learner_id] = None
            elif fact.type == "seats.queued":
                waiting[learner_id] = None
            elif fact.type == "seats.released":
                del seated[learner_id]
        return list(seated), list(waiting)
    finally:
        await log.close()


async def _seated(settings: Settings, run_id: str, learner_id: str) -> None:
    """Wait until the one who has waited longest has the seat that came free."""

    async def is_seated() -> bool:
        seated, _waiting = await _seats(settings, run_id)
        return learner_id in seated

    await until(is_seated)
