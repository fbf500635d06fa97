"""
Bulk jobs: the same command for many lines; looked at in a dry run, started by its id, finished once.

The lines stand in a table beside the log, and their digest in the first fact, so that what is carried out is what was
looked at. What each line does is recorded by its own command, in the streams of those whom it concerns.
"""

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, NotFound

Line = tuple[int, Mapping[str, str]]
"""The number of a line in what was sent, from 1, and its fields by the names of the columns."""


class BulkKind(StrEnum):
    """What is done for each line."""

    ENROLL = "enroll"
    WITHDRAW = "withdraw"
    REACTIVATE = "reactivate"
    GRANT_ROLE = "grant_role"
    REVOKE_ROLE = "revoke_role"
    REFUND = "refund"
    ROSTER = "roster"
    GRADE = "grade"


UNDONE_BY = {
    BulkKind.ENROLL: BulkKind.WITHDRAW,
    BulkKind.WITHDRAW: BulkKind.REACTIVATE,
    BulkKind.REACTIVATE: BulkKind.WITHDRAW,
    BulkKind.GRANT_ROLE: BulkKind.REVOKE_ROLE,
    BulkKind.REVOKE_ROLE: BulkKind.GRANT_ROLE,
    BulkKind.ROSTER: BulkKind.ROSTER,
}
"""By which kind of job another is undone; money that went back does not return, and a grade is brought once more."""


class BulkStatus(StrEnum):
    """How a job stands."""

    NONE = "none"
    PREPARED = "prepared"
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"


class BulkJobNotFound(NotFound):
    """No job has this id."""

    code = "bulk_job_not_found"
    template = "there is no bulk job {job_id}: begin with a dry run"


class BulkJobEnded(Conflict):
    """A job that has ended is not started or stopped."""

    code = "bulk_job_ended"
    template = "bulk job {job_id} is {status}: begin another with a dry run"


class NotUndone(Conflict):
    """No command undoes what the job has done, or it has not ended."""

    code = "not_undone"
    template = "bulk job {job_id} ({kind}, {status}) cannot be undone"


def bulk_stream(job_id: str) -> str:
    """The stream of a job."""
    return stream_id("bulk", job_id)


def digest_of(lines: Iterable[Line]) -> str:
    """SHA-256, in hex, of the numbers and fields of all lines, in their order."""
    digest = hashlib.sha256()
    for number, fields in lines:
        digest.update(msgspec.json.encode([number, dict(fields)], order="sorted") + b"\n")
    return digest.hexdigest()


class BulkJob(Aggregate):
    """One job, from its dry run to its end."""

    category = "bulk"
    ids = ("job_id",)

    class Prepared(Aggregate.Event):
        TOPIC = "bulk.prepared"
        kind: str
        lines: int
        digest: str
        undoes: str | None

    class Started(Aggregate.Event):
        TOPIC = "bulk.started"
        reason: str

    class Stopped(Aggregate.Event):
        TOPIC = "bulk.stopped"

    class Finished(Aggregate.Event):
        TOPIC = "bulk.finished"
        done: int
        unchanged: int
        refused: int

    def initial_state(self) -> None:
        self.status = BulkStatus.NONE
        self.kind = ""
        self.lines = 0
        self.digest = ""

    @property
    def job_id(self) -> str:
        """The id of the job, from the stream's id."""
        return self.id_of("job_id")

    def prepare(self, kind: BulkKind, lines: int, digest: str, undoes: str | None) -> None:
        """A dry run was made of so many lines; *undoes* is the job that this one would undo."""
        if not self.exists:
            self._prepared(kind=kind.value, lines=lines, digest=digest, undoes=undoes)

    @event(Prepared)
    def _prepared(self, kind: str, lines: int, digest: str, undoes: str | None) -> None:
        self.status, self.kind, self.lines, self.digest = BulkStatus.PREPARED, kind, lines, digest

    def start(self, reason: str) -> None:
        """Do it; once, a second time changes nothing."""
        self._must_exist()
        if self.status in {BulkStatus.STOPPED, BulkStatus.FINISHED}:
            raise BulkJobEnded(job_id=self.job_id, status=self.status.value)
        if self.status is BulkStatus.PREPARED:
            self._started(reason=reason)

    @event(Started)
    def _started(self, reason: str) -> None:
        self.status = BulkStatus.RUNNING

    def stop(self) -> None:
        """Do no further line; what is done stays. Nothing for a job that has ended."""
        self._must_exist()
        if self.status in {BulkStatus.PREPARED, BulkStatus.RUNNING}:
            self._stopped()

    @event(Stopped)
    def _stopped(self) -> None:
        self.status = BulkStatus.STOPPED

    def finish(self, done: int, unchanged: int, refused: int) -> None:
        """All lines were carried out, or refused; nothing if it was stopped meanwhile."""
        if self.status is BulkStatus.RUNNING:
            self._finished(done=done, unchanged=unchanged, refused=refused)

    @event(Finished)
    def _finished(self, done: int, unchanged: int, refused: int) -> None:
        self.status = BulkStatus.FINISHED

    def undone_by(self) -> BulkKind:
        """The kind of the job that undoes this one; raises NotUndone."""
        self._must_exist()
        inverse = UNDONE_BY.get(BulkKind(self.kind))
        if inverse is None or self.status not in {BulkStatus.STOPPED, BulkStatus.FINISHED}:
            raise NotUndone(job_id=self.job_id, kind=self.kind, status=self.status.value)
        return inverse

    def _must_exist(self) -> None:
        if not self.exists:
            raise BulkJobNotFound(job_id=self.job_id)
