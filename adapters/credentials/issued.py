"""Credentials as the log has them: found by their own id, or all of a learner."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from adapters.postgres.log.decoding import readable
from adapters.postgres.log.postgres_log import PostgresLog
from domain.fact import Fact
from domain.progress import UnknownCredential, credential_stream
from domain.tags import QueryItem, tag

ISSUED, REVOKED = "progress.credential_issued", "progress.credential_revoked"


class CredentialFacts(msgspec.Struct, frozen=True):
    """What a fact of issue says of a credential; fields that later versions add are not needed here."""

    credential_id: str
    outcome: str
    grade_bp: int | None
    course_id: str
    course_version: int
    course_title: str
    letter: str | None = None


class Issued(NamedTuple):
    """A credential: whose it is, what it says, when it was issued, and when it was revoked, if it was."""

    learner_id: str
    run_id: str
    says: CredentialFacts
    issued_at: datetime
    revoked_at: datetime | None


async def find(log: PostgresLog, credential_id: str) -> Issued:
    """
    The credential of this id.

    Raises:
        UnknownCredential: none was issued under it.
    """
    pointers = await log.stream(credential_stream(credential_id))
    for pointer in pointers[:1]:
        for issued in await of_learner(log, pointer.data["learner_id"]):
            if issued.says.credential_id == credential_id:
                return issued
    raise UnknownCredential(credential_id=credential_id)


async def of_learner(log: PostgresLog, learner_id: str) -> list[Issued]:
    """All credentials of a learner, the first one first; none of a run of which a fact cannot be read."""
    facts, _ = await log.matching((QueryItem((ISSUED, REVOKED), (tag("learner", learner_id),)),))
    return _fold(readable(facts))


def _fold(facts: Iterable[Fact]) -> list[Issued]:
    found: dict[str, Issued] = {}
    for fact in facts:
        if fact.type == ISSUED:
            says = msgspec.convert(fact.data, CredentialFacts)
            ids = fact.id("learner_id"), fact.id("run_id")
            found[says.credential_id] = Issued(*ids, says, fact.occurred_at, None)
        elif fact.type == REVOKED:
            credential_id = fact.data["credential_id"]
            found[credential_id] = found[credential_id]._replace(revoked_at=fact.occurred_at)
    return list(found.values())
