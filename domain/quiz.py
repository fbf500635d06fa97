"""
Quizzes and attempts: what is asked, what was handed in, and what it scored.

A score is points out of those that are possible; beside it stand basis points (0 to 10,000). A quiz without items (an
essay, an exam on paper) is graded by people.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.kinds import SCORED_KINDS, plain_kind
from domain.personal import Words
from domain.quiz_errors import (
    AlreadyGraded,
    AlreadySubmitted,
    AnswerCountMismatch,
    BadAttempt,
    BadQuiz,
    NoAttemptsLeft,
    NotGradable,
    NotGraded,
    NotSubmitted,
    QuizExists,
    QuizNotFound,
    ReasonNeeded,
    UnscoredUnit,
)
from domain.score import FULL, Score, check_score

__all__ = [
    "MAX_ITEMS",
    "AlreadyGraded",
    "AlreadySubmitted",
    "AnswerCountMismatch",
    "BadAttempt",
    "BadQuiz",
    "Item",
    "NoAttemptsLeft",
    "NotGradable",
    "NotGraded",
    "NotSubmitted",
    "Quiz",
    "QuizAttempt",
    "QuizExists",
    "QuizNotFound",
    "ReasonNeeded",
    "UnscoredUnit",
    "attempt_stream",
    "mark",
    "quiz_stream",
]

MAX_ITEMS = 500


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question: its text and its options; the index of the right one stands in the key."""

    item_id: str
    text: str
    options: list[str]


def quiz_stream(quiz_id: str) -> str:
    return stream_id("quiz", quiz_id)


def attempt_stream(learner_id: str, quiz_id: str, attempt_no: int) -> str:
    """The stream of one attempt of a learner; attempts count from 1."""
    return stream_id("attempt", learner_id, quiz_id, str(attempt_no))


def mark(answers: Sequence[int], key: Sequence[int]) -> Score:
    """
    Score one attempt by exact match: a point for each right answer.

    Args:
        answers: chosen option per question, counted from 0, -1 for none; as long as *key*.
        key: correct option per question.

    Raises:
        AnswerCountMismatch: *answers* and *key* differ in length.
    """
    if len(answers) != len(key):
        raise AnswerCountMismatch(answers=len(answers), questions=len(key))
    right = sum(given == wanted for given, wanted in zip(answers, key, strict=True))
    return Score(right, len(key)) if key else Score(0)


class Quiz(Aggregate):
    """What is asked in one unit of one course run, and by which rules."""

    category = "quiz"
    ids = ("quiz_id",)
    scope = "reference"
    tagged_by = ("run_id",)

    class Published(Aggregate.Event):
        TOPIC = "quiz.published"
        version: int
        run_id: str
        unit_id: str
        kind: str
        title: str
        items: list[Item]
        key: list[int]
        key_hash: str
        time_limit: int | None
        attempts_allowed: int
        due_at: datetime | None
        pass_bp: int

    def initial_state(self) -> None:
        self.run_id = ""
        self.unit_id = ""
        self.kind = ""
        self.title = ""
        self.items: list[Item] = []
        self.key: list[int] = []
        self.time_limit: int | None = None
        self.attempts_allowed = 1
        self.due_at: datetime | None = None
        self.pass_bp = 0

    def publish(
        self,
        run_id: str,
        unit_id: str,
        kind: str,
        title: str,
        *,
        items: Sequence[Item] = (),
        key: Sequence[int] = (),
        time_limit: int | None = None,
        attempts_allowed: int = 1,
        due_at: datetime | None = None,
        pass_bp: int = 4_000,
    ) -> None:
        """Publish the quiz; *time_limit* in seconds, *pass_bp* the score from which the unit counts as completed."""
        kind = self.kind if kind == self.kind else plain_kind(kind)
        if kind not in SCORED_KINDS and not self.exists and not self.importing:
            raise BadQuiz(f"{kind!r} is no kind of quiz; these are: {', '.join(SCORED_KINDS)}", kind=kind)
        _check_items(items, key)
        _check_limits(time_limit, attempts_allowed, pass_bp)
        contents: dict[str, Any] = {
            "run_id": run_id,
            "unit_id": unit_id,
            "kind": kind,
            "title": title,
            "items": list(items),
            "key": list(key),
            "time_limit": time_limit,
            "attempts_allowed": attempts_allowed,
            "due_at": due_at,
            "pass_bp": pass_bp,
        }
        if self.exists:
            if contents != {name: getattr(self, name) for name in contents}:
                raise QuizExists(quiz_id=self.id_of("quiz_id"))
            return
        key_hash = hashlib.sha256(msgspec.json.encode(list(key))).hexdigest()
        self._published(version=1, key_hash=key_hash, **contents)

    @event(Published)
    def _published(
        self,
        version: int,
        run_id: str,
        unit_id: str,
        kind: str,
        title: str,
        items: list[Item],
        key: list[int],
        key_hash: str,
        time_limit: int | None,
        attempts_allowed: int,
        due_at: datetime | None,
        pass_bp: int,
    ) -> None:
        self.run_id, self.unit_id, self.kind, self.title = run_id, unit_id, kind, title
        self.items, self.key = items, key
        self.time_limit, self.attempts_allowed, self.due_at, self.pass_bp = (
            time_limit,
            attempts_allowed,
            due_at,
            pass_bp,
        )


def _check_items(items: Sequence[Item], key: Sequence[int]) -> None:
    if len(items) != len(key) or len(items) > MAX_ITEMS:
        raise BadQuiz(f"{len(items)} items and {len(key)} keys: one key for each of at most {MAX_ITEMS} items")
    if len({item.item_id for item in items}) < len(items):
        raise BadQuiz("an item is listed twice")
    for item, right in zip(items, key, strict=True):
        if not 0 <= right < len(item.options):
            raise BadQuiz(
                f"item {item.item_id} has {len(item.options)} options, none with the index {right}",
                item_id=item.item_id,
            )


def _check_limits(time_limit: int | None, attempts_allowed: int, pass_bp: int) -> None:
    if time_limit is not None and time_limit < 1:
        raise BadQuiz(f"a time limit is a second at least, not {time_limit}", time_limit=time_limit)
    if attempts_allowed < 1:
        raise BadQuiz(f"a quiz allows an attempt at least, not {attempts_allowed}", attempts_allowed=attempts_allowed)
    if not 0 <= pass_bp <= FULL:
        raise BadQuiz(f"the score to pass with is 0 to {FULL} basis points, not {pass_bp}", pass_bp=pass_bp)


class QuizAttempt(Aggregate):
    """One attempt of one learner at one quiz."""

    category = "attempt"
    ids = ("learner_id", "quiz_id", "attempt_no")
    keyed_by = "learner_id"

    class Submitted(Aggregate.Event):
        TOPIC = "attempt.submitted"
        run_id: str
        unit_id: str
        by: str
        late_by: int
        responses: list[int]
        banked: bool

    class Graded(Aggregate.Event):
        TOPIC = "attempt.graded"
        class_version = 2
        run_id: str
        unit_id: str
        score_bp: int
        passed: bool
        policy: str
        points: int
        possible: int

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """In version 1 a score was cut to whole basis points."""
            state["points"], state["possible"] = state["score_bp"], FULL

    class GradeOverridden(Aggregate.Event):
        """`unit_points` of `unit_possible` are the best score that the learner's attempts at the unit have after it."""

        TOPIC = "attempt.grade_overridden"
        run_id: str
        unit_id: str
        old_bp: int
        old_points: int
        old_possible: int
        score_bp: int
        points: int
        possible: int
        passed: bool
        unit_points: int
        unit_possible: int
        reason: Words

    def initial_state(self) -> None:
        self.submitted = False
        self.run_id = ""
        self.unit_id = ""
        self.responses: list[int] = []
        self.score: Score | None = None

    def submit(self, quiz: Quiz, responses: Sequence[int], *, by: str, at: datetime, banked: bool = False) -> None:
        """
        Hand the attempt in at the moment *at*; how late it is, in seconds, is part of the fact.

        Args:
            responses: chosen option per item, counted from 0, -1 for none; empty for a quiz without items.
            banked: the result comes from an earlier run.
        """
        if not quiz.exists:
            raise QuizNotFound(quiz_id=self.id_of("quiz_id"))
        if len(responses) != len(quiz.items):
            raise AnswerCountMismatch(answers=len(responses), questions=len(quiz.items))
        attempt_no = int(self.id_of("attempt_no"))
        if attempt_no < 1:
            raise BadAttempt(attempt_no=attempt_no)
        if self.submitted:
            if list(responses) != self.responses:
                raise AlreadySubmitted(attempt_no=attempt_no)
            return
        if attempt_no > quiz.attempts_allowed:
            self.refuse(NoAttemptsLeft(quiz_id=self.id_of("quiz_id"), attempts_allowed=quiz.attempts_allowed))
        late = max(0, int((at - quiz.due_at).total_seconds())) if quiz.due_at else 0
        self._submitted(quiz.run_id, quiz.unit_id, by, late, list(responses), banked)

    @event(Submitted)
    def _submitted(self, run_id: str, unit_id: str, by: str, late_by: int, responses: list[int], banked: bool) -> None:
        self.submitted = True
        self.run_id, self.unit_id, self.responses = run_id, unit_id, responses

    def grade_by_key(self, quiz: Quiz) -> None:
        """Score the attempt by the key of *quiz*."""
        self._must_be_submitted()
        self.grade(mark(self.responses, quiz.key), quiz.pass_bp, "exact_match")

    def grade(self, score: Score, pass_bp: int, policy: str) -> None:
        """Record the score; *policy* names the way in which it was found."""
        self._must_be_submitted()
        check_score(score)
        if self.score is not None:
            if score.beats(self.score) or self.score.beats(score):
                raise AlreadyGraded(attempt=self.id, score_bp=self.score.bp)
            return
        self._graded(
            run_id=self.run_id,
            unit_id=self.unit_id,
            score_bp=score.bp,
            passed=score.reaches(pass_bp),
            policy=policy,
            points=score.points,
            possible=score.possible,
        )

    @event(Graded)
    def _graded(
        self, run_id: str, unit_id: str, score_bp: int, passed: bool, policy: str, points: int, possible: int
    ) -> None:
        self.score = Score(points, possible)

    def override(self, score: Score, pass_bp: int, reason: str, best_of_others: Score | None) -> None:
        """Replace the score, for a *reason*; *best_of_others* is that of the learner's other attempts at the unit."""
        if self.score is None:
            self._must_be_submitted()
            raise NotGraded(attempt=self.id)
        check_score(score)
        if not reason.strip():
            raise ReasonNeeded(attempt=self.id)
        if not score.beats(self.score) and not self.score.beats(score):
            return
        best = best_of_others if best_of_others is not None and best_of_others.beats(score) else score
        self._grade_overridden(
            run_id=self.run_id,
            unit_id=self.unit_id,
            old_bp=self.score.bp,
            old_points=self.score.points,
            old_possible=self.score.possible,
            score_bp=score.bp,
            points=score.points,
            possible=score.possible,
            passed=score.reaches(pass_bp),
            unit_points=best.points,
            unit_possible=best.possible,
            reason=reason,
        )

    @event(GradeOverridden)
    def _grade_overridden(
        self,
        run_id: str,
        unit_id: str,
        old_bp: int,
        old_points: int,
        old_possible: int,
        score_bp: int,
        points: int,
        possible: int,
        passed: bool,
        unit_points: int,
        unit_possible: int,
        reason: str,
    ) -> None:
        self.score = Score(points, possible)

    def _must_be_submitted(self) -> None:
        if not self.submitted:
            raise NotSubmitted(attempt=self.id)
