"""What becomes of late work, as commands bring it: the same for units, runs and quizzes."""

from typing import Annotated

from pydantic import Field

from api.http.dispatch import Body
from api.http.types import Word, one_of
from domain.late_policy import LATE_WORDS, MAX_DAYS_LATE, LatePolicy


class NewLatePolicy(Body):
    """
    What becomes of work after its deadline.

    `off_bp`, basis points of the possible points for each day that has begun, belongs to `percent_a_day`; `days`, after
    which nothing is accepted, to `until` and, where wanted, to `percent_a_day`.
    """

    rule: Annotated[Word, one_of(LATE_WORDS)]
    off_bp: Annotated[int, Field(ge=1, le=10_000)] | None = None
    days: Annotated[int, Field(ge=1, le=MAX_DAYS_LATE)] | None = None

    def policy(self) -> LatePolicy:
        """The policy of the domain."""
        return LatePolicy(**self.model_dump())
