"""
What readers of a read model see: its generations, who has them rebuilt, and who moves the readers.

Rebuilding and moving are jobs that a projector carries out (workers/rebuild/requested.py), or an operator's process
(workers/rebuild/by_operator.py): one at a time for each read model, whose stream says which is under way. What was
decided is a fact before it is done.
"""

import msgspec

from domain.admin.records import UNSPECIFIED
from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, NotFound


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


class SwitchWanted(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a job is to do that moves the readers.

    Attributes:
        back: to the generation that was served before; otherwise to one that was rebuilt.
        generation: which one, if not the newest that is ready.
        anyway: also where it parks keys that the one in use does not; backwards, where only other code can continue it.
    """

    back: bool
    generation: int | None = None
    anyway: bool = False


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """
    A generation that was rebuilt.

    Attributes:
        version: of the rule, as its author counts.
        position: up to which it holds all facts, and *digest* is that of its rows there.
        parked: keys that wait because the rule failed at one of their facts.
    """

    generation: int
    version: int
    position: int
    digest: str
    rows: int
    parked: int


class NoSuchReadModel(NotFound):
    """No read model has this name, and none has been promoted under it."""

    code = "no_such_read_model"
    template = "no read model is called {name}"


class NoSuchGenerationHere(NotFound):
    """A read model has no generation of this number to compare."""

    code = "no_such_generation"
    template = "read model {name} has no generation {generation} that is ready, or was served"


class NothingServed(Conflict):
    """There is nothing to compare with."""

    code = "nothing_served"
    template = "no generation of read model {name} is served yet"


class NotStoredHere(Conflict):
    """The documents of a read model are not in PostgreSQL."""

    code = "not_stored_here"
    template = "read model {name} is stored in Valkey: compare it with `campus projections diff {name}`"


class NoSuchColumn(NotFound):
    """A table has no such column in both generations, or its values are not shown."""

    code = "no_such_column"
    template = "no column {column} of {table} is compared"


class ReadModelBusy(Conflict):
    """A read model is being rebuilt, promoted or rolled back."""

    code = "read_model_busy"
    template = "{projection} has job {job_id} under way: wait until it has ended, or stop it"


class JobEnded(Conflict):
    """A job was stopped, or has ended, before it was done."""

    code = "projection_job_ended"
    template = "job {job_id} of {projection} is not under way any more"


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

    class RebuildRequested(Aggregate.Event):
        TOPIC = "projection.rebuild_requested"
        job_id: str
        from_scratch: bool
        reason: str

    class SwitchRequested(Aggregate.Event):
        TOPIC = "projection.switch_requested"
        job_id: str
        back: bool
        generation: int | None
        anyway: bool
        reason: str

    class Rebuilt(Aggregate.Event):
        TOPIC = "projection.rebuilt"
        generation: int
        version: int
        position: int
        digest: str
        rows: int
        parked: int

    class JobFinished(Aggregate.Event):
        TOPIC = "projection.job_finished"
        job_id: str
        generation: int

    class JobFailed(Aggregate.Event):
        TOPIC = "projection.job_failed"
        job_id: str
        cause: str

    class JobStopped(Aggregate.Event):
        TOPIC = "projection.job_stopped"
        job_id: str
        reason: str

    class GenerationDropped(Aggregate.Event):
        TOPIC = "projection.generation_dropped"
        generation: int
        version: int
        reason: str

    class RepairRequested(Aggregate.Event):
        TOPIC = "projection.repair_requested"
        key: str
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
        self.job_id: str | None = None  # what is under way
        self.skipped: set[tuple[int, int]] = set()  # positions, each with the version of the rule that skips it

    @property
    def projection(self) -> str:
        """The name of the read model, from the stream's id."""
        return self.id_of("projection")

    def request_rebuild(self, job_id: str, reason: str, *, from_scratch: bool) -> None:
        """
        Rows are to be built beside those that are served, as a job; *from_scratch*: without what an earlier one left.

        Raises:
            ReadModelBusy: another job is under way.
        """
        self._must_be_free()
        self._rebuild_requested(job_id=job_id, from_scratch=from_scratch, reason=reason)

    @event(RebuildRequested)
    def _rebuild_requested(self, job_id: str, from_scratch: bool, reason: str) -> None:
        self.job_id = job_id

    def request_switch(self, job_id: str, wanted: SwitchWanted, reason: str) -> None:
        """Readers are to be moved, as a job; raises ReadModelBusy."""
        self._must_be_free()
        said = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
        self._switch_requested(job_id=job_id, **said, reason=reason)

    @event(SwitchRequested)
    def _switch_requested(self, job_id: str, back: bool, generation: int | None, anyway: bool, reason: str) -> None:
        self.job_id = job_id

    def stop(self, job_id: str, reason: str) -> None:
        """Stop the job; one that has ended stays as it is."""
        if self.job_id == job_id:
            self._job_stopped(job_id=job_id, reason=reason)

    @event(JobStopped)
    def _job_stopped(self, job_id: str, reason: str) -> None:
        self.job_id = None

    def fail(self, job_id: str, cause: str) -> None:
        """The job has ended without having done what it was to do; nothing for one that was stopped."""
        if self.job_id == job_id:
            self._job_failed(job_id=job_id, cause=cause)

    @event(JobFailed)
    def _job_failed(self, job_id: str, cause: str) -> None:
        self.job_id = None

    def finish_rebuild(self, job_id: str, build: Build) -> None:
        """The job has built a generation; raises JobEnded."""
        self._must_be_under_way(job_id)
        self._rebuilt(**{name: getattr(build, name) for name in build.__struct_fields__})
        self._job_finished(job_id=job_id, generation=build.generation)

    @event(Rebuilt)
    def _rebuilt(self, generation: int, version: int, position: int, digest: str, rows: int, parked: int) -> None:
        """Nothing is served by it."""

    def finish_switch(self, job_id: str, switch: Switch, *, back: bool) -> None:
        """The job has moved the readers; raises JobEnded."""
        self._must_be_under_way(job_id)
        if back:
            self.roll_back(switch)
        else:
            self.promote(switch)
        self._job_finished(job_id=job_id, generation=switch.generation)

    @event(JobFinished)
    def _job_finished(self, job_id: str, generation: int) -> None:
        self.job_id = None

    def _must_be_free(self) -> None:
        if self.job_id is not None:
            raise ReadModelBusy(projection=self.projection, job_id=self.job_id)

    def _must_be_under_way(self, job_id: str) -> None:
        if self.job_id != job_id:
            raise JobEnded(projection=self.projection, job_id=job_id)

    def promote(self, switch: Switch) -> None:
        """Readers go forward, to rows that were rebuilt, or were served before."""
        self._promoted(**{name: getattr(switch, name) for name in switch.__struct_fields__})

    def roll_back(self, switch: Switch) -> None:
        """Readers go back to the rows that were served before."""
        self._rolled_back(**{name: getattr(switch, name) for name in switch.__struct_fields__})

    def drop(self, generation: int, version: int, reason: str) -> None:
        """The rows of a generation that is not served are deleted; *version* is that of their rule."""
        self._generation_dropped(generation=generation, version=version, reason=reason)

    @event(GenerationDropped)
    def _generation_dropped(self, generation: int, version: int, reason: str) -> None:
        """It was not served, and its number is not used again."""

    def request_repair(self, key: str, reason: str) -> None:
        """The rows of a key are to be recomputed from the log."""
        self._repair_requested(key=key, reason=reason)

    @event(RepairRequested)
    def _repair_requested(self, key: str, reason: str) -> None:
        """Each request counts."""

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
