"""
How the library finds the log of a campus: `PERSISTENCE_MODULE=adapters.recorder`.

The campus and its server come from `Settings.load()`, or from `CAMPUS_…` variables in the application's own `env`.
`ORIGINATOR_ID_TYPE`, `uuid` (as in the library's own modules, the default) or `text`, says what ids are read as.
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

from adapters.postgres.connection import CONNECT_TIMEOUT, options
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
        open=True,
        kwargs={
            "autocommit": True,
            "options": options(settings.schema_name),
            "application_name": "campus:recorder",
            "connect_timeout": CONNECT_TIMEOUT,
        },
    )


class Factory(InfrastructureFactory[TrackingRecorder]):
    """Makes recorders over one campus's log; views and processes keep their tracking elsewhere."""

    ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"

    @cached_property
    def pool(self) -> ConnectionPool:
        """The connections of this application, opened when they are first needed."""
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
            NotSupportedError: snapshots are asked for; those of the library have no place beside this log.
        """
        if purpose != "events":
            raise NotSupportedError(f"the log keeps events, not {purpose}: leave IS_SNAPSHOTTING_ENABLED off")
        return self.application_recorder()

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> TrackingRecorder:  # noqa: ARG002 - the library's
        """Not here: a view has a persistence module of its own, `<name of the projection>_PERSISTENCE_MODULE`."""
        raise NotSupportedError("the log keeps no tracking: give the projection a PERSISTENCE_MODULE of its own")

    def process_recorder(self) -> ProcessRecorder:
        """Not here, since the log has no place for what a process has seen."""
        raise NotSupportedError("the log keeps no tracking: follow it with a projection, not with a process")

    def close(self) -> None:
        """Close the connections."""
        if "pool" in vars(self):
            self.pool.close()
