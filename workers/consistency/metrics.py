"""What the auditor measures, for Prometheus; the API shows it under /metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
CHECKED = Counter(
    "campus_audit_checked", "Keys whose rows were recomputed and compared.", ["projection"], registry=REGISTRY
)
WRONG = Counter(
    "campus_audit_wrong", "Times that rows of a learner were not what the log says.", ["projection"], registry=REGISTRY
)
FOUND = Gauge("campus_audit_findings", "Rows that are known to be wrong at the moment.", registry=REGISTRY)
CHECKED_AT = Gauge(
    "campus_audit_checked_timestamp_seconds",
    "When a learner was checked, as Unix time.",
    ["projection"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "campus_audit_seconds",
    "To check the rows of one learner.",
    ["projection"],
    buckets=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3),
    registry=REGISTRY,
)
DIFFERENCE = Gauge(
    "campus_projection_unaccounted_facts",
    "Facts of the log up to the checkpoint that are not accounted for; below 0 if some are twice.",
    ["projection", "segment"],
    registry=REGISTRY,
)
