"""The gradebook: one row per learner and assessment."""

from datetime import UTC, datetime

from projections.gradebook import GRADES, QUIZZES, Grade, Gradebook, GradebookQuiz
from tests.support.facts import History, day, fold, rows_of


def test_the_best_score_and_the_latest_submission_are_kept() -> None:
    """A later, lower score is the last one, not the best one."""
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
            submitted_at=day(20),
            late_by=86_400,
        )
    ]


def test_a_banked_submission_without_a_score_is_a_row() -> None:
    """Submissions count before, and without, a score."""
    history = History().submitted("7", "tma1", day(-1), banked=True)
    assert rows_of(fold(Gradebook, history), GRADES, Grade) == [
        Grade("AAA-1", "tma1", "7", unit_id="tma1", attempts=1, banked=True, submitted_at=day(-1))
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
