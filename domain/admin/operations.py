"""
What operators and admins have decided about work of the machinery that has failed.

What was decided is a fact before it is done; doing it again changes nothing. So a process that dies in between has said
what it wanted, and the same request does it.
"""

from domain.aggregate import Aggregate, event, stream_id


class FailedWork(Aggregate):
    """What follows from one fact and has failed: it is tried again, or dismissed."""

    def initial_state(self) -> None:
        self.is_dismissed = False

    def retry(self, position: int) -> None:
        """It is to be tried again, also if it was dismissed; *position* is that of the fact."""
        self._retried(position=position)

    def dismiss(self, position: int, reason: str) -> None:
        """It is not to be tried again; a second time changes nothing."""
        if not self.is_dismissed:
            self._dismissed(position=position, reason=reason)

    def _retried(self, position: int) -> None:
        raise NotImplementedError

    def _dismissed(self, position: int, reason: str) -> None:
        raise NotImplementedError


def job_stream(event_id: str, name: str) -> str:
    """The stream of what was decided about the job of this name that follows from a fact."""
    return stream_id("job", event_id, name)


class FailedJob(FailedWork):
    """A job of the dispatcher that has failed for good."""

    category = "job"
    ids = ("event_id", "name")

    class Retried(Aggregate.Event):
        TOPIC = "job.retried"
        position: int

    class Dismissed(Aggregate.Event):
        TOPIC = "job.dismissed"
        position: int
        reason: str

    @event(Retried)
    def _retried(self, position: int) -> None:
        self.is_dismissed = False

    @event(Dismissed)
    def _dismissed(self, position: int, reason: str) -> None:
        self.is_dismissed = True


def reaction_stream(event_id: str, name: str) -> str:
    """The stream of what was decided about the reaction of this name to a fact."""
    return stream_id("reaction", event_id, name)


class FailedReaction(FailedWork):
    """A reaction that was refused, or has failed."""

    category = "reaction"
    ids = ("event_id", "name")

    class Retried(Aggregate.Event):
        TOPIC = "reaction.retried"
        position: int

    class Dismissed(Aggregate.Event):
        TOPIC = "reaction.dismissed"
        position: int
        reason: str

    @event(Retried)
    def _retried(self, position: int) -> None:
        self.is_dismissed = False

    @event(Dismissed)
    def _dismissed(self, position: int, reason: str) -> None:
        self.is_dismissed = True
