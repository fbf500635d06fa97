"""
What the learner sees of an attempt: what is asked, what was answered, what it scored, and what was right.

Nothing is shown before the rules of its version say so; the key never before it is due.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from domain.questions import Key, Question, feedback_of, mark, response_from, right_response, shuffled
from domain.questions.key import EssayKey, FileUploadKey
from domain.quiz.answers import SavedAnswer, receipt
from domain.quiz.attempt import QuizAttempt
from domain.quiz.changes import Json
from domain.quiz.rules import When
from domain.quiz.version import Version

AttemptStatus = Annotated[
    Literal["running", "submitted", "graded"],
    msgspec.Meta(description="`running` until it is submitted, then it waits for a grade."),
]


class ReachedLevel(msgspec.Struct, kw_only=True):
    """A line of the rubric of an item, the level that a person has found reached, and its points in the rubric."""

    criterion: str
    level: str
    points: str


class AskedSection(msgspec.Struct, kw_only=True):
    """A part of a quiz, with the ids of those of its items that the attempt asks."""

    section_id: str
    title: str
    items: list[str]


class AskedItem(msgspec.Struct, kw_only=True):
    """
    One item of an attempt, with its answer.

    Attributes:
        question: as in domain/questions, without what is right, and without its hints.
        hints: those that were shown; `hints_left` more may be, each at the `hint_penalty` of the question.
        client_seq: of the answer that counts, 0 if there is none.
        response: the answer; null for none.
        receipt: what the learner keeps of the answer.
        earned: points for the answer; null as long as they are not given, or not shown.
        possible: the points of the item.
        feedback: what is said about the answer, in the question's format; empty as long as it is not shown.
        rubric: what a person has found reached; empty as long as comments are not shown, and without a rubric.
        key: a response that is right; null as long as it is not shown, and where a person grades.
    """

    item_id: str
    question: dict[str, Any]
    hints: list[str]
    hints_left: int
    client_seq: int
    saved_at: datetime | None
    response: dict[str, Any] | None
    receipt: str | None
    earned: str | None
    possible: str
    feedback: list[str]
    rubric: list[ReachedLevel]
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
        title: of the quiz, as it was when the attempt was started.
        now: the server's time, by which deadlines are decided.
        sections: in their order; none where the quiz has no parts.
    """

    run_id: str
    unit_id: str
    title: str
    now: datetime
    sections: list[AskedSection]
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
    attempt: QuizAttempt,
    version: Version,
    answers: Mapping[str, SavedAnswer],
    *,
    now: datetime,
    closed_at: datetime,
    comments: Mapping[str, list[str]] | None = None,
    levels: Mapping[str, Mapping[str, str]] | None = None,
) -> ShownAttempt:
    """
    An attempt as its learner sees it at the moment *now*.

    Args:
        version: with which it was started.
        answers: by item, with their words opened.
        closed_at: from when on no learner needs what is shown `closed`; see domain/quiz/closing.py.
        comments: by item, what people have said who graded it.
        levels: by item, what they have found reached: the level by criterion.
    """
    when = version.rules.feedback
    see = Shows(
        marks=attempt.score is not None and _is_time(when.marks, now, closed_at),
        comments=attempt.score is not None and _is_time(when.comments, now, closed_at),
        key=attempt.submitted and _is_time(when.key, now, closed_at),
    )
    items = [_asked(attempt, version, item_id, answers.get(item_id), see) for item_id in attempt.items]
    if see.comments:
        for item in items:
            item.feedback += (comments or {}).get(item.item_id, [])
            item.rubric = _reached(version.asked(item.item_id)[1], (levels or {}).get(item.item_id, {}))
    return ShownAttempt(
        **_head(attempt),
        run_id=attempt.run_id,
        unit_id=attempt.unit_id,
        title=version.title,
        now=now,
        sections=_sections(version, attempt.items),
        items=items,
    )


def _sections(version: Version, asked: Sequence[str]) -> list[AskedSection]:
    """The parts of the quiz of which something is asked."""
    found = [(each, [item for item in asked if item in set(each.items)]) for each in version.sections]
    return [AskedSection(section_id=each.section_id, title=each.title, items=items) for each, items in found if items]


def _reached(key: Key, levels: Mapping[str, str]) -> list[ReachedLevel]:
    """What the rubric of a key says of the levels."""
    rubric = key.rubric if isinstance(key, EssayKey | FileUploadKey) else []
    found = (
        (line, level) for line in rubric for level in line.levels if levels.get(line.criterion_id) == level.level_id
    )
    return [ReachedLevel(criterion=line.text, level=level.text, points=level.points) for line, level in found]


def _is_time(when: When, now: datetime, closed: datetime) -> bool:
    return when == "submitted" or (when == "closed" and now >= closed)


class Shows(NamedTuple):
    """What the rules show now."""

    marks: bool
    comments: bool
    key: bool


def _asked(attempt: QuizAttempt, version: Version, item_id: str, answer: SavedAnswer | None, see: Shows) -> AskedItem:
    question, key = version.asked(item_id)
    response, given = None if answer is None else answer.response, attempt.marks.get(item_id)
    right = right_response(key) if see.key else None
    hints = hints_of(attempt, version, item_id)
    without = msgspec.structs.replace(question, hints=[])
    return AskedItem(
        item_id=item_id,
        question=msgspec.to_builtins(shuffled(without, attempt.seed)),
        hints=hints.shown,
        hints_left=hints.left,
        client_seq=0 if answer is None else answer.client_seq,
        saved_at=None if answer is None else answer.saved_at,
        response=response,
        receipt=None if answer is None else receipt(attempt.id, answer),
        earned=given.earned if given is not None and see.marks else None,
        possible=question.points,
        feedback=_feedback(question, key, response) if see.comments else [],
        rubric=[],
        key=None if right is None else msgspec.to_builtins(right),
    )


class ShownHints(NamedTuple):
    """The hints to an item that were shown, and how many more may be."""

    shown: list[str]
    left: int


def hints_of(attempt: QuizAttempt, version: Version, item_id: str) -> ShownHints:
    """The hints to an item of an attempt; none is left once it was submitted, or where the rules show none."""
    hints, number = version.asked(item_id)[0].hints, attempt.hints.get(item_id, 0)
    may_show = attempt.runs and version.rules.hints == "asked"
    return ShownHints(hints[:number], max(0, len(hints) - number) if may_show else 0)


def _feedback(question: Question, key: Key, response: Json | None) -> list[str]:
    found = mark(question, key, None if response is None else response_from(response))
    return [text for text in (feedback_of(key, each) for each in found.feedback) if text]
