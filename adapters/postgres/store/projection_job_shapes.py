"""Shapes of rows of the table projection_jobs."""

from datetime import datetime
from typing import NamedTuple


class NewJob(NamedTuple):
    """A job; *position* is that of the fact that asks for it."""

    id: str
    projection: str
    what: str
    position: int
    requested_by: str


class TakenJob(NamedTuple):
    """A job that this process carries out; *deaths* counts the processes that have died with it."""

    id: str
    projection: str
    what: str
    position: int
    deaths: int


class JobProgress(NamedTuple):
    """
    How a job stands.

    Attributes:
        outcome: `finished`, `failed`, `stopped`; None as long as it has not ended.
        step, done, total: what it does, and how far that is; None where it is not known.
        generation: that it has built, or made live.
        cause: why it has failed, or for what it waits.
    """

    id: str
    projection: str
    what: str
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    step: str | None
    done: int | None
    total: int | None
    generation: int | None
    cause: str | None


class Step(NamedTuple):
    """What a job does just now; *cause* is for what it waits."""

    name: str | None = None
    done: int | None = None
    total: int | None = None
    cause: str | None = None
