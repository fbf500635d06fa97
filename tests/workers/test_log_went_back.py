"""
The log goes back while everything else lives on: PostgreSQL is stopped, an older data directory is put back, it starts.

Two processes of the API, the projector, the reactor, Valkey and the stream of the relay remember facts that the log has
lost. All of them forget, and are true to the log that is there.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from adapters.health.servers import Unhealthy
from adapters.nats.message import decode_fact
from adapters.nats.stream import newest, stream_name
from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.checkpoints import of_another_log
from adapters.settings import Settings
from api.app import build
from cli.doctor import _checkpoints
from projections.registry import PROJECTIONS
from tests.support.api import Campus, every_read_model, served, workers
from tests.support.polling import until
from tests.support.projections_command import execute, small_campus
from tests.support.rebuilds import rebuilt
from tests.support.servers import Servers
from tests.support.workers import assert_true_to_the_log, nats_client, projecting
from workers.rebuild.promotion import promote

LEARNERS = [f"learner-{number}" for number in range(24)]
SEATS = 12
OVERVIEW = next(projection for projection in PROJECTIONS if projection.name == "overview")
POSITIONS = "SELECT min(head.position), max(abs(segments.position - head.position)) FROM segments, log_head AS head"


@asynccontextmanager
async def two_processes(settings: Settings) -> AsyncIterator[tuple[Campus, Campus]]:
    """Two applications on one campus, as two processes of the API are, with its workers."""
    with workers(settings):
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(served(build(settings))) for _ in range(2)]
            for client in clients:
                await every_read_model(client)
            one, other = (Campus(client) for client in clients)
            other.tag, other.course, other.run, other.quiz = one.tag, one.course, one.run, one.quiz
            yield one, other


async def answers(client: httpx.AsyncClient, *, ready: int) -> None:
    """Wait until `/readyz` has this status."""

    async def is_so() -> bool:
        return (await client.get("/readyz")).status_code == ready

    await until(is_so)


async def all_at_the_head(settings: Settings) -> int:
    """Wait until every segment and the reactor stand exactly at the head, neither below nor above; returns the head."""
    seen = [0]

    async def is_so() -> bool:
        async with await connect(settings, application="test") as connection:
            head, far = (await (await connection.execute(POSITIONS)).fetchone()) or (0, 1)
            reacted = await (
                await connection.execute("SELECT position FROM reactors WHERE name = 'reactor'")
            ).fetchone()
        seen[0] = head
        return far == 0 and reacted == (head,)

    await until(is_so)
    return seen[0]


async def traffic(campus: Campus, stop: asyncio.Event, refused: list[int]) -> None:
    """Activities of all learners, one after the other; no answer is a failure of ours."""
    number = 0
    while not stop.is_set():
        number += 1
        learner = LEARNERS[number % len(LEARNERS)]
        body = {"run_id": campus.run, "unit_id": "intro", "amount": 1}
        answer = await campus.post("/progress/activities", body, user=learner)
        if answer.status_code not in (202, 404, 409, 503):
            refused.append(answer.status_code)


async def enroll_all(campus: Campus, learners: list[str]) -> None:
    for learner in learners:
        await campus.send("/enrollments", {"run_id": campus.run}, user=learner)


@pytest.mark.servers
@pytest.mark.parametrize(
    "noticed", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["at once", "after a while"]
)
async def test_all_that_remembers_the_lost_facts_forgets_them(
    own_servers: Servers, own_settings: Settings, *, noticed: bool
) -> None:
    """No fact is decided on the lost ones, and every read model equals a fresh fold of the log that is there."""
    async with two_processes(own_settings) as (one, other):
        await one.open_run(SEATS)
        await all_at_the_head(own_settings)
        copy = await own_servers.copied()
        await answers(one.client, ready=200)

        # The future that is lost: the first half of the learners has the seats, and everyone looks at dashboards.
        await enroll_all(one, LEARNERS)
        for learner in LEARNERS[:SEATS]:
            body = {"run_id": one.run, "unit_id": "intro", "amount": 1}
            await one.send("/progress/activities", body, user=learner)
        lost = await all_at_the_head(own_settings)
        for campus in (one, other):
            for learner in LEARNERS:
                await campus.see("/me/dashboard", lost, user=learner)
        stop, failures = asyncio.Event(), list[int]()
        running = [asyncio.create_task(traffic(campus, stop, failures)) for campus in (one, other)]

        await own_servers.stop("postgres")
        if noticed:
            await answers(one.client, ready=503)
        await own_servers.put_back(copy)
        await own_servers.start("postgres")
        await answers(one.client, ready=200)
        stop.set()
        await asyncio.gather(*running)
        assert failures == []

        # Another history: the other half has the seats, and those who had them wait, in streams of the same versions.
        await enroll_all(other, LEARNERS[SEATS:])
        await enroll_all(other, LEARNERS[:SEATS])
        body = {"run_id": one.run, "unit_id": "intro", "amount": 1}
        for learner in LEARNERS[:SEATS]:
            answer = await one.post("/progress/activities", body, user=learner)
            assert answer.status_code == 409, (learner, answer.text)
        for learner in LEARNERS[SEATS:]:
            await one.send("/progress/activities", body, user=learner)

        head = await all_at_the_head(own_settings)
        await assert_true_to_the_log(own_settings, head, PROJECTIONS)
        for campus in (one, other):
            for learner in LEARNERS:
                (course,) = (await campus.see("/me/dashboard", head, user=learner))["courses"]
                assert course["status"] == ("active" if learner in LEARNERS[SEATS:] else "waitlisted"), learner
        await the_stream_is_true(own_settings, head)


async def the_stream_is_true(settings: Settings, head: int) -> None:
    """The stream of the relay ends at the head, and has no fact that the log does not have."""
    log = await PostgresLog.open(settings)
    async with nats_client(settings) as client:

        async def is_published() -> bool:
            found = await newest(client, settings)
            return found is not None and found.position == head

        await until(is_published)
        state = (await client.jetstream().stream_info(stream_name(settings))).state
        for number in range(state.first_seq, state.last_seq + 1):
            published = decode_fact((await client.jetstream().get_msg(stream_name(settings), seq=number)).data or b"")
            assert await log.read(published.position - 1, 1) == [published]
    await log.close()


async def test_a_checkpoint_above_the_head_is_not_ready(settings: Settings) -> None:
    """It is named by `/readyz` and doctor, and the remedy, a rebuild and its promotion, is not refused."""
    async with small_campus(settings, 60):
        pass
    async with served(build(settings)) as client:
        assert (await client.get("/readyz")).json().get("problems") == [], (await client.get("/readyz")).text
        await execute(settings, "UPDATE segments SET position = position + 1000 WHERE projection = 'overview'")
        answer = await client.get("/readyz")
        above = "overview stands at position 1,060, and the log ends at 60"
        assert (answer.status_code, [each.partition(":")[0] for each in answer.json()["problems"]]) == (503, [above])
        with pytest.raises(Unhealthy, match="segment 0 of generation 1 of overview at 1,060 of 60"):
            await _checkpoints(settings)
        await rebuilt(settings, OVERVIEW)
        assert (await promote(settings, OVERVIEW)).position == 60
        assert (await client.get("/readyz")).json().get("problems") == [], (await client.get("/readyz")).text
    await execute(settings, "UPDATE segments SET position = position + 1000 WHERE projection = 'gradebook'")
    async with projecting(settings, PROJECTIONS):
        await until(lambda: _is_healthy(settings))
        await assert_true_to_the_log(settings, 60, PROJECTIONS)


async def _is_healthy(settings: Settings) -> bool:
    async with await connect(settings, application="test") as connection:
        return await of_another_log(connection) == []
