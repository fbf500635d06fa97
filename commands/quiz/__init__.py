"""Use cases of quizzes: publish one, take it, grade what was handed in, override the grade."""

from commands.quiz.attempts import (
    EndAttempt,
    GrantAllowance,
    SaveAnswer,
    StartAttempt,
    SubmitAttempt,
    end_attempt,
    grant_allowance,
    save_answer,
    start_attempt,
    submit_attempt,
)
from commands.quiz.grading import (
    GradeAttempt,
    GradeItem,
    OverrideGrade,
    grade_attempt,
    grade_item,
    override_grade,
)
from commands.quiz.publishing import PublishQuiz, publish_quiz

__all__ = [
    "EndAttempt",
    "GradeAttempt",
    "GradeItem",
    "GrantAllowance",
    "OverrideGrade",
    "PublishQuiz",
    "SaveAnswer",
    "StartAttempt",
    "SubmitAttempt",
    "end_attempt",
    "grade_attempt",
    "grade_item",
    "grant_allowance",
    "override_grade",
    "publish_quiz",
    "save_answer",
    "start_attempt",
    "submit_attempt",
]
