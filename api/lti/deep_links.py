"""
Deep linking (LTI Deep Linking 2.0): an editor chooses content of a tool, which becomes units of a course's draft.

The tool sends the choice by the editor's browser, across sites and without a cookie. It is taken because the tool has
signed it and because it carries what the campus gave out for this editor and this draft, once. Whether the editor still
may edit is asked again.
"""

import hashlib
import re
from typing import Annotated
from uuid import uuid4

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from adapters.command_bus.replay import replayed
from adapters.lti import claims as said
from adapters.lti.platform import browser_digest
from adapters.lti.proofs import ToolRefused, issuer_of
from adapters.lti.sealed import LinkTicket
from api.http.dispatch import Body, Dispatch, example
from api.http.errors import status_of
from api.http.forms import form_of
from api.http.openapi import command, open_query
from api.http.pages import shown
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import CourseId
from api.lti.launches import (
    ADDRESS,
    CHOSEN,
    LASTS,
    LINK,
    SENT_ON,
    begun,
    browser_of,
)
from api.lti.tools import PATTERN
from commands.catalog import EditDraft
from commands.log import Context
from domain.catalog import CourseDraft, DraftNotFound, LtiLink, Unit, draft_stream
from domain.catalog.edits import AddUnit
from domain.errors import DomainError
from domain.lti.errors import NoChoice, NotAnEditor
from domain.roles import ADMIN_OF_CAMPUS, COURSE, Grant, Role

router = strict_router("lti", "/v1")
LARGEST_FORM, MOST_FIELDS = 200_000, 10
MOST_ITEMS = 50
LONGEST_TITLE, LONGEST_URL = 200, 2_000


class LinkChoice(Body):
    """From which tool content is chosen, and into which section it goes; without one in a course without sections."""

    model_config = example(tool_id="tool-equations", section_id="basics")

    tool_id: Annotated[str, Field(pattern=PATTERN, max_length=64)]
    section_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = ""


@router.post("/courses/{course_id}/draft/deep-links", responses={**open_query(ADDRESS), **command(403, 404, 409)})
async def begin_deep_linking(
    course_id: CourseId, body: LinkChoice, request: Request, handle: Dispatch, services: ServicesDep
) -> Response:
    """Begin to choose content of a tool for the draft of a course. The answer says where the page has to go."""
    draft = await replayed(services.log, CourseDraft, draft_stream(course_id))
    if not draft.exists:
        raise DraftNotFound(course_id=course_id)
    terms = (await services.platform.tool(body.tool_id)).in_use(course_id)
    if not terms.deep_linking_url:
        raise NoChoice(why=f"the tool {body.tool_id} has no content to choose from")
    browser, now = browser_of(request), services.log.clock.now()
    ticket = LinkTicket(
        ticket_id=uuid4().hex,
        until=now + LASTS,
        person_id=handle.user.subject,
        tool_id=body.tool_id,
        course_id=course_id,
        section_id=body.section_id,
        role=handle.check.role,
        is_granted=await is_editor(services, handle.user.subject, course_id),
        browser=browser_digest(browser),
    )
    hint = await services.platform.sealed.ticket(ticket, LINK)
    to_tool = {
        "client_id": body.tool_id,
        "lti_deployment_id": course_id,
        "target_link_uri": terms.deep_linking_url,
        "lti_message_hint": LINK,
        "login_hint": hint,
    }
    return begun(services, terms, to_tool, browser)


@router.post("/lti/deep-links", responses=SENT_ON, response_class=HTMLResponse)
async def receive_deep_links(request: Request, services: ServicesDep) -> Response:
    """Where a tool sends what was chosen: units of the draft, all or none."""
    form = await form_of(request, largest=LARGEST_FORM, most_fields=MOST_FIELDS) or {}
    try:
        titles = await _add(services, form.get("JWT", ""), request.scope["request_id"])
    except DomainError as refusal:
        return shown("launch-refused", status_of(refusal), sentence=refusal.sentence)
    count = f"{len(titles)} {'unit' if len(titles) == 1 else 'units'}"
    return shown("links-chosen", heading=f"{count} added", sentence=", ".join(titles) or "Nothing was chosen.")


async def _add(services: Services, text: str, request_id: str) -> list[str]:
    """Add what a tool says was chosen; the titles of the units."""
    platform, now = services.platform, services.log.clock.now()
    tool_id = issuer_of(text)
    found = await platform.claims_of(tool_id, text, "nonce", (platform.issuer,))
    data = found.get(f"{said.DEEP_LINKING}data")
    ticket = await platform.sealed.opened(data if isinstance(data, str) else "", CHOSEN, LinkTicket, now)
    expected = (ticket.tool_id, ticket.course_id, said.CHOSEN, said.VERSION)
    names = ("deployment_id", "message_type", "version")
    if (tool_id, *(found.get(f"{said.LTI}{name}") for name in names)) != expected:
        raise ToolRefused(tool_id=tool_id, why="it is for another tool, another deployment, or another message")
    (await platform.tool(tool_id)).in_use(ticket.course_id)
    if ticket.is_granted and not await is_editor(services, ticket.person_id, ticket.course_id):
        raise NotAnEditor(course_id=ticket.course_id)
    items = found.get(f"{said.DEEP_LINKING}content_items", [])
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        raise NoChoice(why=f"content_items is a list of {MOST_ITEMS} at most")
    units = [unit_of_item(item, number, ticket) for number, item in enumerate(items)]
    await platform.use(ticket)
    if units:
        draft = await replayed(services.log, CourseDraft, draft_stream(ticket.course_id))
        edits = [AddUnit(unit, ticket.section_id) for unit in units]
        context = Context(actor=ticket.person_id, at=now, correlation_id=request_id, role=ticket.role)
        await services.bus.handle(EditDraft(ticket.course_id, draft.version, edits), context)
    return [unit.title for unit in units]


async def is_editor(services: Services, person_id: str, course_id: str) -> bool:
    """Whether a grant that holds now lets a person edit a course."""
    held = await services.grants.of(person_id)
    return ADMIN_OF_CAMPUS in held or Grant(Role.INSTRUCTOR.value, f"{COURSE}{course_id}") in held


def is_text(found: object) -> bool:
    """Whether it is text that can be kept."""
    return isinstance(found, str) and "\0" not in found


def unit_of_item(item: object, number: int, ticket: LinkTicket) -> Unit:
    """The unit for an item of a choice; raises NoChoice for one that cannot be one."""
    if not isinstance(item, dict) or item.get("type") != said.RESOURCE_LINK:
        raise NoChoice(why=f"item {number + 1} is no {said.RESOURCE_LINK}")
    title, url, custom = item.get("title") or "Content of a tool", item.get("url") or "", item.get("custom") or {}
    if not is_text(title) or not is_text(url) or len(url) > LONGEST_URL:
        raise NoChoice(why=f"title or url of item {number + 1} is no text, or too long")
    if not isinstance(custom, dict) or not all(map(is_text, (*custom, *custom.values()))):
        raise NoChoice(why=f"custom of item {number + 1} has values that are no texts")
    line = item.get("lineItem") or {}
    maximum = line.get("scoreMaximum", 100) if isinstance(line, dict) else None
    if isinstance(maximum, bool) or not isinstance(maximum, int | float) or maximum % 1 != 0:
        raise NoChoice(why=f"scoreMaximum of item {number + 1} is no whole number")
    resource_id, tag = line.get("resourceId") or "", line.get("tag") or ""
    if not is_text(resource_id) or not is_text(tag):
        raise NoChoice(why=f"resourceId or tag of item {number + 1} is no text")
    name = hashlib.sha256(f"{ticket.ticket_id} {number}".encode()).hexdigest()[:10]
    link = LtiLink(
        ticket.tool_id,
        custom,
        int(maximum),
        resource_id[:LONGEST_TITLE],
        tag[:LONGEST_TITLE],
    )
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40]
    return Unit(f"{words or 'tool'}-{name}", "lti", title[:LONGEST_TITLE], url=url, lti=link)
