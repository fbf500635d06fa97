"""Health, readiness and metrics."""

from prometheus_client.parser import text_string_to_metric_families

from projections.registry import PROJECTIONS
from tests.support.api import Campus


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
