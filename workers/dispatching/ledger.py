"""What facts ask for: the jobs that are owed, and those that facts have ended."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from adapters.postgres.log.decoding import must_be_readable
from adapters.procrastinate.derived import DerivedJob, OpenJob
from adapters.procrastinate.queue import JobHandler, JobQueue
from adapters.settings import Settings
from domain.fact import Fact
from workers.reactions.job import Job, key_of
from workers.reactions.reaction import is_history

Jobs = Mapping[str, tuple[Job, ...]]


def queue_for(settings: Settings, jobs: Jobs, handler: JobHandler | None = None) -> JobQueue:
    """The queue of these *jobs*; *handler* carries them out, None where they are only put into it."""
    each = [job for of_type in jobs.values() for job in of_type]
    return JobQueue(
        settings, {job.name: job.tries for job in each}, handler, awaited={job.name for job in each if job.awaited}
    )


class Ending(NamedTuple):
    """A fact that ends jobs of these names that follow from earlier facts of its stream."""

    stream_id: str
    position: int
    names: frozenset[str]

    def ends(self, job: DerivedJob | OpenJob) -> bool:
        """Whether it ends *job*."""
        return job.stream_id == self.stream_id and job.position < self.position and job.name in self.names


class Ledger:
    """
    The fold of facts, in log order, to what is owed because of them *now*.

    Attributes:
        types: the types of facts that it has to see.
        endings: facts that may have ended jobs of facts before those that were added.
    """

    def __init__(self, jobs: Jobs, now: datetime) -> None:
        self._jobs = jobs
        self._now = now
        ends: defaultdict[str, set[str]] = defaultdict(set)
        for of_type in jobs.values():
            for job in of_type:
                for settling in job.settled_by:
                    ends[settling].add(job.name)
        self._ends = {type_name: frozenset(names) for type_name, names in ends.items()}
        self.types = sorted({*jobs, *ends})
        self.endings: list[Ending] = []
        self._owed: defaultdict[str, list[DerivedJob]] = defaultdict(list)  # by stream

    @property
    def owed(self) -> list[DerivedJob]:
        """The jobs that follow from the facts and that none of them has ended."""
        return [job for of_stream in self._owed.values() for job in of_stream]

    @property
    def is_empty(self) -> bool:
        """Whether the facts ask for nothing and end nothing."""
        return not self.endings and not self.owed

    def end(self, fact: Fact) -> None:
        """Take in the next fact for what it ends, not for what it asks for."""
        if fact.type in self._ends:
            ending = Ending(fact.stream_id, fact.position, self._ends[fact.type])
            self.endings.append(ending)
            self._owed[fact.stream_id] = [job for job in self._owed[fact.stream_id] if not ending.ends(job)]

    def add(self, fact: Fact) -> None:
        """Take in the next fact."""
        self.end(fact)
        if is_history(fact):
            return
        for job in self._jobs.get(fact.type, ()):
            try:
                due_at = job.due(must_be_readable(fact))
            except Exception:  # noqa: BLE001 - the job is due at once, fails with this very error, and is listed
                due_at = fact.recorded_at
            is_over = job.lasts is not None and self._now - fact.occurred_at > job.lasts
            if due_at is not None and not is_over:
                derived = DerivedJob(key_of(fact, job.name), job.name, fact.position, fact.stream_id, due_at)
                self._owed[fact.stream_id].append(derived)
