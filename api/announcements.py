"""Announcements: what the staff tell the campus, a course or a run; read by all who are signed in."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import uuid_utils
from fastapi import Path, Query, Response
from pydantic import Field

from adapters.announcements import Shown
from adapters.command_bus.replay import replayed
from adapters.shown_dashboard import whole
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, CommandDispatcher, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import ID, Text, Time, Title
from commands.admin import ChangeAnnouncement, PublishAnnouncement, WithdrawAnnouncement
from domain.admin.announcements import (
    TO_CAMPUS,
    TO_COURSE,
    TO_RUN,
    Announcement,
    AnnouncementNotFound,
    announcement_stream,
    audience_of,
)
from domain.catalog import RunNotFound
from domain.enrollment_errors import Status
from projections.learner_dashboard import LearnerDashboard

router = strict_router("announcements", "/v1")

SCOPE = r"^(campus|(course|run):[A-Za-z0-9_.-]{1,64})$"
AT = datetime(2026, 2, 14, 18, tzinfo=UTC)
AnnouncementId = Annotated[
    str, Path(pattern=ID, max_length=64, description="The announcement.", examples=["0199c7f0a1b27c3d8e4f5a6b7c8d9e0f"])
]


class ShownAnnouncement(msgspec.Struct, kw_only=True):
    """
    What the staff tell.

    Attributes:
        scope: `campus`, `course:ID` or `run:ID`.
        until: for how long it is shown; null for as long as it is not withdrawn.
        changed_at: when it was published, or changed last.
    """

    announcement_id: str
    scope: str
    title: str
    text: str
    until: datetime | None
    published_by: str
    published_at: datetime
    changed_at: datetime


class AnnouncementList(msgspec.Struct, kw_only=True):
    """Announcements that are shown now, the latest first."""

    items: list[ShownAnnouncement]


class Saying(Body):
    """What an announcement says, and until when it is shown."""

    model_config = example(
        title="The library is closed", text="On Friday, for the whole day.", until="2026-02-21T00:00:00Z"
    )

    title: Title
    text: Text
    until: Time | None = None


class NewAnnouncement(Saying):
    """An announcement, and whom it is for."""

    model_config = example(
        scope="run:algebra-2026", title="The library is closed", text="On Friday, for the whole day."
    )

    scope: Annotated[str, Field(pattern=SCOPE, max_length=72)] = TO_CAMPUS


class PublishedAnnouncement(Accepted):
    """The id of what was published."""

    model_config = example(position=1713, announcement_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f")

    announcement_id: str


class WhyWithdrawn(Body):
    """Why it is shown no more."""

    model_config = example(reason="was a mistake")

    reason: ClearReason


EXAMPLE = AnnouncementList(
    items=[
        ShownAnnouncement(
            announcement_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
            scope="run:algebra-2026",
            title="The library is closed",
            text="On Friday, for the whole day.",
            until=datetime(2026, 2, 21, tzinfo=UTC),
            published_by="3f0c0a52a2d94b0ab4d3b5d55c0e3f3a",
            published_at=AT,
            changed_at=AT,
        )
    ]
)


@router.get("/announcements", responses=query(EXAMPLE, 404))
async def list_announcements(
    *,
    ask: QueryDep,
    run_id: Annotated[
        str | None,
        Query(
            pattern=ID, max_length=64, description="Also those to this run and its course.", examples=["algebra-2026"]
        ),
    ] = None,
) -> Response:
    """What the staff tell the campus now, and a run."""
    scopes = {TO_CAMPUS}
    if run_id is not None:
        course_id = await ask.services.whereabouts.course_of_run(run_id)
        if course_id is None:
            raise RunNotFound(run_id=run_id)
        scopes |= {f"{TO_RUN}{run_id}", f"{TO_COURSE}{course_id}"}
    found, position = await ask.services.announcements.current(frozenset(scopes))
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(AnnouncementList(items=[_view(each) for each in found])), position)


@router.get("/me/announcements", responses=query(EXAMPLE))
async def list_my_announcements(ask: QueryDep) -> Response:
    """What the staff tell now: the campus, and all runs and courses of the user, in one answer beside the dashboard."""
    documents = ask.services.documents[LearnerDashboard.name]
    document = await ask.read_at_least(LearnerDashboard.name, lambda: documents.stored(ask.user.subject))
    scopes = {TO_CAMPUS}
    for course in whole(document.body).courses:
        if course.status != Status.WITHDRAWN:
            scopes |= {f"{TO_RUN}{course.run_id}", f"{TO_COURSE}{course.course_id}"}
    found, position = await ask.services.announcements.current(frozenset(scopes))
    ask.must_reach(position)
    body = msgspec.json.encode(AnnouncementList(items=[_view(each) for each in found]))
    return ask.reply(body, min(position, document.position))


@router.post("/announcements", status_code=202, response_model=PublishedAnnouncement, responses=command(403, 404, 409))
async def publish_announcement(body: NewAnnouncement, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Tell something to the campus, a course or a run; each process shows it within a second."""
    await _may_tell(dispatch, body.scope)
    name = uuid_utils.uuid7().hex
    position = await dispatch.position(PublishAnnouncement(name, body.scope, body.title, body.text, body.until))
    (fact,) = await services.log.at([position])  # of the first request with this Idempotency-Key
    answer = msgspec.json.encode({"position": position, "announcement_id": fact.id("announcement_id")})
    return Response(answer, 202, media_type="application/json")


@router.post(
    "/announcements/{announcement_id}", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def change_announcement(
    announcement_id: AnnouncementId, body: Saying, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Have an announcement say something else."""
    await _may_tell(dispatch, await _scope_of(services, announcement_id))
    return await dispatch(ChangeAnnouncement(announcement_id, body.title, body.text, body.until))


@router.post(
    "/announcements/{announcement_id}/withdraw",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def withdraw_announcement(
    announcement_id: AnnouncementId, body: WhyWithdrawn, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Show an announcement no more."""
    await _may_tell(dispatch, await _scope_of(services, announcement_id))
    return await dispatch(WithdrawAnnouncement(announcement_id, body.reason))


async def _may_tell(dispatch: CommandDispatcher, scope: str) -> None:
    """Raise Forbidden unless the user has a role where the announcement is for."""
    audience = audience_of(scope)
    await dispatch.check.permit(run_id=audience.run_id, course_id=audience.course_id)


async def _scope_of(services: Services, announcement_id: str) -> str:
    found = await replayed(services.log, Announcement, announcement_stream(announcement_id))
    if not found.exists:
        raise AnnouncementNotFound(announcement_id=announcement_id)
    return found.audience


def _view(found: Shown) -> ShownAnnouncement:
    return ShownAnnouncement(**{name: getattr(found, name) for name in ShownAnnouncement.__struct_fields__})
