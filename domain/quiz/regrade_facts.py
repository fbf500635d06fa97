"""The facts of regrades, in the stream of their quiz; domain/quiz/quiz.py has the rules."""

from typing import Any

from domain.aggregate import Aggregate
from domain.late_policy import from_words_of_quizzes
from domain.quiz.changes import Regrade


class RegradeProposed(Aggregate.Event):
    """A regrade, and of how many attempts it would change how many; `based_on` is the one committed before."""

    TOPIC = "regrade.proposed"
    class_version = 2
    regrade_no: int
    change: Regrade
    based_on: int
    attempts: int
    affected: int
    reason: str

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """In version 1 quizzes had words of their own for late work."""
        change = state["change"]
        policies = {name: change[name] for name in ("old_policy", "policy")}
        for name, policy in policies.items():
            policies[name] = {**policy, "late": from_words_of_quizzes(policy["late"])}
        state["change"] = {**change, **policies}


class RegradeCommitted(Aggregate.Event):
    """From now on the version is as the regrade has it; the attempts follow, page by page."""

    TOPIC = "regrade.committed"
    regrade_no: int
    quiz_version: int


class RegradeProgressed(Aggregate.Event):
    """The attempts up to the stream `last` are marked again; `done` and `changed` count those of all pages."""

    TOPIC = "regrade.progressed"
    regrade_no: int
    last: str
    done: int
    changed: int
    finished: bool
