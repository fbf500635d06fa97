"""The facts of a learner's progress; domain/progress/progress.py has the rules."""

from typing import Any

from domain.aggregate import Aggregate
from domain.personal import Words
from domain.score import FULL

FORMULA_V1 = "weighted_mean_cut"  # what grades of the first version were computed by: cut to whole basis points
WITHOUT_LETTER, WITHOUT_LETTERS = {"letter": None}, {"old_letter": None, "new_letter": None}  # in older versions


class Rebased(Aggregate.Event):
    """
    The learner follows another version of the course from now on; `from_version` is null where nothing was done.
    """

    TOPIC = "progress.rebased"
    from_version: int | None
    to_version: int


class UnitOpened(Aggregate.Event):
    TOPIC = "progress.unit_opened"
    unit_id: str


class ActivityRecorded(Aggregate.Event):
    TOPIC = "progress.activity_recorded"
    unit_id: str
    kind: str
    amount: int


class UnitCompleted(Aggregate.Event):
    """
    A unit is completed by `rule`, which asks for `at_least_bp` where it has a mark.

    `evidence` is the stream of what was looked at, an attempt or what was watched; null where nothing is asked.
    """

    TOPIC = "progress.unit_completed"
    class_version = 3
    unit_id: str
    course_version: int
    rule: str
    score_bp: int | None
    points: int | None
    possible: int | None
    at_least_bp: int | None
    evidence: str | None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """In version 1 a score was cut to whole basis points."""
        state["points"] = state["score_bp"]
        state["possible"] = None if state["score_bp"] is None else FULL

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """In version 2 units had no rules that were kept."""
        state["at_least_bp"] = state["evidence"] = None


class Recognised(Aggregate.Event):
    TOPIC = "progress.recognised"
    from_run: str
    from_version: int
    to_version: int
    units: list[str]


class CourseOutcomeDecided(Aggregate.Event):
    TOPIC = "progress.course_outcome_decided"
    class_version = 3
    outcome: str
    grade_bp: int | None
    policy: str
    through_position: int
    formula: str | None
    reason: Words
    letter: str | None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """In version 1 every grade was computed here, also that of an imported outcome."""
        state["formula"] = None if state["grade_bp"] is None else FORMULA_V1
        state["reason"] = ""

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        state |= WITHOUT_LETTER


class CourseOutcomeRevised(Aggregate.Event):
    TOPIC = "progress.course_outcome_revised"
    class_version = 2
    old: str
    new: str
    old_grade_bp: int | None
    new_grade_bp: int | None
    policy: str
    formula: str | None
    reason: Words
    through_position: int
    old_letter: str | None
    new_letter: str | None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state |= WITHOUT_LETTERS


class CredentialIssued(Aggregate.Event):
    """
    The outcome is certified, under an id that anyone may ask about who was given it; it is one of those that no
    one can guess. What the document says stands here, so that it can be made again in many years.
    """

    TOPIC = "progress.credential_issued"
    class_version = 2
    credential_id: str
    outcome: str
    grade_bp: int | None
    course_id: str
    course_version: int
    course_title: str
    letter: str | None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state |= WITHOUT_LETTER


class CredentialRevoked(Aggregate.Event):
    """By the rule where the outcome was revised, or by staff; *reason* is for the learner and the staff only."""

    TOPIC = "progress.credential_revoked"
    credential_id: str
    policy: str
    reason: Words
