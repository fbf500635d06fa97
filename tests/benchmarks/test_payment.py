"""What `campus bench payment` reads from the metrics of the API."""

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from benchmarks.payment import messages, percentile


def test_messages_are_counted_by_how_long_they_took() -> None:
    """Only the provider's, only those that were taken; a percentile is the bound within which so many lie."""
    registry = CollectorRegistry()
    times = Histogram(
        "campus_http_request_seconds", "Time.", ["route", "method", "status"], buckets=(0.01, 0.1), registry=registry
    )
    for seconds in (0.005, 0.005, 0.05):
        times.labels("/v1/webhooks/stripe", "POST", "200").observe(seconds)
    times.labels("/v1/webhooks/stripe", "POST", "400").observe(0.5)
    times.labels("/v1/orders", "POST", "200").observe(0.5)
    found = messages(generate_latest(registry).decode())
    assert found == {0.01: 2, 0.1: 3, float("inf"): 3}
    assert percentile(found, 50) == 0.01
    assert percentile(found, 99) == 0.1
