"""
What is disputed: outcomes that learners have appealed against, in all runs, and the log itself, where it is not what
was signed.

An appeal is answered by `POST /v1/learners/LEARNER/runs/RUN/appeals/NO/answer`; a signed tree is given up by a fact
(decisions/0183), here as by `campus proofs resolve`.
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import Query, Response
from pydantic import Field

from adapters.appeals import EXAMPLE, AppealList, appeals_of
from adapters.postgres.log.category_facts import facts_of_category
from adapters.postgres.queries.lag import workers
from adapters.proofs.tree import read_tree
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from commands.admin import ResolveDispute
from domain.admin import NothingDisputed, SignedTrees
from domain.progress.appeal import Appeals

router = strict_router("disputes", "/v1")

REFUSED = "Refused: "
ORIGIN = "campuslog.invalid/demo/9f2c54d1a0b3e877"


class ResolvedDispute(msgspec.Struct, kw_only=True):
    """A tree that was given up, by whom, and why."""

    position: int
    origin: str
    reason: str
    by: str
    at: datetime


class SignedLogDispute(msgspec.Struct, kw_only=True):
    """
    Whether the log is what was signed, as far as the notary knows.

    Attributes:
        origin: of the tree that is signed; null if nothing was signed yet.
        refused: why the notary refuses to sign; null if it signs, or does not run.
        resolved: what was given up before, the latest first.
    """

    origin: str | None
    refused: str | None
    resolved: list[ResolvedDispute]


class ResolutionWanted(Body):
    """The tree that is given up, by its origin, and what a person has found out about it."""

    model_config = example(origin=ORIGIN, reason="PostgreSQL was put back to the backup of 3 July")

    origin: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]+$")]
    reason: ClearReason


DISPUTE = SignedLogDispute(
    origin=ORIGIN,
    refused="the log was rewritten: a checkpoint was signed for 1,713 facts, and they are others",
    resolved=[
        ResolvedDispute(
            position=1500,
            origin=ORIGIN,
            reason="PostgreSQL was put back to the backup of 3 July",
            by="operator",
            at=datetime(2026, 2, 14, 18, tzinfo=UTC),
        )
    ],
)


@router.get("/appeals", responses=query(EXAMPLE, 403))
async def list_appeals(
    ask: QueryDep,
    *,
    all_of_them: Annotated[bool, Query(alias="all", description="Also those that are closed.")] = False,
) -> Response:
    """The appeals of all runs that are open, the oldest first."""
    log = ask.services.log
    head, facts = await log.link.run(lambda connection: facts_of_category(connection, Appeals))
    ask.must_reach(head)
    found: AppealList = await appeals_of(log, facts, only_open=not all_of_them)
    return ask.reply(msgspec.json.encode(found), head)


@router.get("/proofs/dispute", responses=query(DISPUTE, 403))
async def signed_log_dispute(ask: QueryDep) -> Response:
    """Whether the notary refuses to sign, why, and what was decided about that before."""
    origin, refused = await _dispute(ask.services)
    head, facts = await ask.services.log.link.run(lambda connection: facts_of_category(connection, SignedTrees))
    ask.must_reach(head)
    resolved = [
        ResolvedDispute(
            position=fact.position,
            origin=fact.data["origin"],
            reason=fact.data["reason"],
            by=fact.meta.actor,
            at=fact.occurred_at,
        )
        for fact in reversed(facts)
    ]
    return ask.reply(msgspec.json.encode(SignedLogDispute(origin=origin, refused=refused, resolved=resolved)), head)


@router.post("/proofs/dispute/resolve", status_code=202, response_model=Accepted, responses=command(403, 409))
async def resolve_signed_log_dispute(body: ResolutionWanted, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Give up the tree that the notary refuses to sign; it begins another one over the log as it is, within seconds."""
    origin, refused = await _dispute(services)
    if refused is None or origin != body.origin:
        raise NothingDisputed(origin=body.origin)
    return await dispatch(ResolveDispute(origin, body.reason))


async def _dispute(services: Services) -> tuple[str | None, str | None]:
    """The origin of the stored tree, and why the notary refuses to go on with it."""
    stored = await read_tree(services.reader)
    troubles = [each.trouble for each in await workers(services.reader) if each.name == "notary"]
    said = next((each for each in troubles if each.startswith(REFUSED)), None)
    return None if stored is None else stored.origin, None if said is None else said.removeprefix(REFUSED)
