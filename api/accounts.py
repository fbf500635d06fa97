"""
Accounts for admins and auditors: how each stands, and who it is, for those who have asked with a reason.

A person is an id here. A break-glass request, a fact with a reason and an end, opens what the account says of the
person to the reader who made it; each such look is a fact as well (decisions/0227).
"""

import dataclasses
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response
from pydantic import Field

from adapters.command_bus.record_look import look_at
from adapters.command_bus.record_look import record_look as record_look_at
from adapters.command_bus.replay import replayed
from adapters.postgres.log.looks import is_known
from adapters.postgres.queries import accounts
from adapters.postgres.queries.accounts import ListedAccount
from api.http import paging
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.looks import record_look
from api.http.openapi import command, open_query, query
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import NO_CONTROLS, LearnerId, Limit, Reason, Time
from api.http.who_stays import who_stays
from commands.admin import OpenNames
from commands.user import ReinstateAccount, RequestErasure, SuspendAccount
from domain.admin import BreakGlass, break_glass_stream
from domain.erasures import ErasureGround
from domain.user import AccountStatus, user_stream
from domain.user_errors import AccountNotFound, NoSuchAddress
from domain.words import closed
from projections.accounts import Accounts

router = strict_router("accounts", "/v1")


class AccountPage(msgspec.Struct, kw_only=True):
    """Accounts in the order of their ids."""

    items: list[ListedAccount]
    next: str | None


class AccountOfPerson(msgspec.Struct, kw_only=True):
    """
    An account, as an admin or an auditor sees it.

    Attributes:
        opened_until: until when a break-glass request of this reader opens what follows it, which is null otherwise.
    """

    learner_id: str
    status: Annotated[str, closed(status for status in AccountStatus if status is not AccountStatus.NONE)]
    registered_at: datetime
    verified_at: datetime | None
    erased_at: datetime | None
    opened_until: datetime | None
    email: str | None
    display_name: str | None
    language: str | None
    time_zone: str | None


EXAMPLE = AccountOfPerson(
    **msgspec.structs.asdict(accounts.LISTED),
    opened_until=datetime(2026, 2, 14, 18, 30, tzinfo=UTC),
    email="ada@example.org",
    display_name="Ada Lovelace",
    language="en",
    time_zone="Europe/London",
)


class GlassToBreak(Body):
    """Until when the names are to be open, a day at the most, and why."""

    model_config = example(until="2026-02-14T18:30:00Z", reason="dispute 4711")

    until: Time
    reason: Reason


class ErasureOfPerson(Body):
    """Why the person is erased, in words that name no one: they stay."""

    model_config = example(ground="asked")

    ground: Annotated[ErasureGround, Field(strict=False)]


class WhyOfAccount(Body):
    """Why the staff do it; the person may read it."""

    model_config = example(reason="asked for by the person, whose telephone was stolen")

    reason: Reason


class ProofOfPerson(Body):
    """How the person has proved who it is; it is sealed beside the facts."""

    model_config = example(reason="has shown the passport at the desk")

    reason: Reason


class AddressToFind(Body):
    """An address, and why its account is looked for."""

    model_config = example(email="ada@example.org", reason="has written to the help desk")

    email: Annotated[str, Field(min_length=3, max_length=254, pattern=NO_CONTROLS)]
    reason: Reason


class FoundAccount(msgspec.Struct, kw_only=True):
    """The account of an address."""

    learner_id: str


class EndedSessions(msgspec.Struct, kw_only=True):
    """How many sessions and tokens have ended."""

    ended: int


class RemovedFactors(msgspec.Struct, kw_only=True):
    """How many second factors were taken off."""

    removed: int


@router.get("/accounts", responses=query(AccountPage(items=[accounts.LISTED], next=paging.NEXT), 403))
async def list_accounts(
    *,
    request: Request,
    ask: QueryDep,
    status: Annotated[
        Literal["pending", "active", "suspended", "erased"] | None, Query(description="Only these.")
    ] = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """All accounts, without what they say of persons."""
    (after,) = paging.after("accounts", cursor, [str]) or [""]
    read = ask.services.reader
    page = await ask.read_at_least(Accounts.name, lambda: accounts.accounts(read, status, after, limit + 1))
    return paging.reply(request, ask, page, "accounts", limit)


@router.get("/learners/{learner_id}/account", responses=query(EXAMPLE, 403, 404))
async def learner_account(request: Request, learner_id: LearnerId, ask: QueryDep) -> Response:
    """One account; who the person is, for a reader with an open break-glass request."""
    services, now = ask.services, ask.now()
    row, position = await ask.read_at_least(Accounts.name, lambda: accounts.account(services.reader, learner_id))
    if row is None or row.registered_at is None:
        raise AccountNotFound(learner_id=learner_id)
    glass = await replayed(services.log, BreakGlass, break_glass_stream(learner_id, ask.user.subject))
    personal: dict[str, str | None] = dict.fromkeys(ask.check.redacts)
    if glass.is_open(now):
        await record_look(request, learner_id, request.scope["path"], None)
        key = await services.log.keys.reading(user_stream(learner_id))
        personal = {name: key.open(getattr(row, name)) for name in personal}
    found = AccountOfPerson(
        learner_id=learner_id,
        status=row.status,
        registered_at=row.registered_at,
        verified_at=row.verified_at,
        erased_at=row.erased_at,
        opened_until=glass.until if glass.is_open(now) else None,
        **personal,
    )
    return ask.reply(msgspec.json.encode(found), position)


@router.post(
    "/learners/{learner_id}/break-glass", status_code=202, response_model=Accepted, responses=command(403, 404)
)
async def break_glass(learner_id: LearnerId, body: GlassToBreak, dispatch: Dispatch) -> Response:
    """Open who a learner is to the user, until a time and for a reason, which the learner can read."""
    return await dispatch(OpenNames(learner_id, body.until, body.reason))


@router.post("/learners/{learner_id}/erase", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def erase_learner(
    learner_id: LearnerId, body: ErasureOfPerson, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """
    Have all erased that is kept about a person, with an account or without one, as those have who were imported.

    This cannot be taken back. Sessions, tokens and roles end; facts stay, and name no one. The last admin stays.
    """
    known = await services.log.link.run(lambda connection: is_known(connection, learner_id))
    stays = await who_stays(services, dispatch.user.subject, learner_id)
    return await dispatch(RequestErasure(learner_id, body.ground, stays, known))


@router.post(
    "/learners/{learner_id}/suspend", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def suspend_account(
    learner_id: LearnerId, body: WhyOfAccount, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Let a person in no more: all sessions and tokens end within a second, also open event streams."""
    stays = await who_stays(services, dispatch.user.subject, learner_id)
    answer = await dispatch(SuspendAccount(learner_id, body.reason, stays))
    await services.people.end_for(learner_id, "suspension", dispatch.context())
    return answer


@router.post(
    "/learners/{learner_id}/reinstate", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def reinstate_account(learner_id: LearnerId, body: WhyOfAccount, dispatch: Dispatch) -> Response:
    """Let a person in again, who signs in as before."""
    return await dispatch(ReinstateAccount(learner_id, body.reason))


@router.post(
    "/learners/{learner_id}/sessions/end",
    responses=open_query(EndedSessions(ended=2), 400, 401, 403, 404, 412, 413, 415),
)
async def end_sessions(
    learner_id: LearnerId, body: WhyOfAccount, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """End all sessions and tokens of a person, who may sign in again."""
    if not (await services.people.user(learner_id)).exists:
        raise AccountNotFound(learner_id=learner_id)
    context = dataclasses.replace(await dispatch.accounted(body.reason), reason=body.reason)
    ended = await services.people.end_for(learner_id, "staff", context)
    return Response(msgspec.json.encode(EndedSessions(ended=ended)), media_type=JSON)


@router.post(
    "/learners/{learner_id}/factors/remove",
    responses=open_query(RemovedFactors(removed=2), 400, 401, 403, 404, 412, 413, 415),
)
async def remove_lost_factors(
    learner_id: LearnerId, body: ProofOfPerson, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """
    Take all second factors off a person who has lost them, recovery codes as well, and has proved who it is.

    Sessions, tokens and the password end: the person signs in again by the mail for a forgotten password.
    """
    context = dataclasses.replace(await dispatch.accounted(body.reason), reason=body.reason)
    removed = await services.people.factors.remove_lost(learner_id, context)
    return Response(msgspec.json.encode(RemovedFactors(removed=removed)), media_type=JSON)


@router.post(
    "/accounts/find", responses=open_query(FoundAccount(learner_id="5e0c8f8b"), 400, 401, 403, 404, 412, 413, 415)
)
async def find_account(request: Request, body: AddressToFind, dispatch: Dispatch, services: ServicesDep) -> Response:
    """The account of an address that is known as a whole, found by its keyed digest; recorded as a look, with why."""
    learner_id = await services.people.addresses.find(body.email)
    if learner_id is None:
        raise NoSuchAddress
    look = look_at(request.scope["path"], None, body.reason)
    await record_look_at(services.log, services.bus, learner_id, look, await dispatch.accounted(body.reason))
    body_of_answer = msgspec.json.encode(FoundAccount(learner_id=learner_id))
    return Response(body_of_answer, headers={"cache-control": "no-store"}, media_type=JSON)
