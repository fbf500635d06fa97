"""To whom a message of the staff goes, by read models: counted for who writes it, and page by page when it leaves."""

from bisect import bisect_right
from typing import NamedTuple

from adapters.at_risk import RunsAtRisk
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries import message_audience as queries
from adapters.postgres.queries.message_audience import Asked
from adapters.postgres.queries.reader import Reader
from adapters.settings import Settings
from domain.fact import Fact
from domain.notification import Addressees

PAGE = 100  # learners in one append


class Recipients(NamedTuple):
    """A page of learners, and whether there are no more after it."""

    learner_ids: tuple[str, ...]
    finished: bool


class Audience(NamedTuple):
    """How many learners a message is to, how many of them have an account in use, and the first of them."""

    learners: int
    reachable: int
    first: list[str]
    position: int


class Audiences:
    """To whom messages go."""

    def __init__(self, reader: Reader, at_risk: RunsAtRisk, log: PostgresLog) -> None:
        self._reader, self._at_risk, self._log = reader, at_risk, log

    async def of(self, run_id: str, addressees: Addressees, cohort_id: str | None, limit: int) -> Audience:
        """To whom a message would go now, with the first *limit*."""
        if addressees is not Addressees.AT_RISK:
            asked = Asked(run_id, addressees, cohort_id)
            counted = await queries.count(self._reader, asked)
            first = await queries.learners(self._reader, asked, "", limit)
            return Audience(counted[0], counted[1], first, counted[2])
        found = await self._at_risk.of(run_id, self._log.clock.now())
        listed = sorted(found.learner_ids)
        reachable = await queries.in_use(self._reader, listed)
        return Audience(len(listed), reachable, listed[:limit], found.position)

    async def page(self, planned: Fact, after: str) -> Recipients:
        """The learners after one to whom a message that was planned goes now."""
        data = planned.data
        addressees = Addressees(data["addressees"])
        if addressees is Addressees.AT_RISK:
            found = sorted((await self._at_risk.of(data["run_id"], self._log.clock.now())).learner_ids)
            found = found[bisect_right(found, after) :][: PAGE + 1]
        else:
            asked = Asked(data["run_id"], addressees, data["cohort_id"])
            found = await queries.learners(self._reader, asked, after, PAGE + 1)
        return Recipients(tuple(found[:PAGE]), len(found) <= PAGE)


async def recipients_of(settings: Settings, log: PostgresLog, planned: Fact, after: str) -> Recipients:
    """The same, by a connection of its own, for a process that asks seldom."""
    reader = Reader(settings)
    await reader.open()
    try:
        return await Audiences(reader, RunsAtRisk(reader, log), log).page(planned, after)
    finally:
        await reader.close()
