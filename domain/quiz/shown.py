"""
What the learner sees of an attempt: what is asked, what was answered, what it scored, and what was right.

Nothing is shown before the rules of its version say so; the key never before it is due.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from domain.quiz.answers import CHOICE, SavedAnswer, receipt
from domain.quiz.attempt import QuizAttempt
from domain.quiz.quiz import Json, Version
from domain.quiz.rules import When

AttemptStatus = Annotated[
    Literal["running", "submitted", "graded"],
    msgspec.Meta(description="`running` until it is submitted, then it waits for a grade."),
]


class AskedItem(msgspec.Struct, kw_only=True):
    """
    One item of an attempt, with its answer.

    Attributes:
        question: as in domain/questions, without what is right.
        client_seq: of the answer that counts, 0 if there is none.
        response: the answer; null for none.
        receipt: what the learner keeps of the answer.
        is_right: whether the answer is the right one; null as long as it is not shown.
        key: what is right; null as long as it is not shown.
    """

    item_id: str
    question: dict[str, Any]
    client_seq: int
    saved_at: datetime | None
    response: dict[str, Any] | None
    receipt: str | None
    is_right: bool | None
    key: dict[str, Any] | None


class AttemptHead(msgspec.Struct, kw_only=True):
    """
    An attempt without its items.

    Attributes:
        by: who submitted it, `learner` or `server`; null before.
        started_at: null for an attempt that was handed in without being started.
        deadline_at: when it ends; null where it was not started.
        accepts_until: how long what was sent in time is taken.
        score_bp: in basis points, rounded once; null before it is graded.
    """

    quiz_id: str
    attempt_no: int
    quiz_version: int
    status: AttemptStatus
    by: str | None
    started_at: datetime | None
    deadline_at: datetime | None
    accepts_until: datetime | None
    points: int | None
    possible: int | None
    score_bp: int | None


class ShownAttempt(AttemptHead, kw_only=True):
    """
    An attempt as its learner sees it.

    Attributes:
        now: the server's time, by which deadlines are decided.
    """

    now: datetime
    items: list[AskedItem]


def head_of(attempt: QuizAttempt) -> AttemptHead:
    """An attempt without its items."""
    return AttemptHead(**_head(attempt))


def _head(attempt: QuizAttempt) -> dict[str, Any]:
    score = attempt.score
    return {
        "quiz_id": attempt.id_of("quiz_id"),
        "attempt_no": attempt.attempt_no,
        "quiz_version": attempt.quiz_version,
        "status": "graded" if score is not None else "submitted" if attempt.submitted else "running",
        "by": attempt.by or None,
        "started_at": attempt.started_at,
        "deadline_at": attempt.deadline_at,
        "accepts_until": attempt.accepts_until,
        "points": score.points if score else None,
        "possible": score.possible if score else None,
        "score_bp": score.bp if score else None,
    }


def shown(
    attempt: QuizAttempt, version: Version, answers: Mapping[str, SavedAnswer], *, now: datetime, closed_at: datetime
) -> ShownAttempt:
    """
    An attempt as its learner sees it at the moment *now*.

    Args:
        version: with which it was started.
        answers: by item, with their words opened.
        closed_at: from when on no learner needs what is shown `closed`.
    """
    graded, feedback = attempt.score is not None, version.rules.feedback
    marks = graded and _is_time(feedback.marks, now, closed_at)
    key = attempt.submitted and _is_time(feedback.key, now, closed_at)
    items = [_asked(attempt, version, item_id, answers.get(item_id), marks=marks, key=key) for item_id in attempt.items]
    return ShownAttempt(**_head(attempt), now=now, items=items)


def closed_at(version: Version, run_ends_at: datetime) -> datetime:
    """From when on no learner needs what is shown `closed`: the quiz has closed, or is due, or its run has ended."""
    return version.rules.closes_at or version.due_at or run_ends_at


def _is_time(when: When, now: datetime, closed: datetime) -> bool:
    return when == "submitted" or (when == "closed" and now >= closed)


def _asked(
    attempt: QuizAttempt, version: Version, item_id: str, answer: SavedAnswer | None, *, marks: bool, key: bool
) -> AskedItem:
    right = _right(version, item_id)
    response = None if answer is None else answer.response
    return AskedItem(
        item_id=item_id,
        question=_question(version, item_id),
        client_seq=0 if answer is None else answer.client_seq,
        saved_at=None if answer is None else answer.saved_at,
        response=response,
        receipt=None if answer is None else receipt(attempt.id, answer),
        is_right=response == right if marks else None,
        key=right if key else None,
    )


def _question(version: Version, item_id: str) -> Json:
    """An item as a question of domain/questions; its options are named by their indexes."""
    item = next(item for item in version.items if item.item_id == item_id)
    options = [{"option_id": str(number), "text": text} for number, text in enumerate(item.options)]
    return {"kind": CHOICE, "question_id": item.item_id, "text": item.text, "options": options}


def _right(version: Version, item_id: str) -> Json:
    number = next(right for item, right in zip(version.items, version.key, strict=True) if item.item_id == item_id)
    return {"kind": CHOICE, "option_id": str(number)}
