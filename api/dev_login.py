"""
Development login: a signed token for any user, without a password.

The route exists only where a setting asks for it, which no process takes that other machines reach.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import Response

from adapters.jwt import claims_of, sign
from api.http.dispatch import Body, example
from api.http.openapi import open_query
from api.http.query import JSON
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import Id
from domain.words import closed

router = strict_router("dev_login", "/v1/dev")
LIFETIME = timedelta(hours=12)
Role = Annotated[str, closed(("admin", "instructor", "auditor", "learner"))]


class LoggedIn(msgspec.Struct, kw_only=True):
    """A development token; it ends at `expires_at`."""

    token: str
    user: str
    roles: list[Role]
    expires_at: datetime


EXAMPLE = LoggedIn(
    token="eyJhbGciOiJIUzI1NiJ9...",  # noqa: S106 - the head of any token
    user="28400",
    roles=["learner"],
    expires_at=datetime(2026, 2, 1, 12, tzinfo=UTC),
)


class Login(Body):
    """Who to be: `admin`, `instructor`, `auditor`, or the id of a learner."""

    model_config = example(user="admin")

    user: Id


@router.post("/login", responses=open_query(EXAMPLE, 400, 413, 415))
async def login(body: Login, services: ServicesDep) -> Response:
    """Get a token without a password, to try things out; not there unless `CAMPUS_DEV_LOGIN` is set."""
    now = datetime.now(UTC)
    claims = claims_of(body.user)
    token = sign(claims, services.settings.token_secret, now=now, lifetime=LIFETIME)
    answer = LoggedIn(
        token=token,
        user=claims.subject,
        roles=list(claims.roles),
        expires_at=(now + LIFETIME).replace(microsecond=0),
    )
    return Response(msgspec.json.encode(answer), media_type=JSON)
