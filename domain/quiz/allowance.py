"""What one learner is allowed beyond the rules of a quiz: more time, more attempts, a later end."""

from datetime import datetime

from domain.aggregate import Aggregate, event, stream_id
from domain.personal import Words
from domain.quiz_errors import BadAllowance

MOST_SECONDS = 1_000_000
MOST_ATTEMPTS = 1_000


def allowance_stream(learner_id: str, quiz_id: str) -> str:
    """The stream of what a learner is allowed in a quiz."""
    return stream_id("allowance", learner_id, quiz_id)


class Allowance(Aggregate):
    """What one learner is allowed in one quiz beyond its rules."""

    category = "allowance"
    ids = ("learner_id", "quiz_id")
    keyed_by = "learner_id"

    class Granted(Aggregate.Event):
        """What holds from now on, and what held before."""

        TOPIC = "allowance.granted"
        run_id: str
        old_extra_seconds: int
        extra_seconds: int
        old_extra_attempts: int
        extra_attempts: int
        old_closes_at: datetime | None
        closes_at: datetime | None
        reason: Words

    def initial_state(self) -> None:
        self.extra_seconds = 0
        self.extra_attempts = 0
        self.closes_at: datetime | None = None

    def grant(
        self, run_id: str, *, extra_seconds: int, extra_attempts: int, closes_at: datetime | None, reason: str
    ) -> None:
        """
        Allow so much in all, in the place of what was allowed before; nothing at all takes it back.

        Args:
            extra_seconds: beyond the time limit.
            extra_attempts: beyond those that the quiz allows.
            closes_at: in the place of the quiz's own end; None for that.
        """
        if not 0 <= extra_seconds <= MOST_SECONDS or not 0 <= extra_attempts <= MOST_ATTEMPTS:
            raise BadAllowance(
                f"a learner is allowed 0 to {MOST_SECONDS} more seconds and 0 to {MOST_ATTEMPTS} attempts"
            )
        if not reason.strip():
            raise BadAllowance("what a learner is allowed beyond the rules has a reason")
        if (extra_seconds, extra_attempts, closes_at) == (self.extra_seconds, self.extra_attempts, self.closes_at):
            return
        self._granted(
            run_id=run_id,
            old_extra_seconds=self.extra_seconds,
            extra_seconds=extra_seconds,
            old_extra_attempts=self.extra_attempts,
            extra_attempts=extra_attempts,
            old_closes_at=self.closes_at,
            closes_at=closes_at,
            reason=reason,
        )

    @event(Granted)
    def _granted(
        self,
        run_id: str,
        old_extra_seconds: int,
        extra_seconds: int,
        old_extra_attempts: int,
        extra_attempts: int,
        old_closes_at: datetime | None,
        closes_at: datetime | None,
        reason: str,
    ) -> None:
        self.extra_seconds, self.extra_attempts, self.closes_at = extra_seconds, extra_attempts, closes_at
