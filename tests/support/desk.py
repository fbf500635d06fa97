"""
A till with a provider: paysim in memory, behind Stripe's SDK; its messages are understood as the dispatcher does.

Nothing waits, so an effect is carried out by one step of its coroutine.
"""

from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import stripe

from adapters.payments.paysim.clock import Clock
from adapters.payments.stripe_provider import StripeProvider
from adapters.payments.stripe_webhook import parse
from adapters.settings import Settings
from commands.payment.books import RecordProviderEvent
from commands.payment.provider import ProviderRefused
from domain.errors import DomainError
from domain.fact import Fact
from domain.payment.order import order_stream
from domain.payment.payment import payment_stream
from domain.payment.provider_event import provider_stream
from tests.support.paysim import KEY, InProcess, Paysim
from tests.support.till import Till, done
from tests.support.usecases import AT
from workers.reactions import JOBS
from workers.reactions.job import Job, Outside, key_of
from workers.reactions.provider_events import MEANINGS, record, understand

CAMPUS = "here"
SECOND = 1_000_000  # events of paysim are read page by page; none of these histories has so many


class AtOnce(InProcess):
    """The SDK's transport for its asynchronous methods, which do not wait either."""

    async def request_async(
        self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any
    ) -> tuple[bytes, int, dict[str, str]]:
        """Carry out one request."""
        body, status, answered = self.request(method, url, headers, post_data, **more)
        return body.encode(), status, answered


class Still(Clock):
    """A clock that only a test moves."""

    def wall(self) -> float:
        """The time at which the tests begin."""
        return AT.timestamp()


async def _forget(learner_id: str) -> None:
    """Nothing is kept about persons here."""


async def _end(fact: Fact) -> None:
    """No one acts as another here."""


async def _write(fact: Fact, key: str) -> None:
    """No mail leaves here."""


class Desk:
    """
    A till, and the provider that takes the money.

    Attributes:
        done: keys of the jobs that were carried out.
    """

    def __init__(self, paysim: Paysim | None = None) -> None:
        self.paysim = paysim or Paysim()
        if paysim is None:
            self.paysim.sim.clock = Still()
        self.till = Till()
        self.done: set[str] = set()
        nowhere: dict[str, Any] = {"postgres_url": "postgresql://", "nats_url": "nats://", "valkey_url": "redis://"}
        self.provider = StripeProvider(Settings(**nowhere, token_secret="x" * 16, name=CAMPUS, stripe_key=KEY))
        transport = AtOnce()
        transport.sim = self.paysim.sim
        self.provider._client = stripe.StripeClient(KEY, http_client=transport, max_network_retries=0)

    def copy(self) -> "Desk":
        """A desk with the same past that hears of the same provider, and asks it for nothing."""
        desk = Desk.__new__(Desk)
        desk.paysim, desk.provider, desk.till, desk.done = self.paysim, self.provider, self.till.copy(), {*self.done}
        return desk

    def now(self) -> datetime:
        """The time at the provider, which is also ours."""
        self.till.at = datetime.fromtimestamp(self.paysim.sim.clock.now(), UTC)
        return self.till.at

    def do(self, *commands: Any) -> None:
        """Carry out commands that are not refused."""
        self.now()
        for command in commands:
            error = self.till.do(command)
            if error is not None:
                raise error

    def outside(self, key: str) -> Outside:
        """What an effect may use."""
        return Outside(
            self.provider,
            key,
            self.till.log.stream,
            "http://campus.test",
            lambda *_: "ticket",
            _forget,
            _write,
            _end,
            _write,
            _write,
            _write,
        )

    def work(self) -> None:
        """Carry out what the provider is asked for, until nothing is left of it."""
        while owed := [each for each in self._owed() if key_of(each[1], each[0].name) not in self.done]:
            for job, fact in owed:
                self._carry_out(job, fact)
        self.till.settle()

    def _owed(self) -> list[tuple[Job, Fact]]:
        facts = done(self.till.log.read(0, SECOND))
        return [
            (job, fact)
            for fact in facts
            for job in JOBS.get(fact.type, ())
            if job.effect is not None and job.name not in ("understand_message", "expire_order")
        ]

    def _carry_out(self, job: Job, fact: Fact) -> None:
        assert job.effect is not None
        key = key_of(fact, job.name)
        self.done.add(key)
        later = [each for each in self.till.log.of(fact.stream_id) if each.position > fact.position]
        if any(each.type in job.settled_by for each in later):
            return
        try:
            answer = done(cast("Coroutine[Any, Any, Any]", job.effect(fact, self.outside(key))))
        except ProviderRefused as error:
            command = None if job.gave_up is None else job.gave_up(fact, str(error))
        else:
            command = job.command(fact) if answer is None else job.command(fact, answer)
        for each in command if isinstance(command, list) else [command]:
            if each is not None:
                self.till.do(each)

    def expire(self, order_id: str, learner_id: str = "ann") -> None:
        """The timer of an order goes off."""
        self.now()
        (job,) = JOBS["order.placed"]
        placed = next(each for each in self.till.log.of(order_stream(learner_id, order_id)))
        self._carry_out(job, placed)
        self.till.settle()

    def pay(self, order_id: str, learner_id: str = "ann", **how: Any) -> Any:
        """Have the page of an order made, and pay on it; what the provider answers."""
        self.now()
        self.work()
        payments = [each for each in self.till.facts("payment.intent_created") if each.data["url"]]
        page = [each for each in payments if each.stream_id.startswith(payment_stream(learner_id, f"{order_id}."))][-1]
        return self.paysim.control("sessions/pay", {"session": page.data["provider_id"], **how})

    def events(self) -> list[Any]:
        """All messages of the provider that can mean anything, the oldest first."""
        return [each for each in self.paysim.sim.store.find("event") if each["data"]["object"]["object"] in MEANINGS]

    def hear(self, event: Any) -> bool:
        """A message comes; whether it is done, or has to wait for what another one says."""
        self.now()
        event_id, message = parse(msgspec.json.encode(event), CAMPUS)
        self.do(RecordProviderEvent(event_id, message))
        (fact, *_) = self.till.log.of(provider_stream(event_id))
        try:
            meaning = done(understand(fact, self.outside(key_of(fact, "understand_message"))))
        except LookupError:
            return False
        refusals = [self.till.do(command) for command in record(fact, meaning)[: len(meaning.commands)]]
        if any(isinstance(each, DomainError) for each in refusals):
            return False
        self.do(*record(fact, meaning)[len(meaning.commands) :])
        return True

    def hear_all(self, events: Sequence[Any] | None = None, *, react: bool = True) -> None:
        """All messages come, and those that have to wait come again."""
        waiting = list(self.events() if events is None else events)
        while waiting:
            again = []
            for event in waiting:
                if not self.hear(event):
                    again.append(event)
                if react:
                    self.till.settle()
            assert len(again) < len(waiting), [each["type"] for each in again]
            waiting = again
        self.till.settle()
