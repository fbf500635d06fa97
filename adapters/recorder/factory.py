"""
How the library finds the log of a campus: `PERSISTENCE_MODULE=adapters.recorder`.

The campus and its server come from `Settings.load()`, or from `CAMPUS_…` variables in the application's own `env`.
`ORIGINATOR_ID_TYPE` is the type of ids that are read: `uuid` (the default, as in the library's own modules) or `text`.
"""

from functools import cached_property
from typing import Any

from eventsourcing.persistence import (
    AggregateRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    NotSupportedError,
    ProcessRecorder,
    TrackingRecorder,
)
from psycopg_pool import ConnectionPool

from adapters.postgres.connection import CONNECT_TIMEOUT, POOL_GIVES_UP, SILENCE, options
from adapters.recorder.recorder import LogRecorder
from adapters.settings import PREFIX, Settings

POOL_SIZE = 8  # connections
POOL_TIMEOUT = 10.0  # seconds to wait for one


def open_pool(settings: Settings) -> ConnectionPool:
    """Connections to the log of the campus, as its role `campus_app`."""
    return ConnectionPool(
        settings.postgres_url,
        min_size=1,
        max_size=POOL_SIZE,
        timeout=POOL_TIMEOUT,
        reconnect_timeout=POOL_GIVES_UP,
        reconnect_failed=ConnectionPool.check,
        open=True,
        kwargs={
            "autocommit": True,
            "options": options(settings.schema_name),
            "application_name": "campus:recorder",
            "connect_timeout": CONNECT_TIMEOUT,
            **SILENCE,
        },
    )


class Factory(InfrastructureFactory[TrackingRecorder]):
    """Makes recorders over the log of one campus; tracking needs another persistence module."""

    ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"

    @cached_property
    def pool(self) -> ConnectionPool:
        """The connections of this application, opened on first use."""
        given: dict[str, Any] = {field: self.env.get(PREFIX + field.upper()) for field in Settings.model_fields}
        return open_pool(Settings.load(**{field: value for field, value in given.items() if value is not None}))

    def application_recorder(self) -> LogRecorder:
        """The recorder of an application's events."""
        id_type = self.env.get(self.ORIGINATOR_ID_TYPE, "uuid").lower()
        if id_type not in ("uuid", "text"):
            raise InfrastructureFactoryError(f"{self.ORIGINATOR_ID_TYPE} is uuid or text, not {id_type!r}")
        return LogRecorder(self.pool, uuids=id_type == "uuid")

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """
        The recorder of an application's events.

        Raises:
            NotSupportedError: *purpose* is snapshots; this log does not store the library's snapshots.
        """
        if purpose != "events":
            raise NotSupportedError(f"the log keeps events, not {purpose}: leave IS_SNAPSHOTTING_ENABLED off")
        return self.application_recorder()

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> TrackingRecorder:  # noqa: ARG002 - the library's
        """Not supported: set `<name of the projection>_PERSISTENCE_MODULE` to another module."""
        raise NotSupportedError("the log keeps no tracking: give the projection a PERSISTENCE_MODULE of its own")

    def process_recorder(self) -> ProcessRecorder:
        """Not supported: the log does not store what a process has seen."""
        raise NotSupportedError("the log keeps no tracking: follow it with a projection, not with a process")

    def close(self) -> None:
        if "pool" in vars(self):
            self.pool.close()
