"""Jobs that only look at the provider are carried out together, and each still stands for itself."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest

from adapters.postgres.connection import connect
from adapters.procrastinate import derived
from adapters.procrastinate.queue import JobRun
from adapters.settings import Settings
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.payment.provider import Provider, ProviderAway
from domain.fact import Fact
from tests.support.appends import query
from tests.support.dispatchers import RUN, Campus, campus_with_one_seat
from workers.dispatching.carry_out import Carrier
from workers.dispatching.ledger import Ledger, queue_for
from workers.reactions.job import Job, Outside


class Shop:
    """A provider that notes what it is asked, and does not answer about what is away."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away: set[str] = set()

    async def intent(self, name: str) -> str:
        """What is asked."""
        self.asked.append(name)
        if name in self.away:
            raise ProviderAway(name)
        return name

    async def create_checkout(self, *_: Any) -> None:
        """What a look must not do."""
        raise AssertionError


async def look(fact: Fact, outside: Outside) -> Any:
    """Ask about what the fact is about."""
    return await outside.provider.intent(thing(fact))


def thing(fact: Fact) -> str:
    """The letter with which the learner's name begins."""
    return fact.id("learner_id")[0]


def leave(fact: Fact, answer: str) -> WithdrawEnrollment:
    """The learner leaves, with what the provider has said as the reason."""
    return WithdrawEnrollment(fact.id("learner_id"), RUN, answer)


LOOK = Job("look", due=lambda fact: fact.occurred_at, command=leave, settled_by=("enrollment.withdrawn",), effect=look)
ABOUT = LOOK._replace(about=thing)


class Office:
    """The jobs of requests for a seat, in the queue; `carrier` carries them out."""

    def __init__(self, campus: Campus, job: Job) -> None:
        self.campus, self.job, self.shop = campus, job, Shop()
        self.carrier = Carrier(campus.log, {job.name: job}, campus.settings, cast(Provider, self.shop))
        self.runs: dict[str, JobRun] = {}

    async def ask(self, *learners: str) -> None:
        """Let them ask for a seat, and put the jobs into the queue."""
        after = await self.campus.log.head()
        await self.campus.do(*(RequestEnrollment(learner, RUN) for learner in learners))
        jobs = {"enrollment.requested": (self.job,)}
        ledger = Ledger(jobs, self.campus.clock.now())
        for fact in await self.campus.log.read(after, 1_000, ledger.types):
            ledger.add(fact)
        self.runs |= {
            job.stream_id.removeprefix("enrollment-").partition(":")[0]: JobRun(job.name, job.key, job.position, 2)
            for job in ledger.owed
        }
        async with await connect(self.campus.settings, application="test") as connection, connection.transaction():
            queue = queue_for(self.campus.settings, jobs)
            shift = self.campus.clock.shift + timedelta(seconds=1)  # they are due
            await derived.derive(connection, queue, ledger.owed, shift=shift)

    async def waiting(self) -> list[str]:
        """Whose jobs are in the queue."""
        return [stream.removeprefix("enrollment-").partition(":")[0] for stream, _ in await self.campus.jobs()]


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A run that one can ask for a seat in."""
    async with campus_with_one_seat(settings) as campus:
        yield campus


async def test_jobs_that_wait_are_taken_along(campus: Campus) -> None:
    """One look at each thing, an outcome for each job, and nothing left in the queue but what was fetched."""
    office = Office(campus, ABOUT)
    await office.ask("ann", "abe", "ben", "bob")
    await office.carrier.carry_out(office.runs["abe"])
    assert sorted(office.shop.asked) == ["a", "b"]
    for learner in ("ann", "abe", "ben", "bob"):
        (withdrawn,) = [fact for fact in await campus.facts(learner) if fact.type == "enrollment.withdrawn"]
        requested = (await campus.facts(learner))[0]
        assert (withdrawn.data["reason"], withdrawn.meta.causation_id) == (learner[0], requested.meta.event_id)
    assert await office.waiting() == ["abe"]


async def test_other_jobs_are_carried_out_one_by_one(campus: Campus) -> None:
    """A job that is about nothing that it could share takes none along."""
    office = Office(campus, LOOK)
    await office.ask("ann", "abe")
    await office.carrier.carry_out(office.runs["ann"])
    assert (office.shop.asked, await office.waiting()) == (["a"], ["ann", "abe"])


async def test_one_that_fails_stays_and_is_tried_by_itself(campus: Campus) -> None:
    """It hinders no other one, is not taken along again, and is carried out when it is fetched."""
    office = Office(campus, ABOUT)
    office.shop.away.add("b")
    await office.ask("ann", "ben")
    await office.carrier.carry_out(office.runs["ann"])
    assert await office.waiting() == ["ann", "ben"]
    assert (await campus.types("ann"))[-1] == "withdrawn"
    await office.ask("cid")
    await office.carrier.carry_out(office.runs["cid"])
    assert office.shop.asked == ["a", "b", "c"]
    with pytest.raises(ProviderAway):
        await office.carrier.carry_out(office.runs["ben"])
    office.shop.away.clear()
    await office.carrier.carry_out(office.runs["ben"])
    assert (await campus.types("ben"))[-1] == "withdrawn"


async def test_what_was_said_is_not_said_again(campus: Campus) -> None:
    """Two jobs about one thing with the same command: it is carried out once; a third one with another is too."""

    def same(fact: Fact, _: str) -> WithdrawEnrollment:
        return WithdrawEnrollment("cid" if fact.id("learner_id") == "cal" else "ann", RUN, "told")

    office = Office(campus, ABOUT._replace(command=same, about=lambda _: "all", settled_by=()))
    await office.ask("ann", "ben", "cid", "cal")
    before = await campus.log.head()
    await office.carrier.carry_out(office.runs["ann"])
    said = [fact for fact in await campus.log.read(before, 100) if fact.type == "enrollment.withdrawn"]
    assert [fact.id("learner_id") for fact in said] == ["ann", "cid"]
    assert await query(campus.settings, "SELECT count(*) FROM idempotency WHERE key LIKE 'job:%%'") == [(2,)]
    assert await office.waiting() == ["ann"]


async def test_who_looks_changes_nothing_there(campus: Campus) -> None:
    """A job that is carried out with others has nothing but looks at the provider."""

    async def pay(_: Fact, outside: Outside) -> Any:
        return await outside.provider.create_checkout(cast(Any, None), outside.key)

    office = Office(campus, ABOUT._replace(effect=pay))
    await office.ask("ann")
    with pytest.raises(AttributeError, match="only look at the provider"):
        await office.carrier.carry_out(office.runs["ann"])
