"""
What becomes of work after its deadline: the one rule of units, runs and quizzes.

A quiz may have a policy of its own; where it says nothing its unit decides, then its run, and where these say nothing
late work is taken as it comes. domain/deadlines.py says when work is late, and by how many days.
"""

from typing import Any

import msgspec

from domain.score import FULL, Score

NONE, ACCEPT, PERCENT_A_DAY, UNTIL = "none", "accept", "percent_a_day", "until"
LATE_WORDS = (NONE, ACCEPT, PERCENT_A_DAY, UNTIL)
"""What becomes of work after its deadline; the set is closed for what is published from now on."""
OF_EARNED = "percent_of_earned_a_day"
"""What `deduct` was in quizzes before version 3 of their fact: *off_bp* of what was earned, not of what is possible."""
MAX_DAYS_LATE = 1_000


class LatePolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What becomes of work after its deadline.

    Attributes:
        rule: `none`: it is not accepted; `accept`: as if it were in time; `percent_a_day`: *off_bp* basis points of the
            possible points are taken off for each day that has begun; `until`: as if it were in time, for *days*.
        off_bp: of `percent_a_day`, else None.
        days: after which nothing is accepted; of `until`, and where wanted of `percent_a_day`.
    """

    rule: str
    off_bp: int | None = None
    days: int | None = None

    def lowered(self, score: Score, days_late: int) -> Score:
        """What is left of a score, exactly, of work that was so many days late; never less than nothing."""
        off_bp = min((self.off_bp or 0) * days_late, FULL)
        if not off_bp:
            return score
        if self.rule == OF_EARNED:
            return Score(score.points * (FULL - off_bp), score.possible * FULL)
        return Score(max(score.points * FULL - score.possible * off_bp, 0), score.possible * FULL)


def problem_of_late_policy(policy: LatePolicy) -> str:
    """What is wrong with a policy, as a sentence; empty if nothing is."""
    rule, off_bp, days = policy.rule, policy.off_bp, policy.days
    if rule not in LATE_WORDS:
        return f"{rule!r} is no rule; rules are: {', '.join(LATE_WORDS)}"
    if (off_bp is not None) != (rule == PERCENT_A_DAY) or not 1 <= (1 if off_bp is None else off_bp) <= FULL:
        return f"off_bp is 1 to {FULL} with {PERCENT_A_DAY}, and is left out otherwise"
    if (days is None and rule == UNTIL) or (days is not None and rule not in (UNTIL, PERCENT_A_DAY)):
        return f"days are needed with {UNTIL}, may be there with {PERCENT_A_DAY}, and are left out otherwise"
    if not 1 <= (1 if days is None else days) <= MAX_DAYS_LATE:
        return f"days are 1 to {MAX_DAYS_LATE}"
    return ""


def from_words_of_quizzes(late: dict[str, Any]) -> dict[str, Any]:
    """A policy as quizzes stored it once, `accept`, `refuse` or `deduct` with `bp_per_day`, in the words of all."""
    if late.get("policy") == "refuse":
        return {"rule": NONE}
    if late.get("policy") == "deduct":
        return {"rule": OF_EARNED, "off_bp": late["bp_per_day"]}
    return {"rule": ACCEPT}
