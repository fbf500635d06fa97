"""
Jobs that only look at the provider, carried out together: those that wait in the queue are taken along.

What is about one thing goes one after the other, and asks for it once; what is about different things goes side by
side, so that the outcomes travel as one append. A job that was taken along and does not succeed stays in the queue, to
be tried by itself; so do all of them if this process dies.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from adapters.batcher import Batcher
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.procrastinate import derived
from adapters.procrastinate.derived import UntriedJob
from commands.payment.provider import Provider
from domain.fact import Fact
from projections.engine.rows import Unreadable
from workers.dispatching import metrics
from workers.dispatching.one_look import one_look
from workers.reactions.job import Job, key_of

MOST = 100  # jobs in one round

Do = Callable[[Job, Fact, str, Provider, list[Any]], Awaitable[None]]
Outcome = Exception | None


class Together:
    """
    The jobs of one name.

    Args:
        queue: the name of the campus's queue.
        do: carries one of them out.
    """

    def __init__(self, log: PostgresLog, job: Job, queue: str, provider: Provider, do: Do) -> None:
        self._log, self._job, self._queue, self._provider, self._do = log, job, queue, provider, do
        self._rounds: Batcher[Fact, Outcome] = Batcher(self._round, MOST)
        self._alone: set[str] = set()  # keys of those that were taken along and have not succeeded

    async def carry_out(self, fact: Fact) -> None:
        """Carry out the job of a fact in the next round; raises what it raises."""
        await self._rounds.submit(fact)

    async def close(self) -> None:
        """Wait for the last round."""
        await self._rounds.drain()

    async def _round(self, fetched: Sequence[Fact]) -> list[Outcome]:
        life = await self._log.life()
        known = {self._key(fact) for fact in fetched}
        along = await self._waiting(known, MOST - len(fetched))
        self._alone -= known
        provider = one_look(self._provider)
        by_thing: defaultdict[str, dict[str, Fact]] = defaultdict(dict)
        for fact in (*fetched, *along.values()):
            by_thing[self._about(fact)][self._key(fact)] = fact
        found: dict[str, Outcome] = {}
        for of_thing in await asyncio.gather(*(self._in_order(each, life, provider) for each in by_thing.values())):
            found |= of_thing
        await self._put_away([job for job in along if found[job.key] is None])
        self._alone |= {job.key for job in along if found[job.key] is not None}
        return [found[self._key(fact)] for fact in fetched]

    async def _waiting(self, known: set[str], most: int) -> dict[UntriedJob, Fact]:
        """The jobs that wait and are not *known*, with the facts from which they were derived."""
        if most <= 0:
            return {}
        name, queue = self._job.name, self._queue
        waiting = await self._log.link.run(lambda connection: derived.untried(connection, queue, name, most))
        jobs = [job for job in waiting if job.key not in known | self._alone]
        facts = {self._key(fact): fact for fact in await self._log.at([job.position for job in jobs])} if jobs else {}
        return {job: facts[job.key] for job in jobs if job.key in facts}

    async def _in_order(self, facts: dict[str, Fact], life: str, provider: Provider) -> dict[str, Outcome]:
        """Carry out jobs that are about one thing."""
        found: dict[str, Outcome] = {}
        said: list[Any] = []
        for key, fact in facts.items():
            try:
                await self._do(self._job, fact, life, provider, said)
                found[key] = None
            except Exception as error:  # noqa: BLE001 - it belongs to this job, and others go on
                found[key] = error
        return found

    async def _put_away(self, jobs: Sequence[UntriedJob]) -> None:
        """Take jobs out of the queue that were taken along and are done."""
        ids = [job.id for job in jobs]
        metrics.DONE.labels(self._job.name).inc(len(ids))
        await self._log.link.run(lambda connection: derived.cancel(connection, ids, done=True))

    def _key(self, fact: Fact) -> str:
        return key_of(fact, self._job.name)

    def _about(self, fact: Fact) -> str:
        """What the job of a fact is about; one that cannot be read is about nothing that is known, and fails alone."""
        if isinstance(fact, Unreadable):
            return self._key(fact)
        return "" if self._job.about is None else self._job.about(fact)
