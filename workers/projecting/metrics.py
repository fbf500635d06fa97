"""What the projector measures, for Prometheus; the API shows it under /metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
POSITION = Gauge("campus_projection_position", "Checkpoint.", ["projection"], registry=REGISTRY)
LAG = Gauge("campus_projection_lag_facts", "Facts that it has not seen.", ["projection"], registry=REGISTRY)
HEARTBEAT = Gauge(
    "campus_projection_heartbeat_timestamp_seconds",
    "When it last gave a sign of life, as Unix time.",
    ["projection"],
    registry=REGISTRY,
)
PARKED = Gauge("campus_projection_parked", "Parked keys.", ["projection"], registry=REGISTRY)
FACTS = Counter("campus_projection_facts", "Facts passed over or folded.", ["projection"], registry=REGISTRY)
BATCH_FACTS = Histogram(
    "campus_projection_batch_facts",
    "Facts in a batch.",
    ["projection"],
    buckets=(1, 10, 100, 1_000, 10_000),
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "campus_projection_batch_seconds",
    "From having a batch to having it written.",
    ["projection"],
    buckets=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3),
    registry=REGISTRY,
)
