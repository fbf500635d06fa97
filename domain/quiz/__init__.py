"""
Quizzes and attempts: what is asked, what was answered and handed in, and what it scored.

`Quiz` has the versions of what is asked with their rules, `QuizAttempt` is one attempt of one learner, and `Allowance`
is what a learner is allowed beyond the rules. A score is points out of those that are possible; beside it stand basis
points (0 to 10,000). A quiz without items (an essay, an exam on paper) is graded by people.
"""

from domain.quiz.admission import Entry
from domain.quiz.allowance import Allowance, allowance_stream
from domain.quiz.attempt import QuizAttempt, attempt_stream
from domain.quiz.items import MAX_ITEMS, Item, mark
from domain.quiz.quiz import Quiz, quiz_stream
from domain.quiz.rules import Feedback, Rules, Section
from domain.quiz.version import Version
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

__all__ = [
    "MAX_ITEMS",
    "Allowance",
    "AlreadyGraded",
    "AlreadySubmitted",
    "AnswerCountMismatch",
    "BadAttempt",
    "BadQuiz",
    "Entry",
    "Feedback",
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
    "Rules",
    "Section",
    "UnscoredUnit",
    "Version",
    "allowance_stream",
    "attempt_stream",
    "mark",
    "quiz_stream",
]
