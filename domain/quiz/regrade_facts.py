"""The facts of regrades, in the stream of their quiz; domain/quiz/quiz.py has the rules."""

from domain.aggregate import Aggregate
from domain.quiz.changes import Regrade


class RegradeProposed(Aggregate.Event):
    """A regrade, and of how many attempts it would change how many; `based_on` is the one committed before."""

    TOPIC = "regrade.proposed"
    regrade_no: int
    change: Regrade
    based_on: int
    attempts: int
    affected: int
    reason: str


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
