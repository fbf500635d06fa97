"""
From when on no learner needs what a quiz shows once it is `closed`: the rule for all, and what one learner has beyond.

For all a quiz closes when it says so, or when late work is not accepted any more; where neither is said, when its run
ends, whether it has a due date or not: late work without an end may come from anyone until then. For one learner it
stays open longer by an extension of the unit, by a later end that was allowed, by attempts that were allowed and are
left, and while an attempt runs (decisions/0337).
"""

from datetime import datetime

from domain.deadlines import Deadline
from domain.quiz.allowance import Allowance
from domain.quiz.attempt import QuizAttempt
from domain.quiz.version import Version

NO_ALLOWANCE = Allowance.blank("allowance-:")


def closed_at(version: Version, deadline: Deadline, allowance: Allowance = NO_ALLOWANCE) -> datetime | None:
    """When a quiz has closed, for all or for one learner; None where its deadline has no end and the run has none."""
    ends = version.closes_at(allowance, deadline), deadline.over_at
    return min((each for each in ends if each is not None), default=None)


def works_until(version: Version, deadline: Deadline, allowance: Allowance, taken: int) -> datetime | None:
    """
    Until when a learner may still start an attempt; None for one who has used all.

    Args:
        version: that which the next attempt is started with.
        taken: how many attempts the learner has started or handed in.
    """
    if taken >= version.attempts_allowed + allowance.extra_attempts:
        return None
    return closed_at(version, deadline, allowance)


def runs_until(attempt: QuizAttempt, version: Version, deadline: Deadline, allowance: Allowance) -> datetime | None:
    """
    Until when a running attempt takes answers, also by limits that no reaction has brought to it yet.

    Args:
        version: with which it was started.
    """
    if attempt.started_at is None or attempt.accepts_until is None:
        return None
    return max(attempt.accepts_until, version.ends_at(attempt.started_at, allowance, deadline))
