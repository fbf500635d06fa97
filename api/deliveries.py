"""What has become of notifications, for the staff: numbers, the mails that are in doubt, and what mails say."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import Query, Request, Response

from adapters.mail.previews import DIGEST, NAMES, languages, preview
from adapters.postgres.queries import deliveries
from adapters.postgres.queries.deliveries import DoubtfulDelivery
from api.http import paging
from api.http.openapi import page, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import Limit
from projections.deliveries import Deliveries

router = strict_router("deliveries", "/v1")
LISTING = "doubtful"
LAST = 2**63 - 1  # no position is above it
DAYS = 30


class DoubtfulPage(msgspec.Struct, kw_only=True):
    """Mails in doubt, the latest first."""

    items: list[DoubtfulDelivery]
    next: str | None


class MailPreview(msgspec.Struct, kw_only=True):
    """A mail of a notification with sample data; `templates` and `languages` are what there is."""

    template: str
    language: str
    subject: str
    text: str
    templates: list[str]
    languages: list[str]


PREVIEW = MailPreview(
    template="digest",
    language="en",
    subject="What is new for you: 5 notifications",
    text="This has happened since your last digest.",
    templates=list(NAMES),
    languages=list(languages()),
)
Template = Annotated[str, Query(pattern=f"^({'|'.join(NAMES)})$", description="The template, or `digest`.")]
Language = Annotated[str, Query(pattern=f"^({'|'.join(languages())})$", description="In which language.")]
STYLED = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
"""Mails have their styles within the elements, and nothing in them acts."""


@router.get("/notifications/mail-preview", responses=query(PREVIEW, 403))
async def get_mail_preview(ask: QueryDep, template: Template = DIGEST, language: Language = "en") -> Response:
    """What a mail of a notification says, with sample data."""
    position = await ask.services.log.head()
    found = preview(template, language, ask.services.settings.web_url)
    shown = MailPreview(
        template=template,
        language=language,
        subject=found.subject,
        text=found.text,
        templates=list(NAMES),
        languages=list(languages()),
    )
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(shown), position)


@router.get("/notifications/mail-preview/html", responses=page("The mail as a mail program shows it.", 401, 403))
async def get_mail_preview_html(
    services: ServicesDep, template: Template = DIGEST, language: Language = "en"
) -> Response:
    """What a mail of a notification looks like, with sample data."""
    found = preview(template, language, services.settings.web_url)
    headers = {"content-security-policy": STYLED, "cache-control": "private, no-store"}
    return Response(found.html, 200, headers, "text/html; charset=utf-8")


@router.get("/notifications/report", responses=query(deliveries.EXAMPLE, 403))
async def get_delivery_report(
    *,
    ask: QueryDep,
    days: Annotated[int, Query(ge=1, le=366, description="Of the last so many days.", examples=[30])] = DAYS,
) -> Response:
    """How many notifications were planned, sent, suppressed and have bounced; opening is not tracked."""
    since = _midnight(ask.now()) - timedelta(days=days)
    reader = ask.services.reader
    answer = await ask.read_at_least(Deliveries.name, lambda: deliveries.report_of(reader, since))
    return ask.reply(answer.body or b"", answer.position)


@router.get(
    "/notifications/doubtful", responses=query(DoubtfulPage(items=[deliveries.DOUBTFUL], next=paging.NEXT), 403)
)
async def list_doubtful_deliveries(
    *, request: Request, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """The mails that may have gone out more often than they should."""
    (before,) = paging.after(LISTING, cursor, [int]) or [LAST]
    reader = ask.services.reader
    found = await ask.read_at_least(Deliveries.name, lambda: deliveries.doubtful_before(reader, before, limit + 1))
    return paging.reply(request, ask, found, LISTING, limit)


def _midnight(at: datetime) -> datetime:
    """So that an answer is the same all day, if nothing has happened."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
