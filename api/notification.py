"""Notifications: the inbox of the user, and what the user wants to be notified of."""

from typing import Annotated

import msgspec
from fastapi import Path, Query, Request, Response
from pydantic import Field

from adapters.auth.links import UNSUBSCRIBE, link_of
from adapters.command_bus.replay import replayed
from adapters.mail.digests import DIGEST
from adapters.notified import EXAMPLE, ListedNotification, listed
from adapters.postgres.queries import inbox
from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, open_query, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import HEX_ID, Limit
from commands.log import Context
from commands.notification import ArchiveNotification, ChangeNotificationSettings, ReadInbox, ReadNotification
from domain.notification import (
    REQUIRED,
    TEMPLATES,
    Channel,
    Kind,
    NotificationSettings,
    Setting,
    Switch,
    settings_stream,
)
from domain.words import closed
from projections.inbox import Inboxes

router = strict_router("notification", "/v1")
LISTING = "notifications"
LAST = 2**63 - 1  # no position is above it
NotificationId = Annotated[
    str, Path(pattern=HEX_ID, description="The notification.", examples=[EXAMPLE.notification_id])
]


class NotificationPage(msgspec.Struct, kw_only=True):
    """The notifications of the user, the latest first; `unread` of all, 100 for that many or more."""

    unread: int
    items: list[ListedNotification]
    next: str | None


class UnreadNotifications(msgspec.Struct, kw_only=True):
    """How many notifications the user has not read, 100 for that many or more."""

    unread: int


class NotificationSwitch(msgspec.Struct, kw_only=True):
    """
    A switch: of one kind by one channel, of a kind by all channels, or of everything, where both are null.

    Attributes:
        chosen: as the user has set it; null for not at all.
        on: what follows, for switches of one kind by one channel; null for the others.
        required: whether it cannot be switched off.
    """

    kind: Annotated[str, closed(Kind)] | None
    channel: Annotated[str, closed(Channel)] | None
    chosen: bool | None
    on: bool | None
    required: bool


class NotificationSwitches(msgspec.Struct, kw_only=True):
    """All switches: that of everything, then those of each kind, first by all channels and then by each."""

    switches: list[NotificationSwitch]


class ReadUpTo(Body):
    """Up to which position of the log all is read: that of the list that was shown."""

    model_config = example(through=1713)

    through: Annotated[int, Field(ge=0, lt=2**63)]


class ChosenSwitch(Body):
    """How one switch is to stand; null for as if it had never been set."""

    model_config = example(kind="grades", channel="page", on=False)

    kind: Annotated[str, Field(max_length=40)] | None = None
    channel: Annotated[str, Field(max_length=40)] | None = None
    on: bool | None


class ChosenSwitches(Body):
    """Switches to be set; all others stay."""

    model_config = example(switches=[{"kind": "grades", "channel": "page", "on": False}])

    switches: Annotated[list[ChosenSwitch], Field(min_length=1, max_length=100)]


class UnsubscribeToken(Body):
    """What the address of a mail carries."""

    model_config = example(token="eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIyODQwMC9ncmFkZXMifQ.c2lnbmF0dXJl")  # noqa: S106

    token: Annotated[str, Field(min_length=1, max_length=2_000)]


class Unsubscribed(msgspec.Struct, kw_only=True):
    """No more mails of this kind are sent; `digest`: none that can wait."""

    kind: Annotated[str, closed((*Kind, DIGEST))]


@router.get("/me/notifications", responses=query(NotificationPage(unread=1, items=[EXAMPLE], next=paging.NEXT)))
async def list_my_notifications(
    *,
    request: Request,
    ask: QueryDep,
    unread: Annotated[bool, Query(description="Only those that are not read.")] = False,
    cursor: paging.Cursor = None,
    limit: Limit = 20,
) -> Response:
    """What the user was notified of, the latest first; what was put away is left out."""
    reader, learner_id = ask.services.reader, ask.user.subject
    (before,) = paging.after(LISTING, cursor, [int]) or [LAST]
    page = await ask.read_at_least(
        Inboxes.name, lambda: inbox.inbox_of(reader, learner_id, before, limit + 1, unread=unread)
    )
    items = await listed(ask.services.log, reader, page.rows)
    found = RowPage([(item.position, msgspec.json.encode(item).decode()) for item in items], page.position)
    return paging.reply(request, ask, found, LISTING, limit, members=b'"unread":%d,' % page.unread)


@router.get("/me/notifications/unread", responses=query(UnreadNotifications(unread=1)))
async def get_my_unread_count(ask: QueryDep) -> Response:
    """How many notifications the user has not read."""
    counts, learner_id = ask.services.unread_counts, ask.user.subject
    count = await ask.read_at_least(Inboxes.name, lambda: counts.of(learner_id, ask.min_position))
    return ask.reply(msgspec.json.encode(UnreadNotifications(unread=count.unread)), count.position)


@router.post("/me/notifications/read", status_code=202, response_model=Accepted, responses=command())
async def read_my_notifications(body: ReadUpTo, dispatch: Dispatch) -> Response:
    """All that was planned up to a position is read."""
    return await dispatch(ReadInbox(dispatch.user.subject, body.through))


@router.post(
    "/me/notifications/{notification_id}/read", status_code=202, response_model=Accepted, responses=command(404)
)
async def read_my_notification(notification_id: NotificationId, dispatch: Dispatch) -> Response:
    """The user has seen a notification."""
    return await dispatch(ReadNotification(dispatch.user.subject, notification_id))


@router.post(
    "/me/notifications/{notification_id}/archive", status_code=202, response_model=Accepted, responses=command(404)
)
async def archive_my_notification(notification_id: NotificationId, dispatch: Dispatch) -> Response:
    """Put a notification away: it is listed no more."""
    return await dispatch(ArchiveNotification(dispatch.user.subject, notification_id))


@router.get(
    "/me/notifications/settings",
    responses=query(
        NotificationSwitches(
            switches=[NotificationSwitch(kind="grades", channel="page", chosen=False, on=False, required=False)]
        )
    ),
)
async def get_my_notification_settings(ask: QueryDep) -> Response:
    """What the user wants to be notified of."""
    position = await ask.services.log.head()
    found = await replayed(ask.services.log, NotificationSettings, settings_stream(ask.user.subject))
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(NotificationSwitches(switches=_switches(found))), position)


@router.post("/me/notifications/settings", status_code=202, response_model=Accepted, responses=command())
async def change_my_notification_settings(body: ChosenSwitches, dispatch: Dispatch) -> Response:
    """Set switches of what the user wants to be notified of."""
    settings = tuple(Setting(Switch(each.kind, each.channel), each.on) for each in body.switches)
    return await dispatch(ChangeNotificationSettings(dispatch.user.subject, settings))


@router.post("/notifications/unsubscribe", responses=open_query(Unsubscribed(kind="grades"), 400, 403, 413, 415, 503))
async def unsubscribe(body: UnsubscribeToken, request: Request, services: ServicesDep) -> Response:
    """Stop mails of a kind, by what the address of a mail carries; a second time changes nothing."""
    now = services.log.clock.now()
    link = link_of(body.token, UNSUBSCRIBE, services.settings.token_secret, now=now)
    kinds = [kind for kind in Kind if kind not in REQUIRED] if link.state == DIGEST else [link.state]
    settings = tuple(Setting(Switch(kind, Channel.EMAIL.value), on=False) for kind in kinds)
    context = Context(link.learner_id, now, correlation_id=request.scope["request_id"])
    await services.bus.handle(ChangeNotificationSettings(link.learner_id, settings), context)
    return Response(msgspec.json.encode(Unsubscribed(kind=link.state)), media_type="application/json")


def _switches(found: NotificationSettings) -> list[NotificationSwitch]:
    switches = [_switch(found, Switch(), on=None)]
    for kind in Kind:
        switches.append(_switch(found, Switch(kind.value), on=None))
        switches += [
            _switch(found, Switch(kind.value, channel.value), on=_goes_out(found, kind, channel)) for channel in Channel
        ]
    return switches


def _goes_out(found: NotificationSettings, kind: Kind, channel: Channel) -> bool:
    """Whether anything of a kind goes out by a channel."""
    return any(found.wants(each, channel) for each in TEMPLATES.values() if each.kind is kind)


def _switch(found: NotificationSettings, switch: Switch, *, on: bool | None) -> NotificationSwitch:
    return NotificationSwitch(
        kind=switch.kind,
        channel=switch.channel,
        chosen=found.switches.get(switch),
        on=on,
        required=switch.kind in REQUIRED,
    )
