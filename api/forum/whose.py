"""The runs in whose forum a person may read: those where the person has a place, or is one of the staff."""

import asyncio
from typing import NamedTuple

import msgspec

from adapters.command_bus.replay import replayed
from adapters.postgres.queries.forum_of_person import RunsReader
from adapters.postgres.queries.runs_of_courses import runs_of_courses
from adapters.shown_dashboard import whole
from api.forum.viewer import WITH_PLACE
from api.http.query import QueryContext
from domain.enrollment import Enrollment, enrollment_stream
from projections.learner_dashboard import LearnerDashboard

LISTING = "listThreads"
"""The route that says who is one of the staff."""


class Reach(NamedTuple):
    """Who reads in which runs, and the position for which it is true that the person has these places."""

    reader: RunsReader
    position: int


async def reach_of(ask: QueryContext, *, staff: bool = True) -> Reach:
    """Where the user may read; *staff*: also by roles."""
    documents, me = ask.services.documents[LearnerDashboard.name], ask.user.subject
    document = await ask.read_at_least(LearnerDashboard.name, lambda: documents.stored(me))
    courses = whole(document.body).courses if document.exists else []
    places = {course.run_id: course for course in courses if course.status in WITH_PLACE}
    in_cohort = [run_id for run_id, course in places.items() if course.cohort_begins_at is not msgspec.UNSET]
    found = await asyncio.gather(
        *(replayed(ask.services.log, Enrollment, enrollment_stream(me, run_id)) for run_id in in_cohort)
    )
    cohorts = {run_id: each.cohort_id for run_id, each in zip(in_cohort, found, strict=True) if each.cohort_id}
    runs = await _staff(ask) if staff else ()
    return Reach(RunsReader(me, tuple(sorted(places)), runs, cohorts), document.position)


async def _staff(ask: QueryContext) -> tuple[str, ...] | None:
    """The runs where the user is one of the staff; None for all."""
    scopes = ask.check.scopes(LISTING)
    if scopes is None:
        return None
    courses = [name for kind, name in scopes if kind == "course"]
    found = await runs_of_courses(ask.services.reader, courses) if courses else []
    return tuple(sorted({*(name for kind, name in scopes if kind == "run"), *found}))
