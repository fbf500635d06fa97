"""The gradebook: one row per learner and assessment."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.score import Score
from projections.gradebook import GRADES, QUIZZES, Attempt, Grade, Gradebook, GradebookQuiz
from tests.support.facts import History, day, fold, rows_of


def test_values_side_by_side_belong_to_one_attempt() -> None:
    """A later, lower score is the last one; the lateness stays that of the best one."""
    history = History().submitted("7", "tma1", day(1)).graded("7", "tma1", 8_000, day(2))
    history.submitted("7", "tma1", day(20), no=2, late_by=86_400).graded("7", "tma1", 3_000, day(21), no=2)
    assert rows_of(fold(Gradebook, history), GRADES, Grade) == [
        Grade(
            "AAA-1",
            "tma1",
            "7",
            unit_id="tma1",
            best_bp=8_000,
            last_bp=3_000,
            last_graded=2,
            attempts=2,
            graded=2,
            passed=True,
            submitted_at=day(1),
            counts_no=1,
            tries=[Attempt(1, day(1), 0, 8_000, passed=True), Attempt(2, day(20), 86_400, 3_000)],
        )
    ]


def test_the_order_of_handing_in_does_not_matter() -> None:
    """The second attempt may come first; the best one counts, the first of equals."""
    history = History().submitted("7", "tma1", day(1), no=2).graded("7", "tma1", 8_000, day(1), no=2)
    history.submitted("7", "tma1", day(20), no=1, late_by=9).graded("7", "tma1", 8_000, day(21), no=1)
    (row,) = rows_of(fold(Gradebook, history), GRADES, Grade)
    assert (row.counts_no, row.submitted_at, row.late_by, row.last_graded) == (1, day(20), 9, 2)


def test_scores_are_compared_exactly() -> None:
    """Two of three is more than 6,666 basis points, and less than 6,667."""
    history = History().submitted("7", "tma1", day(1)).graded("7", "tma1", 6_667)
    history.submitted("7", "tma1", day(2), no=2).graded("7", "tma1", 6_667, points=2, possible=3, no=2)
    (row,) = rows_of(fold(Gradebook, history), GRADES, Grade)
    assert (row.counts_no, row.best_bp, row.last_bp) == (1, 6_667, 6_667)
    history = History().submitted("7", "tma1", day(1)).graded("7", "tma1", 6_666)
    history.submitted("7", "tma1", day(2), no=2).graded("7", "tma1", 6_667, points=2, possible=3, no=2)
    (row,) = rows_of(fold(Gradebook, history), GRADES, Grade)
    assert (row.counts_no, row.best_bp, row.tries[1].score) == (2, 6_667, Score(2, 3))


def test_the_latest_submission_counts_as_long_as_nothing_is_graded() -> None:
    """As soon as one has a score, that one counts."""
    history = History().submitted("7", "tma1", day(1)).submitted("7", "tma1", day(2), no=2, late_by=5)
    (row,) = rows_of(fold(Gradebook, history), GRADES, Grade)
    assert (row.counts_no, row.best_bp, row.late_by) == (2, None, 5)
    (row,) = rows_of(fold(Gradebook, history.graded("7", "tma1", 0)), GRADES, Grade)
    assert (row.counts_no, row.best_bp, row.late_by, row.attempts, row.graded) == (1, 0, 0, 2, 1)


def counted(rule: str, points: int | None, possible: int | None, *, passed: bool) -> dict[str, Any]:
    """What a grade says where another than the best attempt counts: of the quiz, and of its unit."""
    quiz = {"rule": rule, "points": points, "possible": possible, "passed": passed}
    return {"counted": quiz, "unit_points": points, "unit_possible": possible}


@pytest.mark.parametrize(
    ("rule", "worth", "shown"),
    [
        ("last", (1, 10, False), (2, 1_000, False, 5)),
        ("average", (1, 2, True), (2, 5_000, True, 5)),
        ("first", (9, 10, True), (1, 9_000, True, 0)),
        ("first", (None, None, False), (1, None, False, 0)),
    ],
)
def test_another_rule_than_the_best_attempt(
    rule: str, worth: tuple[int | None, int | None, bool], shown: tuple[int, int | None, bool, int]
) -> None:
    """The fact says what the quiz is worth; the row has that, and the lateness of the attempt that counts."""
    points, possible, passed = worth
    of_quiz = counted(rule, points, possible, passed=passed)
    history = History().submitted("7", "tma1", day(1)).submitted("7", "tma1", day(2), no=2, late_by=5)
    if points is not None:
        history.graded("7", "tma1", 9_000, **counted(rule, 9, 10, passed=True))
    history.graded("7", "tma1", 1_000, day(3), no=2, **of_quiz)
    (row,) = rows_of(fold(Gradebook, history), GRADES, Grade)
    assert (row.counts_no, row.best_bp, row.passed, row.late_by) == shown
    assert [attempt.no for attempt in row.tries if attempt.counted] == [2]
    assert (row.last_graded, row.last_bp) == (2, 1_000)


def test_a_newer_version_lets_the_best_attempt_count_again() -> None:
    """The rule is that of the grade which came last."""
    history = History().submitted("7", "tma1", day(1)).submitted("7", "tma1", day(2), no=2)
    history.graded("7", "tma1", 9_000, **counted("last", 9, 10, passed=True))
    history.graded("7", "tma1", 1_000, no=2, counted=None, unit_points=9, unit_possible=10)
    (row,) = rows_of(fold(Gradebook, history), GRADES, Grade)
    assert (row.counts_no, row.best_bp, row.passed) == (1, 9_000, True)


def test_a_banked_submission_without_a_score_is_a_row() -> None:
    """Submissions count before, and without, a score."""
    history = History().submitted("7", "tma1", day(-1), banked=True)
    assert rows_of(fold(Gradebook, history), GRADES, Grade) == [
        Grade(
            "AAA-1",
            "tma1",
            "7",
            unit_id="tma1",
            attempts=1,
            banked=True,
            submitted_at=day(-1),
            counts_no=1,
            tries=[Attempt(1, day(-1), banked=True)],
        )
    ]


def test_a_published_quiz_heads_a_column() -> None:
    """Title and due time stand beside the scores."""
    history = History().add(
        "quiz-tma1",
        "quiz.published",
        version=1,
        run_id="AAA-1",
        unit_id="tma1",
        kind="TMA",
        title="Essay 1",
        items=[],
        key=[],
        due_at="2013-10-19T00:00:00Z",
        pass_bp=4_000,
    )
    assert rows_of(fold(Gradebook, history), QUIZZES, GradebookQuiz) == [
        GradebookQuiz("tma1", "AAA-1", "tma1", "TMA", "Essay 1", datetime(2013, 10, 19, tzinfo=UTC), 4_000)
    ]
