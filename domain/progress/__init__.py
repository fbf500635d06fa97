"""
Progress: what a learner has opened, done and completed on a course run, how it ended, and the credential of it.

`CourseProgress` has the rules. `IssuedCredential` says whose credential an id is, and is appended along with it.
"""

from domain.progress.credential import IssuedCredential, credential_stream
from domain.progress.errors import (
    BadAmount,
    CredentialNotEarned,
    NeedsAttempt,
    NotTheHolder,
    OutcomeDecided,
    OutcomeOpen,
    UnknownCredential,
    UnknownOutcome,
    UnknownUnit,
)
from domain.progress.progress import (
    BY_HAND,
    BY_RULE,
    BY_STAFF,
    FORMULA_V1,
    IMPORTED,
    OTHER_GRADE,
    OTHER_OUTCOME,
    OUTCOME_REVISED,
    QUIZ_PASSED,
    TRANSFERRED,
    CourseProgress,
    progress_stream,
)

__all__ = [
    "BY_HAND",
    "BY_RULE",
    "BY_STAFF",
    "FORMULA_V1",
    "IMPORTED",
    "OTHER_GRADE",
    "OTHER_OUTCOME",
    "OUTCOME_REVISED",
    "QUIZ_PASSED",
    "TRANSFERRED",
    "BadAmount",
    "CourseProgress",
    "CredentialNotEarned",
    "IssuedCredential",
    "NeedsAttempt",
    "NotTheHolder",
    "OutcomeDecided",
    "OutcomeOpen",
    "UnknownCredential",
    "UnknownOutcome",
    "UnknownUnit",
    "credential_stream",
    "progress_stream",
]
