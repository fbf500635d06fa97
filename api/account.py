"""One's own account: what is kept about the person, opened with the person's key."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import Request, Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from adapters.postgres.queries import accounts
from adapters.postgres.queries.accounts import FoundAccount
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.door.addresses import client_by_headers
from api.http.looks import Reason, record_look
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import NO_CONTROLS, LearnerId, Word
from commands.user import ChangeProfile, GiveConsent, WithdrawConsent
from domain.consents import CONTACT, PURPOSES
from domain.profiles import LONGEST_ADDRESS, LONGEST_NAME
from domain.user import AccountStatus, User, user_stream
from domain.user_errors import AccountNotFound
from domain.words import closed
from projections.accounts import Accounts

router = strict_router("account", "/v1")

DisplayName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=NO_CONTROLS)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$", max_length=35)]
NotificationAddress = Annotated[
    str, Field(max_length=LONGEST_ADDRESS, pattern=NO_CONTROLS, description="Empty: the address of the account.")
]
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
    notification_address: str | None
    registered_at: datetime
    verified_at: datetime | None


class AskedConsent(msgspec.Struct, kw_only=True):
    """
    A purpose for which the campus asks for consent.

    Attributes:
        version: of the text, which changes with it.
        text: what the person consents to.
        given_version: what the person has consented to; null: to nothing.
        is_given: whether that is to the text of now.
    """

    purpose: str
    version: int
    text: str
    given_version: int | None
    is_given: bool


class ConsentList(msgspec.Struct, kw_only=True):
    """All that the campus asks consent for, and what the user has consented to."""

    consents: list[AskedConsent]


class Contact(msgspec.Struct, kw_only=True):
    """How a person wants to be called, and where messages reach that person."""

    learner_id: str
    display_name: str | None
    address: str | None
    language: str | None
    time_zone: str | None


EXAMPLE = Account(
    learner_id="5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a",
    status="active",
    email="ada@example.org",
    display_name="Ada Lovelace",
    language="en",
    time_zone="Europe/London",
    notification_address="post@example.org",
    registered_at=datetime(2026, 2, 1, 9, tzinfo=UTC),
    verified_at=datetime(2026, 2, 1, 9, 5, tzinfo=UTC),
)

CONSENTS = ConsentList(
    consents=[
        AskedConsent(purpose=CONTACT, version=1, text=PURPOSES[CONTACT].text, given_version=1, is_given=True),
    ]
)
REACHED = Contact(
    learner_id=EXAMPLE.learner_id,
    display_name="Ada Lovelace",
    address="ada@example.org",
    language="en",
    time_zone="Europe/London",
)


class ProfileChanges(Body):
    """What is to become another; a field that is left out stays."""

    model_config = example(display_name="Ada Lovelace")

    display_name: DisplayName | None = None
    language: Language | None = None
    time_zone: TimeZone | None = None
    notification_address: NotificationAddress | None = None


class ConsentGiven(Body):
    """The purpose, and the version of the text that the person has read."""

    model_config = example(purpose=CONTACT, version=1)

    purpose: Word
    version: Annotated[int, Field(ge=1, le=1_000_000)]


class ConsentTakenBack(Body):
    """The purpose."""

    model_config = example(purpose=CONTACT)

    purpose: Word


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
        notification_address=key.open(row.notification_address) or None,
        registered_at=row.registered_at,
        verified_at=row.verified_at,
    )
    return ask.reply(msgspec.json.encode(found), position)


@router.post("/me/account/profile", status_code=202, response_model=Accepted, responses=command(403, 404, 409, 429))
async def change_profile(body: ProfileChanges, request: Request, dispatch: Dispatch, services: ServicesDep) -> Response:
    """
    Change the user's own profile; it is not about a learner for whom the user acts.

    An address for notifications gets a mail with a link, and the one before it is used until that is opened.
    """
    if body.notification_address:
        people = services.people
        people.must_send_mails()
        client = client_by_headers(request.scope, services.settings.trusted_proxies)
        await people.attempts.count_mail(client, people.now(), body.notification_address)
    changes = {name: value for name, value in body.model_dump().items() if value is not None}
    return await dispatch(ChangeProfile(dispatch.user.subject, changes))


@router.get("/me/consents", responses=query(CONSENTS))
async def my_consents(ask: QueryDep) -> Response:
    """What the campus asks consent for, in which words, and what the user has consented to."""
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    user = await replayed(log, User, user_stream(ask.user.subject))
    given = user.consents
    found = ConsentList(
        consents=[
            AskedConsent(
                purpose=name,
                version=asked.version,
                text=asked.text,
                given_version=given.get(name),
                is_given=given.get(name) == asked.version,
            )
            for name, asked in PURPOSES.items()
        ]
    )
    return ask.reply(msgspec.json.encode(found), head)


@router.post("/me/consents", status_code=202, response_model=Accepted, responses=command(404, 409))
async def give_consent(body: ConsentGiven, dispatch: Dispatch) -> Response:
    """Consent to a purpose, in the words of the version that is asked for now."""
    return await dispatch(GiveConsent(dispatch.user.subject, body.purpose, body.version))


@router.post("/me/consents/withdraw", status_code=202, response_model=Accepted, responses=command(404, 409))
async def withdraw_consent(body: ConsentTakenBack, dispatch: Dispatch) -> Response:
    """Take a consent back; nothing more follows from it from then on."""
    return await dispatch(WithdrawConsent(dispatch.user.subject, body.purpose))


@router.get("/learners/{learner_id}/contact", responses=query(REACHED, 403))
async def learner_contact(
    *,
    request: Request,
    learner_id: LearnerId,
    ask: QueryDep,
    reason: Reason = None,  # noqa: ARG001 - recorded with the look
) -> Response:
    """Name and address of a learner who has consented to be contacted, for the staff; it is recorded as a look."""
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    user = await replayed(log, User, user_stream(learner_id))
    await record_look(request, learner_id, request.scope["path"], None)
    key = await log.keys.reading(user.id)
    said = {name: key.open(text) for name, text in user.profile.items()}
    found = Contact(
        learner_id=learner_id,
        display_name=said.get("display_name"),
        address=said.get("notification_address") or key.open(user.email),
        language=said.get("language"),
        time_zone=said.get("time_zone"),
    )
    return ask.reply(msgspec.json.encode(found), head)
