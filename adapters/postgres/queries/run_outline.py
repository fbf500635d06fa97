"""What a run consists of, in one answer: dates, the sections and units of a version, and its quizzes."""

from datetime import datetime

import msgspec

from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.old_columns import with_columns
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader
from domain.catalog import Section, Unit


class QuizOfUnit(msgspec.Struct, kw_only=True):
    """A quiz; `time_limit` is in seconds, null for none."""

    quiz_id: str
    unit_id: str
    title: str
    time_limit: int | None
    attempts_allowed: int


class RunOutline(msgspec.Struct, kw_only=True):
    """A run by one version of its course, with its units in their order; without sections where that has none."""

    run_id: str
    course_id: str
    course_version: int
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    units: list[Unit]
    sections: list[Section]
    quizzes: list[QuizOfUnit]


_QUIZZES = f"""(SELECT coalesce(json_agg({json_object(QuizOfUnit)} ORDER BY quiz_id), '[]')
    FROM catalog_quizzes AS q WHERE q.run_id = %(run)s)"""
_ROWS = with_columns(
    "SELECT run_id, run.course_id, version AS course_version, starts_at, ends_at, time_zone, units, sections"
    " FROM catalog_runs AS run JOIN catalog_structures AS structure"
    " ON structure.course_id = run.course_id AND version = coalesce(%(version)s::bigint, course_version)"
    " WHERE run_id = %(run)s",
    "filled",
    time_zone="'UTC'",
    sections="'[]'::jsonb",
)
OUTLINE = f"""
SELECT {CHECKPOINT.format("catalog")}, (SELECT {json_object(RunOutline, quizzes=_QUIZZES)}::text FROM {_ROWS})
"""


async def run_outline(reader: Reader, run_id: str, version: int | None) -> Answer:
    """A run with all that it consists of by a *version* (None: its own now), as the JSON of `RunOutline`."""
    return await reader.answer(OUTLINE, {"run": run_id, "version": version})
