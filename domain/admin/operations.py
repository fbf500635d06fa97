"""
What operators and admins have decided about the machinery: promotions, facts that read models skip, work that failed.

What was decided is a fact before it is done; doing it again changes nothing. So a process that dies in between has said
what it wanted, and the same request does it.
"""

import msgspec

from domain.admin.records import UNSPECIFIED
from domain.aggregate import Aggregate, event, stream_id


def read_model_stream(projection: str) -> str:
    """The stream of what persons have decided about a read model."""
    return stream_id("projection", projection)


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """
    From which rows readers of a read model went to which.

    Attributes:
        generation: the rows that they see from then on, and *before* the ones they saw; None for none.
        version: of the rule, as its author counts; *code* is the digest of its code without comments.
        source_hash: names the exact source that built the rows (`projections/engine/fingerprint.py`), which is kept;
            None if they were built before that was recorded.
        position: up to which the rows held all facts.
        reason: as it was given; `unspecified` otherwise.
    """

    generation: int
    before: int | None
    version: int
    code: str
    source_hash: str | None
    position: int
    reason: str = UNSPECIFIED


class ReadModel(Aggregate):
    """What readers of a read model see: which generation of its rows, by which rule."""

    category = "projection"
    ids = ("projection",)

    class Promoted(Aggregate.Event):
        TOPIC = "projection.promoted"
        generation: int
        before: int | None
        version: int
        code: str
        source_hash: str | None
        position: int
        reason: str

    class RolledBack(Aggregate.Event):
        TOPIC = "projection.rolled_back"
        generation: int
        before: int | None
        version: int
        code: str
        source_hash: str | None
        position: int
        reason: str

    class KeyRetried(Aggregate.Event):
        TOPIC = "projection.key_retried"
        key: str | None

    class FactSkipped(Aggregate.Event):
        TOPIC = "projection.fact_skipped"
        key: str
        position: int
        version: int
        reason: str

    def initial_state(self) -> None:
        self.served: int | None = None
        self.skipped: set[tuple[int, int]] = set()  # positions, each with the version of the rule that skips it

    def promote(self, switch: Switch) -> None:
        """Readers go forward, to rows that were rebuilt, or were served before."""
        self._promoted(**{name: getattr(switch, name) for name in switch.__struct_fields__})

    def roll_back(self, switch: Switch) -> None:
        """Readers go back to the rows that were served before."""
        self._rolled_back(**{name: getattr(switch, name) for name in switch.__struct_fields__})

    def retry(self, key: str | None) -> None:
        """The facts of a parked key are to be tried again; of all keys without one."""
        self._key_retried(key=key)

    @event(KeyRetried)
    def _key_retried(self, key: str | None) -> None:
        """Each request counts."""

    def skip(self, key: str, position: int, version: int, reason: str) -> None:
        """The rule of this version leaves out the fact at which a key fails; a second time changes nothing."""
        if (position, version) not in self.skipped:
            self._fact_skipped(key=key, position=position, version=version, reason=reason)

    @event(FactSkipped)
    def _fact_skipped(self, key: str, position: int, version: int, reason: str) -> None:
        self.skipped.add((position, version))

    @event(Promoted)
    def _promoted(
        self,
        generation: int,
        before: int | None,
        version: int,
        code: str,
        source_hash: str | None,
        position: int,
        reason: str,
    ) -> None:
        self.served = generation

    @event(RolledBack)
    def _rolled_back(
        self,
        generation: int,
        before: int | None,
        version: int,
        code: str,
        source_hash: str | None,
        position: int,
        reason: str,
    ) -> None:
        self.served = generation


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
