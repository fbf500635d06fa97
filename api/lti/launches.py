"""
Launches: from a unit of a run to its tool, by OpenID Connect third-party initiated login (LTI 1.3, 5.1).

    POST  …/launch              the page that shows the unit asks where to go; the browser gets a cookie
    GET   tool's login_url      with a hint that the tool hands back and cannot read
    GET   /v1/lti/authorize     the tool's authentication request; the hint and the cookie must belong together
    POST  tool's redirect_uri   the ID token, by a form that sends itself

A hint is good for five minutes, in the browser that has begun, and once. It goes nowhere but to an address that is
agreed with the tool.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import uuid4

import msgspec
from fastapi import Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from adapters.command_bus.replay import replayed
from adapters.lti import claims as said
from adapters.lti.platform import browser_digest
from adapters.lti.sealed import LaunchTicket, LinkTicket, TicketRefused
from api.http.dispatch import Dispatch
from api.http.errors import status_of
from api.http.forms import form_of
from api.http.openapi import Responses, command, open_query, problems
from api.http.pages import shown
from api.http.policy.guard import Check
from api.http.routing import AnyParametersDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import Id, RunId
from api.lti.auto_form import sent_on
from commands.progress import OpenUnit
from domain.catalog import Course, CourseNotFound, Run, RunNotFound, Unit, course_stream, run_stream
from domain.errors import DomainError, Forbidden
from domain.lti import ToolTerms
from domain.lti.errors import LaunchRefused, NotATool
from domain.progress import UnknownUnit

router = strict_router("lti", "/v1")
COOKIE = "__Host-campus-lti"
COOKIE_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=None"
"""From within a frame of the tool's origin the browser comes back across sites."""
COOKIE_SIZE = 32  # bytes
LONGEST_COOKIE = 64  # characters
LASTS = timedelta(minutes=5)
CHOICE_LASTS = timedelta(hours=1)
LAUNCH, LINK, CHOSEN = "launch", "link", "chosen"
"""What a sealed ticket is for."""
LARGEST_FORM, MOST_FIELDS = 32_768, 30
LONGEST_TEXT = 2_000  # characters of state and nonce
UnitId = Annotated[Id, Path(description="The unit.", examples=["lab"])]
HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>"}}
SENT_ON: Responses = {
    200: {"description": "A page that sends its form to the tool by itself.", "content": HTML},
    303: {"description": "Where the browser goes on."},
    **{status: {"description": "A page that says what is wrong.", "content": HTML} for status in (403, 404, 409, 503)},
    **problems(406, 422),
}


class LaunchAddress(msgspec.Struct, kw_only=True):
    """Where the page has to go, in a frame or a window."""

    url: str


class PlatformKey(msgspec.Struct, kw_only=True):
    """A public key of RSA (RFC 7518, 6.3)."""

    kid: str
    kty: str
    n: str
    e: str
    use: str
    alg: str


class PlatformKeySet(msgspec.Struct, kw_only=True):
    """The keys of messages to tools, as a JSON Web Key Set (RFC 7517)."""

    keys: list[PlatformKey]


ADDRESS = LaunchAddress(url="https://tool.example/login?iss=https%3A%2F%2Fcampus.example&login_hint=…")
KEYS = PlatformKeySet(keys=[PlatformKey(kid="lti-2026-02", kty="RSA", n="…", e="AQAB", use="sig", alg="RS256")])


@router.post("/runs/{run_id}/units/{unit_id}/launch", responses={**open_query(ADDRESS), **command(403, 404, 409)})
async def launch_tool(
    run_id: RunId, unit_id: UnitId, request: Request, handle: Dispatch, services: ServicesDep
) -> Response:
    """Begin to launch a unit that is a tool: who has a place on the run opens it, the staff look at it."""
    run, unit = await unit_of(services, run_id, unit_id)
    if unit.lti is None:
        raise NotATool(run_id=run_id, unit_id=unit_id)
    terms = (await services.platform.tool(unit.lti.tool_id)).in_use(run.course_id)
    person_id = handle.user.subject
    is_staff = await is_of_staff(handle.check, run_id)
    if not is_staff:
        await handle.position(OpenUnit(person_id, run_id, unit_id), person_id)
    browser, now = browser_of(request), services.log.clock.now()
    ticket = LaunchTicket(
        ticket_id=uuid4().hex,
        until=now + LASTS,
        person_id=person_id,
        tool_id=unit.lti.tool_id,
        run_id=run_id,
        unit_id=unit_id,
        browser=browser_digest(browser),
        is_staff=is_staff,
    )
    hint = await services.platform.sealed.ticket(ticket, LAUNCH)
    to_tool = {
        "client_id": unit.lti.tool_id,
        "lti_deployment_id": run.course_id,
        "target_link_uri": target_of(unit, terms),
        "lti_message_hint": LAUNCH,
        "login_hint": hint,
    }
    return begun(services, terms, to_tool, browser)


@router.get("/lti/keys", responses=open_query(KEYS, 503))
async def list_platform_keys(services: ServicesDep) -> Response:
    """The keys by which tools check messages of the campus."""
    found = await services.platform.keys.published(services.log.clock.now())
    headers = {"cache-control": "public, max-age=3600"}
    keys = msgspec.json.encode(msgspec.convert(found, PlatformKeySet))
    return Response(keys, headers=headers, media_type="application/json")


@router.get("/lti/authorize", responses=SENT_ON, response_class=HTMLResponse)
async def get_authorize(request: Request, services: ServicesDep, _: AnyParametersDep) -> Response:
    """The authentication request of a tool (OpenID Connect Core, 3.1.2.1); the answer goes to it by the browser."""
    named = request.query_params.multi_items()
    asked = dict(named)
    try:
        if len(asked) != len(named):
            raise LaunchRefused(why="a parameter is there twice")
        return await _authorized(services, asked, request.cookies.get(COOKIE, "")[:LONGEST_COOKIE])
    except DomainError as refusal:
        return shown("launch-refused", status_of(refusal), sentence=refusal.sentence)


@router.post("/lti/authorize", responses=SENT_ON, response_class=HTMLResponse)
async def authorize_by_form(request: Request, _: AnyParametersDep) -> Response:
    """The same by a form, which OpenID Connect lets a tool choose; the browser asks once more, by GET."""
    form = await form_of(request, largest=LARGEST_FORM, most_fields=MOST_FIELDS)
    if form is None:
        return shown("launch-refused", 403, sentence="what the tool has sent is no form of an authentication request")
    return RedirectResponse(f"/v1/lti/authorize?{urlencode(form)}", 303, {"cache-control": "no-store"})


async def _authorized(services: Services, asked: dict[str, str], cookie: str) -> Response:
    """The message for what the hint says, once it is sure to whom it goes."""
    wanted = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
    for name, value in wanted.items():
        if asked.get(name) != value:
            raise LaunchRefused(why=f"{name} is not {value}")
    nonce, state = asked.get("nonce", ""), asked.get("state", "")
    if not nonce or max(len(nonce), len(state)) > LONGEST_TEXT:
        raise LaunchRefused(why=f"nonce is missing, or has more than {LONGEST_TEXT:,} characters, or state has")
    platform, now = services.platform, services.log.clock.now()
    kind, hint = asked.get("lti_message_hint", ""), asked.get("login_hint", "")
    ticket: LaunchTicket | LinkTicket = (
        await platform.sealed.opened(hint, LINK, LinkTicket, now)
        if kind == LINK
        else await platform.sealed.opened(hint, LAUNCH, LaunchTicket, now)
    )
    if not secrets.compare_digest(ticket.browser, browser_digest(cookie)) or not cookie:
        raise TicketRefused  # begun in another browser
    if asked.get("client_id") != ticket.tool_id:
        raise LaunchRefused(why="client_id is that of another tool")
    message, terms = (
        await _choice(services, ticket) if isinstance(ticket, LinkTicket) else await _launch(services, ticket)
    )
    if asked.get("redirect_uri") not in terms.redirect_urls:
        raise LaunchRefused(why="redirect_uri is none of those that are agreed with the tool")
    await platform.use(ticket)
    token = await platform.message(message, ticket.person_id, nonce, now)
    return sent_on(asked["redirect_uri"], {"id_token": token, "state": state})


async def _launch(services: Services, ticket: LaunchTicket) -> tuple[said.Claims, ToolTerms]:
    run, unit = await unit_of(services, ticket.run_id, ticket.unit_id)
    if unit.lti is None or unit.lti.tool_id != ticket.tool_id:
        raise TicketRefused
    terms = (await services.platform.tool(ticket.tool_id)).in_use(run.course_id)
    here = services.platform.issuer
    run_url = f"{here}/v1/lti/runs/{ticket.run_id}"
    line_item = f"{run_url}/line-items/{ticket.unit_id}" if unit.has_line_item else None
    return {
        **said.of_message(said.LAUNCH, ticket.tool_id, run.course_id, is_staff=ticket.is_staff),
        **said.of_platform(here),
        **said.of_context(ticket.run_id, run.title),
        **said.of_resource(ticket.unit_id, unit.title, target_of(unit, terms), unit.lti.custom),
        **said.of_services(terms.scopes, run_url, line_item),
    }, terms


async def _choice(services: Services, ticket: LinkTicket) -> tuple[said.Claims, ToolTerms]:
    terms = (await services.platform.tool(ticket.tool_id)).in_use(ticket.course_id)
    course = await replayed(services.log, Course, course_stream(ticket.course_id))
    here, now = services.platform.issuer, services.log.clock.now()
    back = msgspec.structs.replace(ticket, ticket_id=uuid4().hex, until=now + CHOICE_LASTS, browser="")
    data = await services.platform.sealed.ticket(back, CHOSEN)
    return {
        **said.of_message(said.CHOICE, ticket.tool_id, ticket.course_id, is_staff=True),
        **said.of_platform(here),
        **said.of_context(ticket.course_id, course.title),
        **said.of_choice(f"{here}/v1/lti/deep-links", data),
        f"{said.LTI}target_link_uri": terms.deep_linking_url,
    }, terms


class RunOfCourse(msgspec.Struct, frozen=True):
    """A run, as far as a launch needs it."""

    course_id: str
    title: str


async def unit_of(services: Services, run_id: str, unit_id: str) -> tuple[RunOfCourse, Unit]:
    """A unit of a run; raises RunNotFound, UnknownUnit."""
    run = await replayed(services.log, Run, run_stream(run_id))
    if not run.exists:
        raise RunNotFound(run_id=run_id)
    course = await replayed(services.log, Course, course_stream(run.course_id))
    if not course.exists:
        raise CourseNotFound(course_id=run.course_id)
    for unit in course.versions[run.course_version]:
        if unit.unit_id == unit_id:
            return RunOfCourse(run.course_id, course.title), unit
    raise UnknownUnit(run_id=run_id, unit_id=unit_id)


async def is_of_staff(check: Check, run_id: str) -> bool:
    """Whether the user teaches the run, assists there, or is an admin: who may grade what is handed in there."""
    try:
        await check.permit(run_id=run_id, action="gradeItem")
    except Forbidden:
        return False
    return True


def target_of(unit: Unit, terms: ToolTerms) -> str:
    """What of the tool is launched."""
    return unit.url or terms.redirect_urls[0]


def browser_of(request: Request) -> str:
    """What the cookie of this browser says; another one for a browser without. Several tabs have the same."""
    known = request.cookies.get(COOKIE, "")
    return known if COOKIE_SIZE < len(known) <= LONGEST_COOKIE else secrets.token_urlsafe(COOKIE_SIZE)


def begun(services: Services, terms: ToolTerms, to_tool: Mapping[str, str], browser: str) -> Response:
    """Where the page has to go, with what goes to the tool; the browser keeps its cookie."""
    joint = "&" if "?" in terms.login_url else "?"
    url = f"{terms.login_url}{joint}{urlencode({'iss': services.platform.issuer, **to_tool})}"
    answer = Response(
        msgspec.json.encode(LaunchAddress(url=url)),
        headers={"cache-control": "no-store"},
        media_type="application/json",
    )
    lasts = int(LASTS.total_seconds())
    answer.headers.append("set-cookie", f"{COOKIE}={browser}; Max-Age={lasts}; {COOKIE_ATTRIBUTES}")
    return answer
