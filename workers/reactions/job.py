"""What a job is, what its effect gets, which facts end it, and the context in which its commands are carried out."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from commands.log import Context
from commands.payment.provider import Provider
from domain.fact import Fact

TRIES = 8  # with growing pauses, about two minutes


class Outside(NamedTuple):
    """
    What an effect may use.

    Attributes:
        provider: the payment provider.
        key: of the job, the same in every try: the key under which the provider does something once.
        stream: the facts of a stream of the log, up to now.
        web_url: where browsers reach the API.
        ticket: what opens the payment page of an order: of a learner's id and the order's.
        forget: destroys what is kept about a person beside the log, by the learner's id.
        write_about: sends a person a mail about a fact of the account, by the key of the job.
        end_impersonations: ends all sessions in which a person acts as others who has lost a role by a fact.
        send_notification: sends a planned notification, by the key of the job; what is to be recorded of it.
        send_digest: the same of a digest that is closed.
        recipients: the next learners to whom a message of the staff goes, by the fact that planned it, after one.
    """

    provider: Provider
    key: str
    stream: Callable[[str], Awaitable[list[Fact]]]
    web_url: str
    ticket: Callable[[str, str], str]
    forget: Callable[[str], Awaitable[None]]
    write_about: Callable[[Fact, str], Awaitable[None]]
    end_impersonations: Callable[[Fact], Awaitable[None]]
    send_notification: Callable[[Fact, str], Awaitable[Any]]
    send_digest: Callable[[Fact, str], Awaitable[Any]]
    recipients: Callable[[Fact, str], Awaitable[Any]]


class Job(NamedTuple):
    """
    What is due later because of a fact, or touches the outside world.

    Attributes:
        name: never changes, since it is part of the job's key.
        due: when it is due, by the clock of the campus; None: there is no job for this fact.
        command: what records the outcome, an idempotent command, several in a list, or None; from the fact, and from
            what the effect has answered, if it has.
        settled_by: facts of the same stream, after this one, that end the job: its outcome, or what makes it needless.
        lasts: where there are none, for how long after the fact the job is owed: `--resync` has it done once more.
        effect: what is done outside, or looked up there, before the outcome is recorded; may be done twice when a
            worker dies in between.
        gave_up: the command that records that the job has failed for good, from the fact and the cause.
        tries: how often it is tried before it fails for good.
        awaited: a person waits for it, so it goes before all jobs that are due and not awaited.
        about: the thing that a job is about, where its effect only looks: those that wait are carried out together.
    """

    name: str
    due: Callable[[Fact], datetime | None]
    command: Callable[..., Any]
    settled_by: tuple[str, ...]
    lasts: timedelta | None = None
    effect: Callable[[Fact, Outside], Awaitable[Any]] | None = None
    gave_up: Callable[[Fact, str], Any] | None = None
    tries: int = TRIES
    awaited: bool = False
    about: Callable[[Fact], str] | None = None


def timer(name: str, due: Callable[[Fact], datetime], command: Callable[[Fact], Any], *settled_by: str) -> Job:
    """A job that records, at its time, that a time is over, for which a person waits."""
    return Job(name, due=due, command=command, settled_by=settled_by, awaited=True)


def key_of(fact: Fact, name: str) -> str:
    """The key of the job of this name that follows from a fact."""
    return f"{fact.meta.event_id}:{name}"


def context_of(
    fact: Fact, name: str, at: datetime, *, outcome: str = "", gave_up: bool = False, life: str = ""
) -> Context:
    """
    The context of a job's command; its id comes from the fact and the outcome, so that doing it twice changes nothing.

    Args:
        outcome: what tells one of several commands from the others; empty where there is one.
    """
    outcome = f"{name}:gave_up" if gave_up else outcome or name
    return Context(
        actor="dispatcher",
        at=at,
        source=f"dispatcher:{name}",
        on_behalf_of=fact.meta.on_behalf_of or fact.meta.actor,
        causation_id=fact.meta.event_id,
        correlation_id=fact.meta.correlation_id,
        idempotency_key=f"job:{uuid5(UUID(fact.meta.event_id), outcome)}",
        fingerprint=outcome,
        life=life,
    )
