"""What the gateway measures, beside what every API does (api/http/metrics.py)."""

from prometheus_client import Counter, Gauge

FAILURES = Counter(
    "campus_gateway_failures", "Requests that an instance did not take, or broke off; most are sent again.", ["context"]
)
INSTANCES = Gauge("campus_gateway_instances", "Instances that may be asked.", ["context"])
