"""
Progress: what a learner has opened, done and completed on a course run, how it ended, and the credential of it.

`CourseProgress` has the rules. `IssuedCredential` says whose credential an id is, and is appended along with it.
`Viewing` has what was played of one video or recording; domain/progress/watching.py computes the share of it.
"""

from domain.progress.completion import BY_HAND, OPENED, QUIZ_PASSED, SUBMITTED, Asked, Taken
from domain.progress.credential import IssuedCredential, credential_stream
from domain.progress.errors import (
    BadAmount,
    BadBatch,
    CredentialNotEarned,
    NeedsAttempt,
    NotByHand,
    NotTheHolder,
    NotWatchable,
    OutcomeDecided,
    OutcomeOpen,
    TooManyBatches,
    UnitLocked,
    UnknownCredential,
    UnknownOutcome,
    UnknownUnit,
)
from domain.progress.progress import (
    BY_RULE,
    BY_STAFF,
    IMPORTED,
    OTHER_GRADE,
    OTHER_OUTCOME,
    OUTCOME_REVISED,
    TOOL_SCORED,
    TRANSFERRED,
    WATCHED,
    CourseProgress,
    progress_stream,
)
from domain.progress.progress_facts import FORMULA_V1
from domain.progress.rebase import RunRebase, rebase_stream
from domain.progress.viewing import Viewing, viewing_stream
from domain.progress.watching import Segment, WatchedShare

__all__ = [
    "BY_HAND",
    "BY_RULE",
    "BY_STAFF",
    "FORMULA_V1",
    "IMPORTED",
    "OPENED",
    "OTHER_GRADE",
    "OTHER_OUTCOME",
    "OUTCOME_REVISED",
    "QUIZ_PASSED",
    "SUBMITTED",
    "TOOL_SCORED",
    "TRANSFERRED",
    "WATCHED",
    "Asked",
    "BadAmount",
    "BadBatch",
    "CourseProgress",
    "CredentialNotEarned",
    "IssuedCredential",
    "NeedsAttempt",
    "NotByHand",
    "NotTheHolder",
    "NotWatchable",
    "OutcomeDecided",
    "OutcomeOpen",
    "RunRebase",
    "Segment",
    "Taken",
    "TooManyBatches",
    "UnitLocked",
    "UnknownCredential",
    "UnknownOutcome",
    "UnknownUnit",
    "Viewing",
    "WatchedShare",
    "credential_stream",
    "progress_stream",
    "rebase_stream",
    "viewing_stream",
]
