"""
The yardstick: the `eventsourcing` library as its documentation shows it, with its own PostgreSQL recorder.

Configured by the library's own environment variables. `app` serves it by FastAPI, as most applications do.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from fastapi import FastAPI, Request
from pydantic import BaseModel

SCHEMA = "bench_stock"
POOL_SIZE = 40  # FastAPI runs synchronous routes on 40 threads


class Progress(Aggregate):
    """The same work as our `CourseProgress` does for one activity."""

    @event("Started")
    def __init__(self, learner_id: str) -> None:
        self.learner_id = learner_id
        self.amount = 0

    @event("ActivityRecorded")
    def record_activity(self, unit_id: str, kind: str, amount: int) -> None:  # noqa: ARG002 - the fields of the fact
        """Record an activity."""
        self.amount += amount

    @staticmethod
    def create_id(learner_id: str) -> UUID:
        """One stream for each learner."""
        return uuid5(NAMESPACE_URL, learner_id)


class Learning(Application[UUID]):
    """A stock application."""

    def start(self, learner_id: str) -> int:
        """Register a learner; returns the position."""
        return self.save(Progress(learner_id))[0].notification.id

    def record_activity(self, learner_id: str, unit_id: str, kind: str, amount: int) -> int:
        """Load, decide, save; returns the position."""
        progress: Progress = self.repository.get(Progress.create_id(learner_id))
        progress.record_activity(unit_id, kind, amount)
        return self.save(progress)[0].notification.id


def environment(postgres_url: str) -> dict[str, str]:
    """Make a schema for the library's tables, and give its variables for that database."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    parts = urlsplit(postgres_url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parts.hostname or "",
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": parts.password or "",
        "POSTGRES_SCHEMA": SCHEMA,
        "POSTGRES_POOL_SIZE": str(POOL_SIZE),
        "POSTGRES_MAX_OVERFLOW": "0",
    }


def application(variables: Mapping[str, str] = os.environ) -> Learning:
    """The application, connected."""
    return Learning(env=dict(variables))


class Activity(BaseModel):
    """The body of the only request."""

    learner_id: str
    unit_id: str
    kind: str
    amount: int


def create() -> FastAPI:
    """The application, served by FastAPI."""

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        api.state.learning = application()
        yield
        api.state.learning.close()

    api = FastAPI(lifespan=lifespan)

    @api.post("/activities")
    def record(body: Activity, request: Request) -> dict[str, Any]:
        learning: Learning = request.app.state.learning
        return {"position": learning.record_activity(body.learner_id, body.unit_id, body.kind, body.amount)}

    @api.post("/learners")
    def start(body: Activity, request: Request) -> dict[str, Any]:
        return {"position": request.app.state.learning.start(body.learner_id)}

    @api.get("/")
    async def ready() -> dict[str, Any]:
        return {}

    return api


@cache
def create_empty() -> FastAPI:
    """FastAPI with one route that does nothing: the other yardstick."""
    api = FastAPI()

    @api.get("/")
    async def empty() -> dict[str, Any]:
        return {}

    return api
