"""
The facts of an attempt; domain/quiz/attempt.py has the rules.

`late_by` is how many seconds after the learner's deadline an attempt was submitted, and `days_late` how many days had
begun by then, by the clocks of the run.
"""

from datetime import datetime
from typing import Any

from domain.aggregate import Aggregate
from domain.personal import Words
from domain.quiz.changes import Json
from domain.quiz.counting import Counted
from domain.quiz.marks import ItemMark, Step
from domain.score import FULL

DAY = 86_400  # seconds


class Started(Aggregate.Event):
    """
    `items` are what it asks, in its order, drawn with `seed`; it ends at `deadline_at`.

    What was sent in time is taken until `accepts_until`. `extra_seconds` of the time are the learner's own.
    """

    TOPIC = "attempt.started"
    run_id: str
    unit_id: str
    quiz_version: int
    seed: str
    items: list[str]
    started_at: datetime
    deadline_at: datetime
    accepts_until: datetime
    extra_seconds: int


class DeadlineMoved(Aggregate.Event):
    """The learner was granted other limits while the attempt went on."""

    TOPIC = "attempt.deadline_moved"
    old_deadline_at: datetime
    deadline_at: datetime
    accepts_until: datetime


class AnswerSaved(Aggregate.Event):
    """
    The answer to one item, by the learner's own count (`client_seq`): the highest one is the answer.

    A response of what was chosen stands in `response`; one with words of the learner is JSON text in `words`.
    """

    TOPIC = "attempt.answer_saved"
    item_id: str
    client_seq: int
    response: Json | None
    words: Words


class HintShown(Aggregate.Event):
    """The hint of this number, from 1, to an item; each costs what the question says."""

    TOPIC = "attempt.hint_shown"
    item_id: str
    hint_no: int


class Submitted(Aggregate.Event):
    """By the learner or by the server; it then happened at the deadline, however late it was recorded."""

    TOPIC = "attempt.submitted"
    class_version = 3
    run_id: str
    unit_id: str
    by: str
    late_by: int
    responses: list[int]
    banked: bool
    quiz_version: int
    started_at: datetime | None
    days_late: int

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """In version 1 no attempt was started, and a quiz had one version."""
        state["quiz_version"], state["started_at"] = 1, None

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """In version 2 a day of being late had 24 hours."""
        state["days_late"] = -(-state.get("late_by", 0) // DAY)  # a fact without its fields stops no reader


class LatenessChanged(Aggregate.Event):
    """The learner has another deadline since the attempt was submitted: it is late by so much, or not at all."""

    TOPIC = "attempt.lateness_changed"
    run_id: str
    unit_id: str
    old_late_by: int
    late_by: int
    old_days_late: int
    days_late: int


class Marked(Aggregate.Event):
    """What items are worth by the key: at first all, after the regrade of number `regrade_no` those that it names."""

    TOPIC = "attempt.marked"
    marks: list[ItemMark]
    regrade_no: int


class ItemGraded(Aggregate.Event):
    """
    What a person gives for an item.

    `final` are the points that count, null while another person has to grade it too, or to decide between two.
    """

    TOPIC = "attempt.item_graded"
    item_id: str
    earned: str
    possible: str
    final: str | None
    grader: str
    step: Step
    levels: dict[str, str]
    comment: Words


class Graded(Aggregate.Event):
    """
    The score of an attempt; `given_points` of `given_possible` were it before anything was taken off for being late.

    Where another attempt than the best one may count, `unit_points` of `unit_possible` are the score of the unit after
    it, null as long as the one that counts has no grade, and `counted` is what the quiz is worth by that rule.
    """

    TOPIC = "attempt.graded"
    class_version = 4
    run_id: str
    unit_id: str
    score_bp: int
    passed: bool
    policy: str
    points: int
    possible: int
    given_points: int
    given_possible: int
    unit_points: int | None = None
    unit_possible: int | None = None
    counted: Counted | None = None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """In version 1 a score was cut to whole basis points."""
        state["points"], state["possible"] = state["score_bp"], FULL

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """Up to version 2 the best attempt counted."""
        state |= {"unit_points": None, "unit_possible": None, "counted": None}

    @staticmethod
    def upcast_v3_v4(state: dict[str, Any]) -> None:
        """Up to version 3 it was lowered for the marks of a key alone, from which it is computed again."""
        state["given_points"], state["given_possible"] = state["points"], state["possible"]


class GradeOverridden(Aggregate.Event):
    """
    `unit_points` of `unit_possible` are the score of the unit after it, by the attempts that count.

    They are null as long as those are not graded; `counted` is as in `attempt.graded`.
    """

    TOPIC = "attempt.grade_overridden"
    class_version = 2
    run_id: str
    unit_id: str
    old_bp: int
    old_points: int
    old_possible: int
    score_bp: int
    points: int
    possible: int
    passed: bool
    unit_points: int | None
    unit_possible: int | None
    reason: Words
    counted: Counted | None = None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """In version 1 the best attempt counted."""
        state["counted"] = None


class Regraded(Aggregate.Event):
    """
    After the regrade of number `regrade_no`, or where it is late by more or less than before (the number then is that
    of the last regrade, 0 for none); `unit_points` and the rest are as in `attempt.grade_overridden`.
    """

    TOPIC = "attempt.regraded"
    class_version = 2
    run_id: str
    unit_id: str
    regrade_no: int
    old_bp: int
    old_points: int
    old_possible: int
    score_bp: int
    points: int
    possible: int
    passed: bool
    unit_points: int | None
    unit_possible: int | None
    counted: Counted | None = None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """In version 1 the best attempt counted."""
        state["counted"] = None
