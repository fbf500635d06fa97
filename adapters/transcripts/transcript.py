"""
The transcript of a learner, folded from the facts of enrollments, outcomes and credentials.

A run is in it if the learner had a place on it, or an outcome. What was revised or revoked stays
in sight, with its time.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from adapters.shown_dashboard import ShownCourse, ShownStatus
from domain.fact import Fact
from domain.words import Outcome, closed

PLACE, LEFT, COMPLETED = "enrollment.activated", "enrollment.withdrawn", "enrollment.completed"
DECIDED, REVISED = "progress.course_outcome_decided", "progress.course_outcome_revised"
ISSUED, REVOKED = "progress.credential_issued", "progress.credential_revoked"
READS = (PLACE, LEFT, COMPLETED, DECIDED, REVISED, ISSUED, REVOKED)
"""The types of facts that a transcript is made of."""


class TranscriptOutcome(msgspec.Struct, kw_only=True):
    """
    An outcome that was decided, or that took the place of the one before it; the grade in basis points, null for none.

    Attributes:
        policy: by what: the rule of the course, `instructor`, or `imported`.
    """

    at: datetime
    outcome: Outcome
    grade_bp: int | None
    policy: str


class TranscriptCredential(msgspec.Struct, kw_only=True):
    """A credential that anyone can check by its id; valid, or revoked at *revoked_at*."""

    credential_id: str
    status: Annotated[str, closed(("valid", "revoked"))]
    issued_at: datetime
    revoked_at: datetime | None


class TranscriptRun(msgspec.Struct, kw_only=True):
    """
    A run of a course; percent and grades in basis points.

    Attributes:
        title: of the course; empty where nothing says it yet.
        place_at: when the learner first had a place; null for an outcome without one.
        completed_at, withdrawn_at: the last time that it was so; null where it never was.
        grade_bp, letter: the final grade as it stands, and its letter where the course has a scale.
        outcome: as it stands; *outcomes* has all, the first one first.
    """

    run_id: str
    course_id: str
    title: str
    status: ShownStatus
    place_at: datetime | None
    completed_at: datetime | None
    withdrawn_at: datetime | None
    percent: int
    grade_bp: int | None
    letter: str | None
    outcome: Outcome | None
    outcomes: list[TranscriptOutcome]
    credentials: list[TranscriptCredential]


class Transcript(msgspec.Struct, kw_only=True):
    """
    What a learner has taken and how it ended, the first run first.

    Attributes:
        name: of the learner, in the learner's own transcript, if the profile says one.
        campus: the name of the campus.
    """

    learner_id: str
    name: str | None
    campus: str
    runs: list[TranscriptRun]


AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
EXAMPLE = Transcript(
    learner_id="28400",
    name="Ada Lovelace",
    campus="Campuslog",
    runs=[
        TranscriptRun(
            run_id="algebra-2026",
            course_id="algebra",
            title="Algebra",
            status="completed",
            place_at=AT - timedelta(days=150),
            completed_at=AT,
            withdrawn_at=AT - timedelta(days=90),
            percent=10_000,
            grade_bp=8_700,
            letter="B",
            outcome="distinction",
            outcomes=[
                TranscriptOutcome(at=AT, outcome="pass", grade_bp=8_400, policy="weighted_mean"),
                TranscriptOutcome(
                    at=AT + timedelta(days=7), outcome="distinction", grade_bp=8_700, policy="weighted_mean"
                ),
            ],
            credentials=[
                TranscriptCredential(
                    credential_id="6f2d5f0e-2c0b-5a55-9c67-6c5a0b0c6d3e",
                    status="revoked",
                    issued_at=AT,
                    revoked_at=AT + timedelta(days=7),
                )
            ],
        )
    ],
)


def runs_of(facts: Iterable[Fact], courses: Mapping[str, ShownCourse]) -> list[TranscriptRun]:
    """
    The runs of a transcript.

    Args:
        facts: of one learner, of the types READS, in log order.
        courses: how each run stands on the learner's dashboard, by its id.
    """
    runs: dict[str, TranscriptRun] = {}
    for fact in facts:
        run_id = fact.id("run_id")
        if run_id not in runs:
            runs[run_id] = _blank(run_id, courses.get(run_id))
        _note(runs[run_id], fact)
    listed = [run for run in runs.values() if run.place_at is not None or run.outcomes]
    return sorted(listed, key=lambda run: (run.place_at or run.outcomes[0].at, run.run_id))


def _blank(run_id: str, course: ShownCourse | None) -> TranscriptRun:
    course = course or ShownCourse(run_id)
    return TranscriptRun(
        run_id=run_id,
        course_id=course.course_id,
        title=course.title,
        status=course.status,
        place_at=None,
        completed_at=None,
        withdrawn_at=None,
        percent=course.percent,
        grade_bp=course.grade_bp,
        letter=None if course.letter is msgspec.UNSET else course.letter,
        outcome=None,
        outcomes=[],
        credentials=[],
    )


def _note(run: TranscriptRun, fact: Fact) -> None:
    data, at = fact.data, fact.occurred_at
    match fact.type:
        case "enrollment.activated":
            run.place_at = run.place_at or at
        case "enrollment.withdrawn":
            run.withdrawn_at = at
        case "enrollment.completed":
            run.completed_at = at
        case "progress.course_outcome_decided":
            _end(run, at, data["outcome"], data["grade_bp"], data["policy"])
        case "progress.course_outcome_revised":
            _end(run, at, data["new"], data["new_grade_bp"], data["policy"])
        case "progress.credential_issued":
            run.title, run.course_id = run.title or data["course_title"], run.course_id or data["course_id"]
            issued = TranscriptCredential(
                credential_id=data["credential_id"], status="valid", issued_at=at, revoked_at=None
            )
            run.credentials.append(issued)
        case "progress.credential_revoked":
            for each in run.credentials:
                if each.credential_id == data["credential_id"]:
                    each.status, each.revoked_at = "revoked", at


def _end(run: TranscriptRun, at: datetime, outcome: str, grade_bp: int | None, policy: str) -> None:
    run.outcome = outcome
    run.outcomes.append(TranscriptOutcome(at=at, outcome=outcome, grade_bp=grade_bp, policy=policy))
