"""
The queue of a campus: procrastinate's application, its tasks, and a worker that survives a restart of PostgreSQL.

Queueing, fetching (SKIP LOCKED), waiting until a time and retries are the library's. A job's arguments are the position
of a fact and a key; what is to be done is read from the fact, so that job tables and their logs hold no personal data.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.worker import Worker
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from adapters.postgres.connection import CONNECT_TIMEOUT, SILENCE, PostgresError, Unavailable, is_about_data, options
from adapters.postgres.log.append import VersionConflict
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from commands.payment.provider import ProviderAway

__all__ = ["ConnectorException", "FailedForGood", "JobQueue", "JobRun", "NotYetDue", "is_transient", "queue_of"]

AWAITED = 1  # priority; that of other jobs is 0
CONCURRENCY = 8  # jobs of one process at a time
POOL_SIZE = 3  # connections; listening for new jobs takes one more
POLL_INTERVAL = 1.0  # seconds; timers and retries that are due are found by polling
GRACE = 10.0  # seconds that running jobs have to end in good order
HEARTBEAT_INTERVAL = 2.0  # seconds
STALLED_AFTER = 10.0  # seconds without a heartbeat of the worker that has the job
MOST_STALLS = 20  # tries after which a job whose worker dies each time fails for good
LONGEST_PAUSE = 300  # seconds between two tries
WAITING_PAUSE = 15  # seconds at most, where the job only waits for another server
RESTART_INTERVAL = 1.0  # seconds after the worker or its connections were lost


class NotYetDue(Exception):
    """A job was begun before its time, as one is whose fact could not be read when it was derived; *at*: server's."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"the job is due at {at.isoformat()}")
        self.at = at


TRANSIENT = (
    NotYetDue,
    PostgresError,
    Unavailable,
    VersionConflict,
    ConnectorException,
    ProviderAway,
    asyncio.CancelledError,
)

logger = structlog.get_logger()


def is_transient(error: BaseException) -> bool:
    """Whether *error* is not the job's own fault: it does not count against its tries."""
    return isinstance(error, TRANSIENT) and not is_about_data(error)


class FailedForGood(Exception):
    """A job has failed in its last try; the cause is the error from which this one was raised."""


@dataclass(frozen=True)
class JobRun:
    """
    One try of a job.

    Attributes:
        key: the fact's event id and the job's name.
        position: of the fact.
        tries: after how many tries that fail by its own fault the job fails for good, with FailedForGood.
    """

    name: str
    key: str
    position: int
    tries: int


JobHandler = Callable[[JobRun], Awaitable[None]]


def queue_of(settings: Settings) -> str:
    """The name of the campus's queue; notifications go to the whole database, and this tells campuses apart."""
    return settings.schema_name


class Backoff(BaseRetryStrategy):
    """Tries again after 1, 2, 4, … seconds, until the job has failed for good; one that is not due yet, at its time."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None for never."""
        if isinstance(exception, FailedForGood):
            return None
        if isinstance(exception, NotYetDue):
            return RetryDecision(retry_at=exception.at)
        at_once = isinstance(exception, asyncio.CancelledError)
        longest = WAITING_PAUSE if isinstance(exception, ProviderAway) else LONGEST_PAUSE
        return RetryDecision(retry_in={"seconds": 0 if at_once else min(longest, 2 ** min(job.attempts, 16))})


class SteadyWorker(Worker):
    """The library's worker, which ends when one of its own tasks does, instead of going on without it."""

    async def _periodic_deferrer(self) -> None:
        """There are no periodic tasks; if this returned, the worker would no longer watch the others."""
        await asyncio.Event().wait()


class JobQueue:
    """
    The jobs of a campus in this process.

    Args:
        tries: the names of all jobs, and how often each is tried.
        handler: carries a job out; None in a process that only defers.
        awaited: the names of jobs that go before all others that are due.
    """

    def __init__(
        self,
        settings: Settings,
        tries: Mapping[str, int],
        handler: JobHandler | None = None,
        awaited: Collection[str] = (),
    ) -> None:
        logging.getLogger("procrastinate").setLevel(logging.WARNING)
        self._queue = queue_of(settings)
        self._app = App(
            connector=PsycopgConnector(
                conninfo=make_conninfo(settings.postgres_url, **SILENCE),
                min_size=1,
                max_size=POOL_SIZE,
                timeout=CONNECT_TIMEOUT,
                name="jobs",
                kwargs={
                    "options": options(settings.schema_name),
                    "application_name": "campus:jobs",
                    "connect_timeout": CONNECT_TIMEOUT,
                },
                configure=lambda connection: connection.set_autocommit(True),
            )
        )
        for name, number in tries.items():
            self._add_task(name, number, handler, AWAITED if name in awaited else 0)

    def _add_task(self, name: str, tries: int, handler: JobHandler | None, priority: int) -> None:
        @self._app.task(name=name, queue=self._queue, priority=priority, retry=Backoff())
        async def carry_out(key: str, position: int) -> None:
            if handler is not None:
                await handler(JobRun(name, key, position, tries))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Have connections until the block ends; raises ConnectorException when PostgreSQL is away."""
        async with self._app.open_async():
            yield

    async def work(self, stop: asyncio.Event) -> None:
        """Carry out jobs until *stop* is set, across restarts of PostgreSQL."""
        while not stop.is_set():
            with suppress(ConnectorException):
                async with self.open():
                    await self._work_on(stop)
            if not stop.is_set():
                logger.warning("jobs.waiting")
                with suppress(TimeoutError):
                    async with asyncio.timeout(RESTART_INTERVAL):
                        await stop.wait()

    async def _work_on(self, stop: asyncio.Event) -> None:
        """One worker of the library, until it ends or *stop* is set."""
        worker = SteadyWorker(
            self._app,
            queues=[self._queue],
            concurrency=CONCURRENCY,
            fetch_job_polling_interval=POLL_INTERVAL,
            shutdown_graceful_timeout=GRACE,
            update_heartbeat_interval=HEARTBEAT_INTERVAL,
            stalled_worker_timeout=STALLED_AFTER,
            delete_jobs="successful",
            install_signal_handlers=False,
        )
        running = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
        sweeping = asyncio.create_task(self._sweep())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, sweeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            worker.stop()  # type: ignore[no-untyped-call]
            await cancel_and_wait([stopping, sweeping])
            await asyncio.gather(running, return_exceptions=True)

    async def _sweep(self) -> None:
        """Take up again the jobs of workers that have died; ends with ConnectorException when PostgreSQL is away."""
        while True:
            await asyncio.sleep(POLL_INTERVAL)
            for job in await self._app.job_manager.get_stalled_jobs(
                queue=self._queue, seconds_since_heartbeat=STALLED_AFTER
            ):
                if job.attempts >= MOST_STALLS:
                    await self._app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)
                else:
                    await self._app.job_manager.retry_job(job)
                logger.warning("jobs.stalled", job=job.id, name=job.task_name, attempts=job.attempts)

    async def defer(self, connection: AsyncConnection, jobs: list[tuple[str, str, int, datetime]]) -> list[int]:
        """Put jobs (name, key, position, when by the server's clock) into the queue; their ids, in order."""
        new = [
            self._app.configure_task(name, queue=self._queue, schedule_at=at).make_new_job(key=key, position=position)
            for name, key, position, at in jobs
        ]
        deferred = await self._app.job_manager.batch_defer_jobs_async(new, connection=connection)
        return [job.id for job in deferred if job.id is not None]
