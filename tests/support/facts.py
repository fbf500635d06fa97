"""Hand-made facts, numbered by position, and the rows that a projection makes of them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from domain.fact import Fact, Meta
from domain.streams import partition_of
from projections.engine.projection import Projection, RowKey, Rows, Table

START = datetime(2013, 10, 1, tzinfo=UTC)  # a Tuesday
RowT = TypeVar("RowT", bound=msgspec.Struct)

UNITS: list[dict[str, Any]] = [
    {"unit_id": "forum", "kind": "site", "title": "Forum"},
    {"unit_id": "tma1", "kind": "tma", "title": "Essay 1", "weight": 4_000, "due_after_days": 18},
    {"unit_id": "tma2", "kind": "tma", "title": "Essay 2", "weight": 6_000, "due_after_days": 53},
]


def day(number: int) -> datetime:
    """Midnight of a day, counted from the start of the run."""
    return START + timedelta(days=number)


class History:
    """Facts in the order in which they are added."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._versions: Counter[str] = Counter()

    def add(self, stream: str, type_name: str, at: datetime = START, **data: Any) -> "History":
        """Add one fact, at the next position and the stream's next version."""
        self._versions[stream] += 1
        meta = Meta(event_id=f"event-{len(self.facts) + 1}", actor="test", source="test")
        self.facts.append(
            Fact(
                position=len(self.facts) + 1,
                stream_id=stream,
                stream_version=self._versions[stream],
                type=type_name,
                schema_version=1,
                partition=partition_of(stream),
                data=data,
                meta=meta,
                occurred_at=at,
                recorded_at=at,
            )
        )
        return self

    def course(self, run_id: str = "AAA-1", course_id: str = "AAA", **version: Any) -> "History":
        """Three facts: a course, its first version, with other fields where *version* has them, a run of it."""
        self.add(f"course-{course_id}", "course.created", title="Algebra", summary="", language="en")
        self.add(
            f"course-{course_id}",
            "course.version_published",
            **{
                "version": 1,
                "units": UNITS,
                "completion_rule": "all",
                "grading_policy": "mean",
                "structure_hash": "0",
                **version,
            },
        )
        return self.add(
            f"run-{run_id}",
            "run.scheduled",
            course_id=course_id,
            course_version=1,
            starts_at="2013-10-01T00:00:00Z",
            ends_at="2014-06-01T00:00:00Z",
            capacity=None,
            pacing="cohort",
        )

    def course_by_categories(self) -> "History":
        """The same course, in which the lower of two essays is dropped, the forum adds, and grades have letters."""
        extra = {"forum": {"weight": 1_000, "kind": "quiz", "extra_credit": True}}
        return self.course(
            units=[{**unit, "group": "essays", **extra.get(unit["unit_id"], {})} for unit in UNITS],
            grading_policy="categories",
            groups=[{"group_id": "essays", "title": "Essays", "weight": 1, "drop_lowest": 1}],
            letters=[{"letter": "A", "from_bp": 8_000}, {"letter": "F", "from_bp": 0}],
        )

    def enrolled(self, learner_id: str, run_id: str = "AAA-1", at: datetime = START, **more: Any) -> "History":
        """Two facts: a request, and a place."""
        stream = f"enrollment-{learner_id}:{run_id}"
        self.add(stream, "enrollment.requested", at, learner_id=learner_id, run_id=run_id, mode="free", **more)
        return self.add(stream, "enrollment.activated", at, access_from=None, access_until=None, entitlement_id=None)

    def clicked(self, learner_id: str, amount: int, at: datetime = START, run_id: str = "AAA-1") -> "History":
        """One fact: activity in the forum."""
        return self.add(
            f"progress-{learner_id}:{run_id}",
            "progress.activity_recorded",
            at,
            unit_id="forum",
            kind="click",
            amount=amount,
        )

    def quiz(self, quiz_id: str, unit_id: str, due_at: datetime | None) -> "History":
        """One fact: a quiz of a unit is published."""
        data: dict[str, Any] = {
            "version": 1,
            "run_id": "AAA-1",
            "unit_id": unit_id,
            "kind": "tma",
            "title": quiz_id,
            "items": [],
            "key": [],
            "key_hash": "",
            "time_limit": None,
            "attempts_allowed": 1,
            "pass_bp": 4_000,
            "due_at": None if due_at is None else due_at.isoformat().replace("+00:00", "Z"),
        }
        return self.add(f"quiz-{quiz_id}", "quiz.published", **data)

    def submitted(
        self, learner_id: str, quiz: str, at: datetime = START, no: int = 1, late_by: int = 0, **more: Any
    ) -> "History":
        """One fact: an attempt at the quiz of the unit of the same name."""
        facts = {"run_id": "AAA-1", "unit_id": quiz, "by": learner_id, "late_by": late_by, "responses": []}
        return self.add(
            f"attempt-{learner_id}:{quiz}:{no}", "attempt.submitted", at, **{"banked": False, **facts, **more}
        )

    def graded(
        self, learner_id: str, quiz: str, score_bp: int, at: datetime = START, no: int = 1, **more: Any
    ) -> "History":
        """One fact: the score of an attempt, with its exact `points` and `possible` where they are given, and more."""
        return self.add(
            f"attempt-{learner_id}:{quiz}:{no}",
            "attempt.graded",
            at,
            run_id="AAA-1",
            unit_id=quiz,
            score_bp=score_bp,
            passed=score_bp >= 4_000,
            policy="test",
            **more,
        )

    def progress(self, learner_id: str, type_name: str, at: datetime = START, **data: Any) -> "History":
        """One fact of a learner's progress."""
        return self.add(f"progress-{learner_id}:AAA-1", f"progress.{type_name}", at, **data)


def fold(projection: type[Projection], history: History) -> dict[RowKey, msgspec.Struct]:
    """The rows after *history*; each fact sees no other rows than those that it says it needs."""
    stored: dict[RowKey, msgspec.Struct] = {}
    for fact in history.facts:
        handler = projection.handlers.get(fact.type)
        if handler is None:
            continue
        rows = Rows({key: stored[key] for key in handler.needs(fact) if key in stored})
        handler.apply(fact, rows)
        assert rows.changed <= set(handler.needs(fact)), f"{fact.type} changes rows that it did not ask for"
        written = {key.table for key in rows.changed}
        assert not handler.writes or written <= set(handler.writes), f"{fact.type} changes a table that it did not name"
        stored.update({key: rows.rows[key] for key in rows.changed})
    return stored


def rows_of(stored: dict[RowKey, msgspec.Struct], table: Table, row: type[RowT]) -> list[RowT]:
    """The rows of one table, in the order of their keys."""
    return [value for key, value in sorted(stored.items(), key=lambda item: str(item[0].key)) if key.table is table]  # type: ignore[misc]
