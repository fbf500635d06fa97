"""A tree of facts as an answer, over HTTP and by `campus log trace --json`, and an example."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.failed_reactions import FailedReaction, of_facts
from adapters.postgres.ops.refused_commands import Refused
from adapters.postgres.trace import rows
from adapters.postgres.trace.imported import ROW, SourceRow, source_row
from adapters.postgres.trace.tree import Tree
from domain.fact import Fact
from domain.words import FactType


class BeginningOfTrace(msgspec.Struct, kw_only=True):
    """
    What began it: a request, an import, or a fact whose cause is not known.

    `request_id` is also the id under which the log lines of the API stand; `idempotency_keys` are those of the request
    that are still kept (7 days); `imported_from` is the row of an imported fact. `lost_cause` is the cause that a fact
    names and that the log does not have.
    """

    request_id: str | None
    actor: str
    on_behalf_of: str | None
    source: str
    idempotency_keys: list[str]
    lost_cause: str | None
    imported_from: SourceRow | None
    positions: list[int]


class JobOfTrace(msgspec.Struct, kw_only=True):
    """
    A job that was derived from a fact.

    `status` is `todo`, `doing` or `failed`, `settled` if a fact has ended it, or `done` if it is over without one.
    """

    name: str
    status: str
    due_at: datetime
    settled_at: datetime | None
    failures: int
    error: str | None


class ReactionOfTrace(msgspec.Struct, kw_only=True):
    """
    What should have followed from a fact, and was refused or has failed; `code` and `sentence` are of the error.

    `state` is `waiting` to be tried again, `done` if it was carried out later, or `dismissed` by `settled_by`, who gave
    the `reason`.
    """

    reaction: str
    state: str
    code: str
    sentence: str
    attempts: int
    first_tried_at: datetime
    last_tried_at: datetime
    settled_by: str | None
    reason: str | None


class FactOfTrace(msgspec.Struct, kw_only=True):
    """
    A fact of the tree: `cause` is the position of the fact that caused it, null if the request did.

    `depth` is the number of facts between it and the request.
    """

    position: int
    type: FactType
    stream_id: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    on_behalf_of: str | None
    source: str
    event_id: str
    correlation_id: str | None
    cause: int | None
    depth: int
    jobs: list[JobOfTrace]
    refused_reactions: list[ReactionOfTrace]


class CommandRefused(msgspec.Struct, kw_only=True):
    """A command that a rule has refused; `code` and `sentence` are of the error. Kept for 90 days."""

    at: datetime
    command: str
    actor: str
    source: str
    request_id: str | None
    code: str
    sentence: str


class Trace(msgspec.Struct, kw_only=True):
    """
    What led to a fact and what followed, in the order of the log.

    `facts` counts them; `truncated` says that there are more than are read for one trace (10,000). `refused` has the
    first 100 commands of the requests that rules have refused.
    """

    began_with: list[BeginningOfTrace]
    facts: int
    truncated: bool
    items: list[FactOfTrace]
    refused: list[CommandRefused]
    next: str | None


AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
REFUSED = CommandRefused(
    at=AT,
    command="RequestEnrollment",
    actor="28400",
    source="api",
    request_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    code="already_enrolled",
    sentence="learner 28400 is enrolled in algebra-2026",
)
EXAMPLE = Trace(
    began_with=[
        BeginningOfTrace(
            request_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
            actor="28400",
            on_behalf_of="28400",
            source="api",
            idempotency_keys=["enroll-28400"],
            lost_cause="0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0e",
            imported_from=ROW,
            positions=[1712],
        )
    ],
    facts=2,
    truncated=False,
    items=[
        FactOfTrace(
            position=1713,
            type="enrollment.activated",
            stream_id="enrollment-28400:algebra-2026",
            occurred_at=AT,
            recorded_at=AT,
            actor="reactor",
            on_behalf_of="28400",
            source="reactor:admit",
            event_id="0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e10",
            correlation_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
            cause=1712,
            depth=1,
            jobs=[
                JobOfTrace(
                    name="expire_order", status="settled", due_at=AT, settled_at=AT, failures=0, error="it has failed"
                )
            ],
            refused_reactions=[
                ReactionOfTrace(
                    reaction="complete_unit",
                    state="dismissed",
                    code="not_enrolled",
                    sentence="learner 28400 is not enrolled in algebra-2026",
                    attempts=1,
                    first_tried_at=AT,
                    last_tried_at=AT,
                    settled_by="ada@campus-1",
                    reason="the place was given up",
                )
            ],
        )
    ],
    refused=[REFUSED],
    next="WyJ0cmFjZSIsMTcxM10",
)


async def answer_of(log: PostgresLog, tree: Tree, page: Sequence[Fact], following: str | None) -> Trace:
    """The answer with one page of the facts of a tree."""
    return Trace(
        began_with=await beginnings(log, tree),
        facts=len(tree.facts),
        truncated=tree.truncated,
        items=await traced(log, tree, page),
        refused=[command_refused(each) for each in tree.refused],
        next=following,
    )


def command_refused(each: Refused) -> CommandRefused:
    """A refused command as an answer has it."""
    same = {name: getattr(each, name) for name in ("command", "actor", "source", "code", "sentence")}
    return CommandRefused(at=each.refused_at, request_id=each.correlation_id, **same)


async def beginnings(log: PostgresLog, tree: Tree) -> list[BeginningOfTrace]:
    """What began the tree: each request once, and each fact of which no request is known by itself."""
    grouped: dict[tuple[str | None, str, str, str | None, str | None], list[Fact]] = {}
    for fact in tree.roots:
        meta = fact.meta
        lost_cause = meta.causation_id if fact.position in tree.lost else None
        grouped.setdefault((meta.correlation_id, meta.actor, meta.source, lost_cause, meta.row), []).append(fact)
    keys = await _keys(log, [fact for fact in tree.roots if fact.meta.source == "api"])
    return [
        BeginningOfTrace(
            request_id=request_id,
            actor=actor,
            on_behalf_of=next((fact.meta.on_behalf_of for fact in facts if fact.meta.on_behalf_of), None),
            source=source,
            idempotency_keys=[key for fact in facts for key in keys.get(fact.position, ())],
            lost_cause=lost_cause,
            imported_from=await source_row(log, facts[0]),
            positions=[fact.position for fact in facts],
        )
        for (request_id, actor, source, lost_cause, _), facts in grouped.items()
    ]


async def _keys(log: PostgresLog, facts: Sequence[Fact]) -> dict[int, list[str]]:
    """The idempotency keys with which these facts were asked for, by position."""
    actors, positions = list({fact.meta.actor for fact in facts}), [fact.position for fact in facts]
    found: dict[int, list[str]] = {}
    for position, key in await log.link.run(lambda connection: rows.keys_of(connection, actors, positions)):
        found.setdefault(position, []).append(key)
    return found


async def traced(log: PostgresLog, tree: Tree, page: Sequence[Fact]) -> list[FactOfTrace]:
    """A page of the facts of a tree, with the jobs that were derived from them, and reactions that were refused."""
    jobs: dict[int, list[JobOfTrace]] = {}
    for job in await log.link.run(lambda connection: rows.jobs_of(connection, page)):
        jobs.setdefault(job.position, []).append(_job(job))
    reactions: dict[int, list[ReactionOfTrace]] = {}
    event_ids = {fact.position: fact.meta.event_id for fact in page}
    for each in await log.link.run(lambda connection: of_facts(connection, event_ids)):
        reactions.setdefault(each.position, []).append(_reaction(each))
    depths = tree.depths()
    return [
        FactOfTrace(
            position=fact.position,
            type=fact.type,
            stream_id=fact.stream_id,
            occurred_at=fact.occurred_at,
            recorded_at=fact.recorded_at,
            actor=fact.meta.actor,
            on_behalf_of=fact.meta.on_behalf_of,
            source=fact.meta.source,
            event_id=fact.meta.event_id,
            correlation_id=fact.meta.correlation_id,
            cause=tree.causes.get(fact.position),
            depth=depths[fact.position],
            jobs=jobs.get(fact.position, []),
            refused_reactions=reactions.get(fact.position, []),
        )
        for fact in page
    ]


def _reaction(each: FailedReaction) -> ReactionOfTrace:
    return ReactionOfTrace(**{name: getattr(each, name) for name in ReactionOfTrace.__struct_fields__})


def _job(job: rows.DerivedJob) -> JobOfTrace:
    return JobOfTrace(
        name=job.name,
        status="settled" if job.settled_at is not None else job.status or "done",
        due_at=job.due_at,
        settled_at=job.settled_at,
        failures=job.failures,
        error=job.cause,
    )
