"""Invitations to runs as they stand at a moment, folded from their facts: those of a learner, and those to a run."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from adapters.postgres.log.decoding import readable
from adapters.postgres.log.postgres_log import PostgresLog
from domain.codec import decode_event
from domain.enrollment import INVITATION_STATUSES, Admission
from domain.fact import Fact
from domain.tags import Query, QueryItem, tag
from domain.words import closed

TYPES = (Admission.Invited.TOPIC, Admission.Accepted.TOPIC, Admission.Declined.TOPIC, Admission.Revoked.TOPIC)


class RunInvitation(msgspec.Struct, kw_only=True):
    """An invitation of a learner to a run, and until when it stands, or stood."""

    learner_id: str
    run_id: str
    status: Annotated[str, closed(INVITATION_STATUSES)]
    invited_at: datetime
    until: datetime


EXAMPLE = RunInvitation(
    learner_id="28400",
    run_id="algebra-2026",
    status="invited",
    invited_at=datetime(2026, 1, 12, 9, tzinfo=UTC),
    until=datetime(2026, 1, 26, 9, tzinfo=UTC),
)


async def invitations_of_learner(log: PostgresLog, learner_id: str, now: datetime) -> tuple[list[RunInvitation], int]:
    """The invitations of a learner, the oldest first, and the position for which that is true."""
    return await _found(log, (QueryItem(TYPES, (tag("learner", learner_id),)),), now)


async def invitations_to_run(log: PostgresLog, run_id: str, now: datetime) -> tuple[list[RunInvitation], int]:
    """The invitations to a run, the oldest first, and the position for which that is true."""
    return await _found(log, (QueryItem(TYPES, (tag("run", run_id),)),), now)


async def _found(log: PostgresLog, query: Query, now: datetime) -> tuple[list[RunInvitation], int]:
    facts, head = await log.matching(query)
    return folded(readable(facts), now), head


def folded(facts: Iterable[Fact], now: datetime) -> list[RunInvitation]:
    """How each invitation stands at *now*."""
    admissions: dict[str, Admission] = {}
    invited: dict[str, datetime] = {}
    for fact in facts:
        admission = admissions.setdefault(fact.stream_id, Admission.blank(fact.stream_id))
        _apply(fact, admission)
        if fact.type == Admission.Invited.TOPIC:
            invited[fact.stream_id] = fact.occurred_at
    return [
        RunInvitation(
            learner_id=each.id_of("learner_id"),
            run_id=each.id_of("run_id"),
            status=each.status(now),
            invited_at=invited[stream],
            until=each.until,
        )
        for stream, each in admissions.items()
        if each.until is not None
    ]


def _apply(fact: Fact, admission: Admission) -> None:
    decode_event(
        fact.type,
        fact.schema_version,
        msgspec.json.encode(fact.data),
        stream=fact.stream_id,
        version=fact.stream_version,
        occurred_at=fact.occurred_at,
    ).mutate(admission)
