"""Health, readiness and metrics."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.health.servers import Unhealthy, workers
from adapters.settings import Settings
from api.app import build
from projections.registry import PROJECTIONS
from tests.support.api import Campus, served
from tests.support.polling import until
from tests.support.projections_command import execute, small_campus
from tests.support.workers import projecting, writer


async def test_readiness_names_every_server_and_read_model(campus: Campus) -> None:
    """With the lag of each."""
    position = await campus.open_run()
    await campus.see("/overview", position)
    answer = await campus.client.get("/readyz")
    state = answer.json()
    assert (answer.status_code, state["status"]) == (200, "ready")
    assert state["servers"] == {"postgres": True, "valkey": True, "nats": True}
    assert state["head"] >= position
    assert {entry["name"] for entry in state["projections"]} == {projection.name for projection in PROJECTIONS}
    for entry in state["projections"]:
        assert entry["lag_events"] == state["head"] - entry["position"]
        assert entry["parked"] == 0


async def test_metrics_can_be_scraped(campus: Campus) -> None:
    """Appends, positions, lags and request times, of this process and of the workers, each family once."""
    await campus.open_run()
    text = (await campus.client.get("/metrics")).text
    families = [family.name for family in text_string_to_metric_families(text)]
    assert len(families) == len(set(families))
    assert {
        "campus_append_batch_appends",
        "campus_append_batch_seconds",
        "campus_log_head",
        "campus_read_model_lag_events",
        "campus_read_model_lag_seconds",
        "campus_http_request_seconds",
        "campus_relay_position",
    } <= set(families)
    assert 'route="/v1/runs/{run_id}/open"' in text


async def test_the_process_says_that_it_lives(campus: Campus) -> None:
    """Without asking any server."""
    assert (await campus.client.get("/healthz")).json() == {"status": "ok"}


LOST = """
INSERT INTO workers (name, host, pid, active, position, metrics, heartbeat_at, trouble, trouble_since)
VALUES (%s, 'gone', 1, true, 1, '', now() - interval '1 hour', '', NULL),
       ('auditor', 'here', 2, true, 1, '', now(), 'OSError: no', now() - interval '1 hour')
"""


@pytest.mark.parametrize("name", ["relay", "projector", "reactor"])
async def test_a_worker_takes_no_process_of_the_api_away(settings: Settings, name: str) -> None:
    """One that was killed and never comes back, or only fails, is named: here, in the metrics and by doctor."""
    async with small_campus(settings, 20):
        pass
    await execute(settings, LOST.replace("%s", f"'{name}'"))
    async with served(build(settings)) as client:
        answer = await client.get("/readyz")
        said = sorted(each.partition(" for ")[0] for each in answer.json()["problems"])
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        assert said == ["auditor only fails,", f"no heartbeat from {name}"]
        assert "campus_problems 2.0" in (await client.get("/metrics")).text
    with pytest.raises(Unhealthy, match=f"no heartbeat from {name} for 3,?6"):
        await workers(settings)


async def test_a_read_model_that_stands_still_is_not_ready(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though its worker may have left in good order; ready again as soon as it moves."""
    monkeypatch.setattr("api.http.moves.STANDING", 0.3)
    async with small_campus(settings, 20):
        pass
    async with served(build(settings)) as client, writer(settings) as facts:
        assert (await client.get("/readyz")).status_code == 200
        await facts.record(("ann", "click", 1))
        problems: list[str] = []

        async def is_ready() -> bool:
            answer = await client.get("/readyz")
            problems[:] = answer.json()["problems"]
            return answer.status_code == 200

        await until(is_ready)  # it may move at any moment

        async def is_degraded() -> bool:
            return not await is_ready()

        await until(is_degraded)
        assert (
            "overview has stood still at position 20 for 0 s, 1 facts from the head: does a projector run?" in problems
        )
        async with projecting(settings, PROJECTIONS):
            await until(is_ready)
