"""What the API measures about itself, in Prometheus's form. The workers' figures come from their heartbeats."""

from prometheus_client import Counter, Gauge, Histogram

TIMES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

REQUESTS = Histogram(
    "campus_http_request_seconds",
    "Time to answer, by route template, method and status.",
    ["route", "method", "status"],
    buckets=TIMES,
)
REFUSALS = Counter(
    "campus_http_refusals", "Answers that were no success, by route template and code.", ["route", "code"]
)
UNDER_WAY = Gauge(
    "campus_http_under_way", "Requests that this process has not answered, open event streams among them."
)
APPENDS = Histogram("campus_append_batch_appends", "Appends in one round trip.", buckets=SIZES)
EVENTS = Counter("campus_append_events_total", "Events sent to the log by this process.")
APPEND_TIMES = Histogram("campus_append_batch_seconds", "Time of one round trip of appends.", buckets=TIMES)
STREAMS = Gauge("campus_event_streams", "Clients that listen to server-sent events.")
MOST_STREAMS = Gauge("campus_event_streams_most", "Clients that may listen to this process at the same time.")
HEAD = Gauge("campus_log_head", "Position of the last fact.")
POSITIONS = Gauge("campus_read_model_position", "Checkpoint of a read model.", ["projection"])
LAG_EVENTS = Gauge("campus_read_model_lag_events", "Facts that a read model has not seen.", ["projection"])
LAG_SECONDS = Gauge("campus_read_model_lag_seconds", "Age of the first fact not seen.", ["projection"])
WORKER_POSITIONS = Gauge("campus_worker_position", "Position of an active worker.", ["worker"])
WORKER_LAG_EVENTS = Gauge("campus_worker_lag_events", "Facts that a worker has not dealt with.", ["worker"])
WORKER_LAG_SECONDS = Gauge("campus_worker_lag_seconds", "Age of the first of them.", ["worker"])
WORKER_STILL_SECONDS = Gauge("campus_worker_still_seconds", "Since its position moved or was at the head.", ["worker"])
WORKER_FAILING = Gauge("campus_worker_failing", "1 while the last attempt of a worker has failed.", ["worker"])
OF_WORKERS = (WORKER_POSITIONS, WORKER_LAG_EVENTS, WORKER_LAG_SECONDS, WORKER_STILL_SECONDS, WORKER_FAILING)
PROBLEMS = Gauge("campus_problems", "What /readyz finds wrong, in number.")


def appended(appends: int, events: int, seconds: float) -> None:
    """One batch of appends was answered."""
    APPENDS.observe(appends)
    APPEND_TIMES.observe(seconds)
    EVENTS.inc(events)
