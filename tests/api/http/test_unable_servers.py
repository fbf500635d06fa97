"""Servers that answer and cannot do their work: 503 with a time to come back, and everything goes on by itself."""

import asyncio
import socket

import httpx
import psycopg
import pytest
from psycopg import sql

from adapters.health.servers import Unhealthy, worker
from adapters.postgres.connection import connect
from adapters.postgres.ops.lag import projection_lags
from adapters.settings import Settings
from api.app import build
from tests.support.api import Campus, busy_campus, every_read_model, served, workers
from tests.support.faults import nats_refuses_its_users, postgres_hangs, postgres_with, valkey_with
from tests.support.polling import until
from tests.support.servers import Servers

pytestmark = pytest.mark.servers

REFUSING = """
CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'as the server would say it' USING ERRCODE = {state}; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON {schema}.events EXECUTE FUNCTION {schema}.refuse();
"""
UNABLE = ("53100", "53200", "53400", "58030", "25P03", "57P05")
APPENDER = "SELECT pid FROM pg_stat_activity WHERE application_name = 'campus:append'"


async def accepted_again(campus: Campus) -> int:
    """Send a command until it is accepted; its position."""
    answers: list[httpx.Response] = []

    async def is_accepted() -> bool:
        body = {"run_id": campus.run, "unit_id": "intro", "amount": 1}
        answers.append(await campus.post("/progress/activities", body))
        assert answers[-1].status_code in (202, 503), answers[-1].text
        return answers[-1].status_code == 202

    await until(is_accepted)
    return int(answers[-1].json()["position"])


async def test_a_read_only_postgres_is_unavailable_and_left(own_settings: Settings, own_servers: Servers) -> None:
    """As after a failover that left the connection on the old primary; reads are answered, and writes go on later."""
    async with busy_campus(own_settings) as (_, campus):
        before = _pids(own_settings)
        async with postgres_with(own_servers, own_settings, "default_transaction_read_only", "on"):
            body = {"run_id": campus.run, "unit_id": "intro", "amount": 1}
            for _ in range(3):
                answer = await campus.post("/progress/activities", body)
                assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
                assert answer.headers["retry-after"] == "1"
            state = (await campus.client.get("/readyz")).json()
            assert (state["status"], state["servers"]["postgres"]) == ("degraded", False)
            assert "read-only transaction" in state["problems"][0]
            await until(lambda: bool(before - _pids(own_settings)))  # a session ends after its client has left it
            assert (await campus.get(f"/runs/{campus.run}")).status_code == 200
        position = await accepted_again(campus)
        await campus.see("/me/dashboard", position, user=campus.learner)


async def test_a_postgres_that_hangs_is_unavailable(
    own_settings: Settings, own_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is stopped ends nothing by itself: every wait for it ends here, and all goes on when it does."""
    async with busy_campus(own_settings) as (app, campus):
        with monkeypatch.context() as limits:
            limits.setattr("api.http.dispatch.DEADLINE", 1.0)
            limits.setattr("adapters.postgres.connection.LONGEST_RUN", 1.0)
            for connection in app.state.services.reader._pool._pool:
                connection.patience = 1.0
            async with postgres_hangs(own_servers):
                body = {"run_id": campus.run, "unit_id": "intro", "amount": 1}
                answers = await asyncio.gather(
                    campus.post("/progress/activities", body),
                    campus.post("/progress/activities", body),
                    campus.get(f"/runs/{campus.run}"),
                    campus.get(f"/learners/{campus.learner}/history"),
                )
                said = {
                    (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) for answer in answers
                }
                assert said == {(503, "unavailable", "1")}
                ready = (await campus.client.get("/readyz")).json()
                assert (ready["status"], ready["problems"][0][:8]) == ("degraded", "postgres")
        position = await accepted_again(campus)
        await campus.see("/me/dashboard", position, user=campus.learner)


def _pids(settings: Settings) -> set[int]:
    with psycopg.connect(settings.postgres_url) as connection:
        return {pid for (pid,) in connection.execute(APPENDER)}


@pytest.mark.parametrize(
    "state", [each if each in {"53100", "57P05"} else pytest.param(each, marks=pytest.mark.slow) for each in UNABLE]
)
async def test_what_the_server_cannot_do_is_not_our_bug(
    settings: Settings, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Disk full, out of memory, an error of the file system, an ended session: 503, and not 500."""
    monkeypatch.setattr("adapters.postgres.log.append.PATIENCE", 1.0)  # seconds until it gives up an ended session
    async with served(build(settings)) as client:
        campus = Campus(client)
        await campus.open_run()
        with psycopg.connect(settings.postgres_owner_url, autocommit=True) as owner:
            names = {"schema": sql.Identifier(settings.schema_name), "state": sql.Literal(state)}
            owner.execute(sql.SQL(REFUSING).format(**names))
            answer = await campus.post("/enrollments", {"run_id": campus.run})
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
            assert answer.headers["retry-after"] == "1"
            owner.execute(sql.SQL("DROP FUNCTION {schema}.refuse CASCADE").format(**names))
        assert (await campus.post("/enrollments", {"run_id": campus.run})).status_code == 202


@pytest.mark.parametrize("limit", [{"maxmemory": 1}, {"min_replicas_to_write": 1}], ids=["memory", "replicas"])
async def test_a_valkey_that_takes_no_writes_parks_no_key(own_settings: Settings, limit: dict[str, int]) -> None:
    """Its documents stand still and are folded from the log where need be; afterwards every fact is in them."""
    async with busy_campus(own_settings) as (_, campus):
        async with valkey_with(own_settings, **limit):
            position = await accepted_again(campus)
            await _only_fails(own_settings, "learner_dashboard")
        seen = await campus.see("/me/dashboard", position, user=campus.learner)
        assert seen["courses"][0]["activity"]["amount"] == 1
        async with await connect(own_settings, application="test") as connection:
            assert [each.name for each in await projection_lags(connection) if each.parked] == []


async def test_a_relay_without_its_server_is_named(
    own_settings: Settings, own_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lives and gives signs of life; readiness and metrics say that it only fails, and why, until it gets on."""
    monkeypatch.setattr("adapters.postgres.ops.worker_progress.FAILING", 1.0)
    with workers(own_settings):
        async with served(build(own_settings)) as client:
            await every_read_model(client)

            async def is_named() -> bool:
                answer = await client.get("/readyz")
                said = " ".join(answer.json()["problems"])
                return answer.status_code == 503 and "relay only fails" in said and "Authorization Violation" in said

            async def is_well() -> bool:
                answer = await client.get("/readyz")
                return answer.status_code == 200 and not answer.json()["problems"]

            await until(is_well)
            async with nats_refuses_its_users(own_servers):
                await until(is_named)
                assert 'campus_worker_failing{worker="relay"} 1.0' in (await client.get("/metrics")).text
                with pytest.raises(Unhealthy, match=r"relay only fails, .*Authorization Violation"):
                    await worker(own_settings, "relay", socket.gethostname())
            await until(is_well)
            assert "at position" in await worker(own_settings, "relay", socket.gethostname())


async def _only_fails(settings: Settings, projection: str) -> None:
    """Wait until the projector says that it only fails, and why."""

    async def is_said() -> bool:
        async with await connect(settings, application="test") as connection:
            cursor = await connection.execute("SELECT trouble FROM workers WHERE name = 'projector'")
            return any(projection in trouble for (trouble,) in await cursor.fetchall())

    await until(is_said)
