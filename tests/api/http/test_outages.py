"""The API while its servers are away: it starts, answers what can be answered, and recovers by itself."""

from typing import Any

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from adapters.postgres.connection import connect
from adapters.settings import Settings
from api.app import build
from projections.learner_dashboard import LearnerDashboard
from tests.support.api import Campus, Listener, busy_campus, change_of, every_read_model, position_of, served, workers
from tests.support.polling import until
from tests.support.servers import Servers

pytestmark = pytest.mark.servers

REACTED = "SELECT r.position = h.position FROM reactors AS r, log_head AS h WHERE r.name = 'reactor'"


async def ready(client: httpx.AsyncClient, status: int) -> dict[str, object]:
    """The readiness as soon as it answers with *status*."""
    state: dict[str, object] = {}

    async def is_so() -> bool:
        answer = await client.get("/readyz")
        state.update(answer.json())
        return answer.status_code == status

    await until(is_so)
    return state


async def test_without_valkey_the_log_answers_with_the_same_bytes(own_servers: Servers, own_settings: Settings) -> None:
    """And after it has come back empty, until its documents are there again."""
    with workers(own_settings):
        async with served(build(own_settings)) as client:
            await every_read_model(client)
            campus = Campus(client)
            await campus.open_run()
            position = await campus.enroll()
            await campus.send("/progress/activities", {"run_id": campus.run, "unit_id": "intro", "amount": 3})
            await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 0]})
            position = await _quiet(campus, own_settings)
            kept = await campus.get("/me/dashboard", user=campus.learner, min_position=position)
            activity = await campus.get("/activity", min_position=position)

            await own_servers.kill("valkey")
            folded = await campus.get("/me/dashboard", user=campus.learner)
            assert (folded.status_code, folded.content) == (200, kept.content)
            assert int(folded.headers["campus-position"]) >= position
            assert (await campus.get("/activity")).content == activity.content
            state = await ready(client, 503)
            assert state["servers"] == {"postgres": True, "valkey": False, "nats": True}
            await campus.send("/progress/activities", {"run_id": campus.run, "unit_id": "intro", "amount": 4})

            await own_servers.start("valkey")
            await ready(client, 200)
            valkey = Redis.from_url(own_settings.valkey_url)
            await valkey.flushall()
            await valkey.aclose()
            healed = await campus.get("/me/dashboard", user=campus.learner)
            assert healed.json()["courses"][0]["activity"] == {"rows": 2, "amount": 7}
            assert await _quiet(campus, own_settings) > position
            again = await campus.get("/me/dashboard", user=campus.learner)
            assert again.content == healed.content


async def _quiet(campus: Campus, settings: Settings) -> int:
    """The head of the log once the reactor, whose facts are the last to come, and every read model are there."""
    state: dict[str, Any] = {}

    async def is_quiet() -> bool:
        async with await connect(settings, application="test") as connection:
            if await (await connection.execute(REACTED)).fetchone() != (True,):
                return False
        state.update((await campus.client.get("/readyz")).json())
        return not any(entry["lag_events"] for entry in state["projections"])

    await until(is_quiet)
    head: int = state["head"]
    return head


async def test_the_api_starts_while_every_server_is_away(own_servers: Servers, own_settings: Settings) -> None:
    """It says what is missing, refuses nothing for ever, and works when they are back."""
    for name in ("postgres", "valkey", "nats"):
        await own_servers.stop(name)
    async with served(build(own_settings)) as client:
        assert (await client.get("/healthz")).status_code == 200
        state = await ready(client, 503)
        assert (state["servers"], state["head"]) == ({"postgres": False, "valkey": False, "nats": False}, None)
        for name in ("postgres", "valkey", "nats"):
            await own_servers.start(name)
        await ready(client, 200)
        with workers(own_settings):
            await every_read_model(client)
            campus = Campus(client)
            await campus.begin()


async def test_without_postgres_a_query_says_so(
    own_servers: Servers, own_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with a code and a time to come back; a dashboard in Valkey is still there."""
    monkeypatch.setattr("adapters.postgres.queries.reader.POOL_TIMEOUT", 1.0)  # seconds that a query waits for it
    async with busy_campus(own_settings) as (_, campus):
        await campus.as_user("admin")
        await own_servers.kill("postgres")
        answer = await campus.get("/overview")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        dashboard = await campus.get("/me/dashboard", user=campus.learner)
        assert dashboard.status_code == 200
        await own_servers.start("postgres")
        await ready(campus.client, 200)
        assert (await campus.get("/overview")).status_code == 200


async def test_without_nats_streams_and_waiting_queries_look_for_themselves(
    own_servers: Servers, own_settings: Settings
) -> None:
    """Slower, and right."""
    async with (
        busy_campus(own_settings) as (app, campus),
        Listener(app, "/v1/me/events", await campus.as_user(campus.learner)) as listener,
    ):
        await own_servers.kill("nats")
        unit = {"run_id": campus.run, "unit_id": "intro"}
        position = await campus.send("/progress/units/open", unit)
        seen = await campus.see("/me/dashboard", position, user=campus.learner)
        assert seen["courses"][0]["opened"] == ["intro"]
        event = await change_of(listener, LearnerDashboard.name)
        assert msgspec.json.decode(event["data"])["position"] == position
        await own_servers.start("nats")
        await ready(campus.client, 200)
        position = await campus.send("/progress/activities", {**unit, "amount": 2})
        event = await change_of(listener, LearnerDashboard.name)
        assert position_of(event) >= position
