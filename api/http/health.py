"""Liveness, readiness and metrics of the API."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from fastapi import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from adapters.postgres.connection import Unavailable
from adapters.postgres.queries import lag
from adapters.postgres.queries.reader import NotBuilt
from api.http import metrics
from api.http.openapi import open_query
from api.http.query import JSON
from api.http.readiness import Lag, Readiness, Worker, readiness
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from domain.words import closed

router = strict_router("health")


class Alive(msgspec.Struct, kw_only=True):
    """The process answers."""

    status: Annotated[str, closed(("ok",))]


READY = Readiness(
    status="ready",
    head=1713,
    projections=[Lag(name="overview", position=1713, lag_events=0, lag_seconds=0.0, generation=1, parked=0)],
    servers={"postgres": True, "valkey": True, "nats": True},
    workers=[
        Worker(
            name="relay",
            active=True,
            position=1713,
            lag_events=0,
            lag_seconds=0.0,
            still_seconds=0.2,
            trouble="",
        )
    ],
)


@router.get("/healthz", responses=open_query(Alive(status="ok")))
async def health() -> Response:
    """The process answers."""
    return Response(b'{"status":"ok"}', media_type=JSON)


@router.get(
    "/readyz",
    responses={
        **open_query(READY),
        503: {
            "description": "A server does not do its work, or a read model stands still; `problems` says which.",
            "content": {JSON: {"example": {}}},
        },
    },
)
async def ready(request: Request, services: ServicesDep) -> Response:
    """Whether this process can do its work, and how far readers and workers are; `problems` names theirs, too."""
    state = await readiness(services)
    state.contexts = sorted(request.app.state.contexts or ())
    return Response(msgspec.json.encode(state), 200 if state.status == "ready" else 503, media_type=JSON)


@router.get(
    "/metrics",
    responses={
        200: {"description": "Prometheus text.", "content": {"text/plain": {"example": "campus_log_head 1713.0\n"}}}
    },
)
async def get_metrics(services: ServicesDep) -> Response:
    """What this process and the workers have measured, in Prometheus's form."""
    state = await readiness(services)
    metrics.HEAD.set(state.head or 0)
    for entry in state.projections:
        metrics.POSITIONS.labels(entry.name).set(entry.position)
        metrics.LAG_EVENTS.labels(entry.name).set(entry.lag_events)
        metrics.LAG_SECONDS.labels(entry.name).set(entry.lag_seconds)
    metrics.PROBLEMS.set(len(state.problems))
    _show_workers(state.workers)
    registry = CollectorRegistry()
    registry.register(WorkerMetrics(await _worker_metrics(services)))
    return Response(generate_latest(REGISTRY) + generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _show_workers(workers: Iterable[Worker]) -> None:
    """How far the workers are; of several processes the active one counts."""
    for gauge in metrics.OF_WORKERS:
        gauge.clear()
    for worker in sorted(workers, key=lambda each: each.active):
        metrics.WORKER_POSITIONS.labels(worker.name).set(worker.position)
        metrics.WORKER_LAG_EVENTS.labels(worker.name).set(worker.lag_events)
        metrics.WORKER_LAG_SECONDS.labels(worker.name).set(worker.lag_seconds)
        metrics.WORKER_STILL_SECONDS.labels(worker.name).set(worker.still_seconds)
        metrics.WORKER_FAILING.labels(worker.name).set(bool(worker.trouble))


async def _worker_metrics(services: Services) -> list[tuple[str, str, str]]:
    try:
        return [(name, pid, text) for name, pid, text in await lag.worker_metrics(services.reader)]
    except (Unavailable, NotBuilt):
        return []


class WorkerMetrics(Collector):
    """Our own metrics out of the workers' heartbeats, each labelled with its worker and process."""

    def __init__(self, texts: list[tuple[str, str, str]]) -> None:
        self._texts = texts

    def collect(self) -> list[Metric]:
        """Every metric once, with the samples of all workers."""
        own = {metric.name for metric in REGISTRY.collect()}  # a family may stand in the text only once
        merged: dict[str, Metric] = {}
        for worker, pid, text in self._texts:
            for family in text_string_to_metric_families(text):
                if not family.name.startswith("campus_") or family.name.removesuffix("_created") in own:
                    continue
                metric = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    labels = {**sample.labels, "worker": worker, "pid": pid}
                    metric.samples.append(sample._replace(labels=labels))
        return list(merged.values())
