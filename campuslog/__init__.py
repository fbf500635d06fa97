"""
The analysts' SDK: facts and read models as tables, and one's own projections over the real log.

    campus = Campus()
    campus.events("attempt.graded").polars()
    campus.views.enrollments(run_id="AAA-2013J")
    campus.sql("SELECT outcome, learners FROM outcomes WHERE run_id = %s", ["AAA-2013J"])
    campus.rebuild(MyProjection).late_learners

docs/howto/sdk.md shows how.
"""

from adapters.parquet.manifest import ExportError
from adapters.postgres.connection import Unavailable
from adapters.settings import SettingsError
from campuslog.campus import Campus
from campuslog.definition import load_projection
from campuslog.errors import (
    BadArgument,
    BadProjection,
    BadQuery,
    BadTime,
    CampusError,
    KeysParked,
    NotThere,
    NotWritten,
    ParkedWarning,
    UnknownType,
    UnknownView,
)
from campuslog.events import Events
from campuslog.rebuild import Rebuilt
from campuslog.what_if import Trial
from domain.fact import Fact
from projections.engine.projection import Handler, Projection, RowKey, Rows, Table

__all__ = [
    "BadArgument",
    "BadProjection",
    "BadQuery",
    "BadTime",
    "Campus",
    "CampusError",
    "Events",
    "ExportError",
    "Fact",
    "Handler",
    "KeysParked",
    "NotThere",
    "NotWritten",
    "ParkedWarning",
    "Projection",
    "Rebuilt",
    "RowKey",
    "Rows",
    "SettingsError",
    "Table",
    "Trial",
    "Unavailable",
    "UnknownType",
    "UnknownView",
    "load_projection",
]
