"""One's own account: what is kept about the person, opened with the person's key."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import Response
from pydantic import Field

from adapters.postgres.queries import accounts
from adapters.postgres.queries.accounts import FoundAccount
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import NO_CONTROLS
from commands.user import ChangeProfile
from domain.user import AccountNotFound, AccountStatus, user_stream
from domain.words import closed
from projections.accounts import Accounts

router = strict_router("account", "/v1")

DisplayName = Annotated[str, Field(min_length=1, max_length=100, pattern=NO_CONTROLS)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$", max_length=35)]
TimeZone = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_CONTROLS)]


class Account(msgspec.Struct, kw_only=True):
    """
    An account; what is personal is null once it is erased.

    Attributes:
        display_name: as the person writes it; null as long as none was given.
        language: BCP 47.
        time_zone: a name of the IANA database.
    """

    learner_id: str
    status: Annotated[str, closed(status for status in AccountStatus if status is not AccountStatus.NONE)]
    email: str | None
    display_name: str | None
    language: str | None
    time_zone: str | None
    registered_at: datetime
    verified_at: datetime | None


EXAMPLE = Account(
    learner_id="5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a",
    status="active",
    email="ada@example.org",
    display_name="Ada Lovelace",
    language="en",
    time_zone="Europe/London",
    registered_at=datetime(2026, 2, 1, 9, tzinfo=UTC),
    verified_at=datetime(2026, 2, 1, 9, 5, tzinfo=UTC),
)


class ProfileChanges(Body):
    """What is to become another; a field that is left out stays."""

    model_config = example(display_name="Ada Lovelace")

    display_name: DisplayName | None = None
    language: Language | None = None
    time_zone: TimeZone | None = None


@router.get("/me/account", responses=query(EXAMPLE, 404))
async def my_account(ask: QueryDep) -> Response:
    """What is kept about the user."""
    learner_id, services = ask.user.subject, ask.services

    async def read() -> FoundAccount:
        return await accounts.account(services.reader, learner_id)

    row, position = await ask.read_at_least(Accounts.name, read)
    if row is None or row.registered_at is None:
        raise AccountNotFound(learner_id=learner_id)
    key = await services.log.keys.reading(user_stream(learner_id))
    found = Account(
        learner_id=learner_id,
        status=row.status,
        email=key.open(row.email),
        display_name=key.open(row.display_name),
        language=key.open(row.language),
        time_zone=key.open(row.time_zone),
        registered_at=row.registered_at,
        verified_at=row.verified_at,
    )
    return ask.reply(msgspec.json.encode(found), position)


@router.post("/me/account/profile", status_code=202, response_model=Accepted, responses=command(404, 409))
async def change_profile(body: ProfileChanges, dispatch: Dispatch) -> Response:
    """Change the user's own profile; it is not about a learner for whom the user acts."""
    changes = {name: value for name, value in body.model_dump().items() if value is not None}
    return await dispatch(ChangeProfile(dispatch.user.subject, changes))
