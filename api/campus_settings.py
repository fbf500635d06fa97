"""Settings of the campus: what everyone may know, what admins and auditors see of them, changes and their history."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import Request, Response
from pydantic import Field

from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, open_query, query
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import Limit
from commands.admin import ChangeSetting
from domain.admin.settings import (
    CAMPUS_NAME,
    LONGEST_ADDRESS,
    OPEN,
    REGISTRATION,
    SETTINGS,
    SUPPORT_ADDRESS,
    settings_stream,
)
from domain.words import closed

router = strict_router("campus_settings", "/v1")


class CampusInfo(msgspec.Struct, kw_only=True):
    """What everyone may know of the campus; `support_address` is empty if there is none."""

    name: str
    support_address: str
    takes_registrations: bool


class CampusSetting(msgspec.Struct, kw_only=True):
    """A setting, what it does, and what its value has to be."""

    name: Annotated[str, closed(SETTINGS)]
    value: str
    default: str
    expected: str
    means: str


class CampusSettingList(msgspec.Struct, kw_only=True):
    """All settings."""

    items: list[CampusSetting]


class SettingChange(msgspec.Struct, kw_only=True):
    """A change of a setting: who made it, when and why."""

    position: int
    at: datetime
    by: str
    name: str
    old: str
    new: str
    reason: str
    ticket: str | None


class SettingChanges(msgspec.Struct, kw_only=True):
    """Changes of settings, the latest first."""

    items: list[SettingChange]
    next: str | None


class SettingToChange(Body):
    """A setting, its new value, and why."""

    model_config = example(name="registration", value="closed", reason="the term has begun")

    name: Annotated[str, Field(max_length=40, json_schema_extra={"enum": sorted(SETTINGS)})]
    value: Annotated[str, Field(max_length=LONGEST_ADDRESS)]
    reason: ClearReason


INFO = CampusInfo(name="Algebra Academy", support_address="help@example.org", takes_registrations=True)
SETTING = CampusSetting(
    name=REGISTRATION,
    value="closed",
    default=SETTINGS[REGISTRATION].default,
    expected=SETTINGS[REGISTRATION].expected,
    means=SETTINGS[REGISTRATION].means,
)
CHANGE = SettingChange(
    position=1713,
    at=datetime(2026, 2, 14, 18, tzinfo=UTC),
    by="3f0c0a52a2d94b0ab4d3b5d55c0e3f3a",
    name=REGISTRATION,
    old="open",
    new="closed",
    reason="the term has begun",
    ticket="HELP-123",
)


@router.get("/campus", responses=open_query(INFO, 503))
async def get_campus(services: ServicesDep) -> Response:
    """The name of the campus, where to ask for help, and whether one may register; without signing in."""
    known = services.people.settings
    found = CampusInfo(
        name=await known.value(CAMPUS_NAME),
        support_address=await known.value(SUPPORT_ADDRESS),
        takes_registrations=await known.value(REGISTRATION) == OPEN,
    )
    return Response(msgspec.json.encode(found), headers={"cache-control": "no-cache"}, media_type=JSON)


@router.get("/settings", responses=open_query(CampusSettingList(items=[SETTING]), 401, 403, 503))
async def list_settings(ask: QueryDep) -> Response:
    """All settings that may be changed while the campus runs, and their values."""
    known = ask.services.people.settings
    items = [
        CampusSetting(
            name=name,
            value=await known.value(name),
            default=each.default,
            expected=each.expected,
            means=each.means,
        )
        for name, each in SETTINGS.items()
    ]
    body = msgspec.json.encode(CampusSettingList(items=items))
    return Response(body, headers={"cache-control": "no-store"}, media_type=JSON)


@router.get("/settings/changes", responses=query(SettingChanges(items=[CHANGE], next=paging.NEXT), 403))
async def list_setting_changes(
    *, request: Request, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Who has changed which setting, when and why, the latest first."""
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    (before,) = paging.after("settings", cursor, [int]) or [head + 1]
    facts = [fact for fact in await log.stream(settings_stream()) if fact.position < before]
    rows = [
        (
            fact.position,
            msgspec.json.encode(
                SettingChange(
                    position=fact.position,
                    at=fact.occurred_at,
                    by=fact.meta.actor,
                    ticket=fact.meta.ticket,
                    **{name: fact.data[name] for name in ("name", "old", "new", "reason")},
                )
            ).decode(),
        )
        for fact in reversed(facts)
    ]
    return paging.reply(request, ask, RowPage(list(rows[: limit + 1]), head), "settings", limit)


@router.post("/settings", status_code=202, response_model=Accepted, responses=command(403))
async def change_setting(body: SettingToChange, dispatch: Dispatch) -> Response:
    """Change a setting; it holds in every process within a second."""
    return await dispatch(ChangeSetting(body.name, body.value, body.reason))
