"""When mails come that can wait: the quiet hours and the digest of the user."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import Response
from pydantic import Field

from adapters.mail.recipients import recipient_of
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import TIME_OF_DAY
from commands.notification.digests import ScheduleMails
from domain.notification import (
    EVERY,
    DigestRule,
    QuietHours,
    quiet_until,
    windows,
)
from domain.words import closed

router = strict_router("mail_schedule", "/v1")


class ShownQuietHours(msgspec.Struct, kw_only=True):
    """From when to when no mails come that can wait, by the clocks of the user's time zone."""

    begins: str
    ends: str


class ShownDigest(msgspec.Struct, kw_only=True):
    """Mails that can wait come as one, each day or each week on a day from 1 (Monday) to 7."""

    every: Annotated[str, closed(EVERY)]
    time: str
    weekday: int | None


class MailSchedule(msgspec.Struct, kw_only=True):
    """
    When mails come that are not required; null for no quiet hours, and for each mail by itself.

    Attributes:
        time_zone: that of the profile, by whose clocks all of it is; UTC where the profile has none.
        quiet_until: when the quiet hours end in which it is now.
        next_digest_at: when the next digest comes, if there is something for it by then.
    """

    time_zone: str
    quiet: ShownQuietHours | None
    digest: ShownDigest | None
    quiet_until: datetime | None
    next_digest_at: datetime | None


class WantedQuietHours(Body):
    """Quiet hours; they go over midnight if they end before they begin."""

    model_config = example(begins="22:00", ends="07:00")

    begins: Annotated[str, Field(pattern=TIME_OF_DAY)]
    ends: Annotated[str, Field(pattern=TIME_OF_DAY)]


class WantedDigest(Body):
    """A digest."""

    model_config = example(every="week", time="08:00", weekday=1)

    every: Literal["day", "week"]
    time: Annotated[str, Field(pattern=TIME_OF_DAY)]
    weekday: Annotated[int, Field(ge=1, le=7)] | None = None


class WantedSchedule(Body):
    """When mails are to come that can wait; what is null or left out is not wanted."""

    model_config = example(quiet={"begins": "22:00", "ends": "07:00"}, digest={"every": "day", "time": "08:00"})

    quiet: WantedQuietHours | None = None
    digest: WantedDigest | None = None


EXAMPLE = MailSchedule(
    time_zone="Europe/Berlin",
    quiet=ShownQuietHours(begins="22:00", ends="07:00"),
    digest=ShownDigest(every="week", time="08:00", weekday=7),
    quiet_until=datetime.fromisoformat("2026-02-15T06:00:00Z"),
    next_digest_at=datetime.fromisoformat("2026-02-15T07:00:00Z"),
)


@router.get("/me/notifications/schedule", responses=query(EXAMPLE))
async def get_my_mail_schedule(ask: QueryDep) -> Response:
    """When mails come that can wait."""
    log, now = ask.services.log, ask.now()
    position = await log.head()
    recipient = await recipient_of(log, ask.user.subject)
    quiet, rule, zone = recipient.settings.quiet, recipient.settings.digest, recipient.zone
    found = MailSchedule(
        time_zone=zone.key,
        quiet=None if quiet is None else ShownQuietHours(begins=quiet.begins, ends=quiet.ends),
        digest=None if rule is None else ShownDigest(every=rule.every, time=rule.at, weekday=rule.weekday),
        quiet_until=quiet_until(now, quiet, zone),
        next_digest_at=None if rule is None else next(windows(now, rule, zone)).closes_at,
    )
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(found), position)


@router.post("/me/notifications/schedule", status_code=202, response_model=Accepted, responses=command())
async def change_my_mail_schedule(body: WantedSchedule, dispatch: Dispatch) -> Response:
    """Choose when mails come that can wait."""
    quiet = None if body.quiet is None else QuietHours(body.quiet.begins, body.quiet.ends)
    digest = None if body.digest is None else DigestRule(body.digest.every, body.digest.time, body.digest.weekday)
    return await dispatch(ScheduleMails(dispatch.user.subject, quiet, digest))
