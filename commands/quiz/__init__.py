"""Use cases of quizzes: publish one, take it, grade what was handed in, override the grade."""

from commands.quiz.attempts import (
    EndAttempt,
    FollowDeadline,
    GrantAllowance,
    SaveAnswer,
    ShowHint,
    StartAttempt,
    SubmitAttempt,
    end_attempt,
    follow_deadline,
    grant_allowance,
    save_answer,
    show_hint,
    start_attempt,
    submit_attempt,
)
from commands.quiz.bringing import BringGrade, bring_grade
from commands.quiz.cloning import CloneQuizzes, clone_quizzes
from commands.quiz.grading import (
    GradeAttempt,
    GradeItem,
    OverrideGrade,
    grade_attempt,
    grade_item,
    override_grade,
)
from commands.quiz.publishing import PublishQuiz, publish_quiz
from commands.quiz.regrading import (
    CommitRegrade,
    ContinueRegrade,
    ProposeRegrade,
    commit_regrade,
    continue_regrade,
    propose_regrade,
)

__all__ = [
    "BringGrade",
    "CloneQuizzes",
    "CommitRegrade",
    "ContinueRegrade",
    "EndAttempt",
    "FollowDeadline",
    "GradeAttempt",
    "GradeItem",
    "GrantAllowance",
    "OverrideGrade",
    "ProposeRegrade",
    "PublishQuiz",
    "SaveAnswer",
    "ShowHint",
    "StartAttempt",
    "SubmitAttempt",
    "bring_grade",
    "clone_quizzes",
    "commit_regrade",
    "continue_regrade",
    "end_attempt",
    "follow_deadline",
    "grade_attempt",
    "grade_item",
    "grant_allowance",
    "override_grade",
    "propose_regrade",
    "publish_quiz",
    "save_answer",
    "show_hint",
    "start_attempt",
    "submit_attempt",
]
