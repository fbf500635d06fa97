"""
Recent activity: the latest facts of the campus that are worth showing, newest first.

Reads     facts of domain.enrollment, domain.progress and domain.quiz, other than clicks.
Writes    recent_activity, one document.
Serves    api.overview, with the document from adapters.documents.
Rebuild   campus projections rebuild recent_activity (safe: rows are its only effect).
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.streams import named_id
from projections.engine.projection import Handler, Projection, RowKey, Rows, Table

KEPT = 100  # facts
CAMPUS = "campus"  # key of the only document


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One fact, in short."""

    position: int
    type: str
    at: datetime
    learner_id: str
    run_id: str
    unit_id: str | None = None
    score_bp: int | None = None
    outcome: str | None = None


class RecentFacts(msgspec.Struct):
    """The document; `position` is that of the latest entry."""

    key: str
    position: int = 0
    entries: list[Entry] = []


RECENT = Table("recent_activity", RecentFacts, ("key",))
_KEY = (RowKey(RECENT, (CAMPUS,)),)
_learner, _run = named_id("learner_id"), named_id("run_id")


def _remember(run_id: Callable[[Fact], str]) -> Handler:
    def apply(fact: Fact, rows: Rows) -> None:
        field, position = fact.data.get, fact.position
        document = rows.edit(RECENT, RecentFacts, CAMPUS)
        entries = document.entries
        if position > document.position:
            place, document.position = 0, position
        else:  # it was parked while others went on
            place = bisect_left(entries, -position, key=lambda entry: -entry.position)
        entry = Entry(
            position,
            fact.type,
            fact.occurred_at,
            _learner(fact.stream_id),
            run_id(fact),
            field("unit_id"),
            field("score_bp"),
            field("outcome") or field("new"),
        )
        entries.insert(place, entry)
        if len(entries) > KEPT:
            entries.pop()

    return Handler(lambda _: _KEY, apply, writes=(RECENT,))


_of_stream = _remember(lambda fact: _run(fact.stream_id))
_of_attempt = _remember(lambda fact: str(fact.data["run_id"]))


class RecentActivity(Projection):
    """The newest facts worth showing."""

    name = "recent_activity"
    version = 3
    store = "valkey"
    tables = (RECENT,)
    newest = KEPT
    audience = "campus"
    handlers: ClassVar[Mapping[str, Handler]] = {
        "enrollment.requested": _of_stream,
        "enrollment.activated": _of_stream,
        "enrollment.waitlisted": _of_stream,
        "enrollment.seat_offered": _of_stream,
        "enrollment.seat_offer_expired": _of_stream,
        "enrollment.withdrawn": _of_stream,
        "enrollment.reactivated": _of_stream,
        "enrollment.completed": _of_stream,
        "enrollment.reopened": _of_stream,
        "enrollment.suspended": _of_stream,
        "enrollment.resumed": _of_stream,
        "progress.unit_completed": _of_stream,
        "progress.course_outcome_decided": _of_stream,
        "progress.course_outcome_revised": _of_stream,
        "attempt.submitted": _of_attempt,
        "attempt.graded": _of_attempt,
        "attempt.grade_overridden": _of_attempt,
    }
