"""Roles of persons: who has which, and where; granting and revoking them, each with a reason."""

from typing import Annotated

import msgspec
from fastapi import Query, Request, Response
from pydantic import Field

from adapters.postgres.queries import roles
from adapters.postgres.queries.roles import GrantedRole
from api.http import paging
from api.http.dispatch import Accepted, Body, CommandDispatcher, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import Id, Limit, Reason, Time
from api.http.who_stays import who_stays
from commands.roles import GrantRole, RevokeRole
from domain.roles import ADMIN_OF_CAMPUS, Grant, Role
from projections.roles import Roles

router = strict_router("roles", "/v1")

SCOPE = r"^(campus|(course|run):(\.*[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}|\.{3,64}))$"
ScopeText = Annotated[str, Field(pattern=SCOPE, max_length=72, description="`campus`, `course:ID` or `run:ID`.")]


class GrantPage(msgspec.Struct, kw_only=True):
    """Roles that hold now, by person."""

    items: list[GrantedRole]
    next: str | None


class RoleToGrant(Body):
    """Which role a person gets, where, until when, and why."""

    model_config = example(
        learner_id="5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a",
        role="instructor",
        scope="run:algebra-2026",
        until="2026-07-01T00:00:00Z",
        reason="teaches algebra this term",
    )

    learner_id: Id
    role: Annotated[Role, Field(strict=False)]
    scope: ScopeText = "campus"
    until: Time | None = None
    reason: Reason


class RoleToRevoke(Body):
    """Which role a person loses, and why."""

    model_config = example(
        learner_id="5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a",
        role="instructor",
        scope="run:algebra-2026",
        reason="the term is over",
    )

    learner_id: Id
    role: Annotated[Role, Field(strict=False)]
    scope: ScopeText = "campus"
    reason: Reason


@router.get("/roles", responses=query(GrantPage(items=[roles.EXAMPLE], next=paging.NEXT), 403))
async def list_roles(
    *,
    request: Request,
    ask: QueryDep,
    person: Annotated[Id | None, Query(description="Only of this person.")] = None,
    role: Annotated[Role | None, Query(description="Only this one.")] = None,
    scope: Annotated[
        str | None, Query(pattern=SCOPE, max_length=72, description="Only where it holds so.", examples=["campus"])
    ] = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Who has which role, and where."""
    after = paging.after("roles", cursor, [str, str, str]) or ["", "", ""]
    asked = roles.Asked(person, role, scope)
    page = await ask.read_at_least(
        Roles.name, lambda: roles.granted(ask.services.reader, asked, after, limit + 1, now=ask.now())
    )
    return paging.reply(request, ask, await roles.with_reasons(ask.services.log.keys, page), "roles", limit)


@router.get("/me/roles", responses=query(GrantPage(items=[roles.EXAMPLE], next=paging.NEXT)))
async def list_my_roles(
    *, request: Request, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """The roles of the user, beside that of a learner."""
    after = paging.after("my-roles", cursor, [str, str, str]) or ["", "", ""]
    asked = roles.Asked(ask.user.subject)
    page = await ask.read_at_least(
        Roles.name, lambda: roles.granted(ask.services.reader, asked, after, limit + 1, now=ask.now())
    )
    return paging.reply(request, ask, await roles.with_reasons(ask.services.log.keys, page), "my-roles", limit)


@router.post("/roles/grant", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def grant_role(body: RoleToGrant, handle: Dispatch, services: ServicesDep) -> Response:
    """Grant a role to a person; what the person has already gets this end."""
    grant = Grant(body.role.value, body.scope)
    stays = await _stays(services, handle, body.learner_id, grant)
    return await handle(GrantRole(body.learner_id, grant, body.until, body.reason, stays))


@router.post("/roles/revoke", status_code=202, response_model=Accepted, responses=command(403, 409))
async def revoke_role(body: RoleToRevoke, handle: Dispatch, services: ServicesDep) -> Response:
    """Take a role from a person; it holds nowhere after a second, and open event streams that rest on it end."""
    grant = Grant(body.role.value, body.scope)
    stays = await _stays(services, handle, body.learner_id, grant)
    return await handle(RevokeRole(body.learner_id, grant, body.reason, stays))


async def _stays(services: Services, handle: CommandDispatcher, learner_id: str, grant: Grant) -> str | None:
    return await who_stays(services, handle.user.subject, learner_id) if grant == ADMIN_OF_CAMPUS else None
