"""
Tools for admins: registered with a reason, deployed to courses, changed, ended.

The answer about a tool has what its operator has to know of the campus: issuer, client id, where launches are
authenticated, where access tokens are, and the campus' keys.
"""

import asyncio
from typing import Annotated

import msgspec
from fastapi import Path, Request, Response
from pydantic import Field

from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import NO_CONTROLS, Id, Limit, one_of
from commands.lti import ChangeTool, DeployTool, EndTool, RegisterTool, UndeployTool
from domain.lti import SCOPES, SHARED, TOOL_ID, ToolNotFound, ToolTerms, check_terms
from domain.lti.tool import MOST_URLS
from domain.web_addresses import LONGEST_URL
from domain.words import closed

router = strict_router("lti", "/v1")
PATTERN = f"^{TOOL_ID}$"
ToolId = Annotated[Id, Path(description="The tool.", examples=["tool-equations"])]
Url = Annotated[str, Field(max_length=LONGEST_URL, pattern=r"^https?://[!-~]+$")]


class PlatformForTool(msgspec.Struct, kw_only=True):
    """What the operator of a tool has to know of the campus."""

    issuer: str
    client_id: str
    authentication_url: str
    token_url: str
    key_set_url: str


class RegisteredTool(msgspec.Struct, kw_only=True):
    """
    A tool.

    Attributes:
        courses: on which it may be used; each is a `deployment_id`.
        shares: what it learns of people beside a pseudonym and their role.
    """

    tool_id: str
    name: str
    login_url: str
    redirect_urls: list[str]
    key_set_url: str
    deep_linking_url: str
    scopes: list[Annotated[str, closed(SCOPES)]]
    shares: list[Annotated[str, closed(SHARED)]]
    courses: list[str]
    is_ended: bool
    platform: PlatformForTool


class ToolPage(msgspec.Struct, kw_only=True):
    """A page of the tools."""

    items: list[RegisteredTool]
    next: str | None


class AgreedTerms(Body):
    """
    What is agreed with a tool: addresses, what it may ask (`scopes`), what it learns of people (`shares`).

    Without `shares` it knows a pseudonym of each person, which no other tool has, and the role on the run.
    """

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=NO_CONTROLS)]
    login_url: Url
    redirect_urls: Annotated[list[Url], Field(min_length=1, max_length=MOST_URLS)]
    key_set_url: Url
    deep_linking_url: Annotated[str, Field(max_length=LONGEST_URL, pattern=r"^(https?://[!-~]+)?$")] = ""
    scopes: Annotated[list[Annotated[str, one_of(SCOPES)]], Field(max_length=len(SCOPES), default_factory=list)]
    shares: Annotated[list[Annotated[str, one_of(SHARED)]], Field(max_length=len(SHARED), default_factory=list)]

    def terms(self, services: Services) -> ToolTerms:
        """The terms of the domain; raises BadToolTerms."""
        found = ToolTerms(
            self.name,
            self.login_url,
            list(self.redirect_urls),
            self.key_set_url,
            self.deep_linking_url,
            sorted(set(self.scopes)),
            sorted(set(self.shares)),
        )
        check_terms(found, is_development=services.platform.is_development)
        return found


EXAMPLE_TERMS = {
    "name": "Equations",
    "login_url": "https://tool.example/login",
    "redirect_urls": ["https://tool.example/launch"],
    "key_set_url": "https://tool.example/jwks",
    "deep_linking_url": "https://tool.example/choose",
    "scopes": ["line_items", "members", "results", "scores"],
    "shares": [],
}


class ToolToRegister(AgreedTerms):
    """A tool, what is agreed with it, and why."""

    model_config = example(tool_id="tool-equations", reason="asked for by mathematics", **EXAMPLE_TERMS)

    tool_id: Annotated[str, Field(pattern=PATTERN, max_length=64)]
    reason: ClearReason


class ToolChange(AgreedTerms):
    """What is agreed from now on, as a whole, and why."""

    model_config = example(reason="it has moved", **EXAMPLE_TERMS)

    reason: ClearReason


class ToolDeployment(Body):
    """The course on which a tool may be used, and why."""

    model_config = example(course_id="algebra", reason="asked for by mathematics")

    course_id: Id
    reason: ClearReason


class WhyTool(Body):
    """Why."""

    model_config = example(reason="the contract has ended")

    reason: ClearReason


EXAMPLE = RegisteredTool(
    tool_id="tool-equations",
    name="Equations",
    login_url="https://tool.example/login",
    redirect_urls=["https://tool.example/launch"],
    key_set_url="https://tool.example/jwks",
    deep_linking_url="https://tool.example/choose",
    scopes=["line_items", "members", "results", "scores"],
    shares=[],
    courses=["algebra"],
    is_ended=False,
    platform=PlatformForTool(
        issuer="https://campus.example",
        client_id="tool-equations",
        authentication_url="https://campus.example/v1/lti/authorize",
        token_url="https://campus.example/v1/lti/token",  # noqa: S106 - an address
        key_set_url="https://campus.example/v1/lti/keys",
    ),
)


@router.post("/lti/tools", status_code=202, response_model=Accepted, responses=command(403, 409))
async def register_tool(body: ToolToRegister, handle: Dispatch, services: ServicesDep) -> Response:
    """Register a tool. It may be used once it is deployed to a course."""
    return await handle(RegisterTool(body.tool_id, body.terms(services), body.reason))


@router.get("/lti/tools", responses=query(ToolPage(items=[EXAMPLE], next=paging.NEXT), 403))
async def list_tools(
    *, request: Request, ask: QueryDep, services: ServicesDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """The tools by their ids, with those that have ended."""
    (after,) = paging.after("lti-tools", cursor, [str]) or [""]
    head = await services.log.head()
    ask.must_reach(head)
    names = await services.platform.names(after, limit + 1)
    found = await asyncio.gather(*(_shown(services, name) for name in names))
    rows = [(name, msgspec.json.encode(each).decode()) for name, each in zip(names, found, strict=True)]
    return paging.reply(request, ask, RowPage(rows, head), "lti-tools", limit)


@router.get("/lti/tools/{tool_id}", responses=query(EXAMPLE, 403, 404))
async def get_tool(tool_id: ToolId, ask: QueryDep, services: ServicesDep) -> Response:
    """A tool, and what its operator has to know of the campus."""
    head = await services.log.head()
    ask.must_reach(head)
    return ask.reply(msgspec.json.encode(await _shown(services, tool_id)), head)


async def _shown(services: Services, tool_id: str) -> RegisteredTool:
    platform = services.platform
    tool = await platform.tool(tool_id)
    if tool.terms is None:
        raise ToolNotFound(tool_id=tool_id)
    return RegisteredTool(
        tool_id=tool_id,
        courses=sorted(tool.courses),
        is_ended=tool.is_ended,
        platform=PlatformForTool(
            issuer=platform.issuer,
            client_id=tool_id,
            authentication_url=f"{platform.issuer}/v1/lti/authorize",
            token_url=platform.token_url,
            key_set_url=f"{platform.issuer}/v1/lti/keys",
        ),
        **msgspec.structs.asdict(tool.terms),
    )


@router.post("/lti/tools/{tool_id}/change", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def change_tool(tool_id: ToolId, body: ToolChange, handle: Dispatch, services: ServicesDep) -> Response:
    """Agree on other terms with a tool, from now on."""
    return await handle(ChangeTool(tool_id, body.terms(services), body.reason))


@router.post("/lti/tools/{tool_id}/deploy", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def deploy_tool(tool_id: ToolId, body: ToolDeployment, handle: Dispatch) -> Response:
    """Let a tool be used on a course."""
    return await handle(DeployTool(tool_id, body.course_id, body.reason))


@router.post(
    "/lti/tools/{tool_id}/undeploy", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def undeploy_tool(tool_id: ToolId, body: ToolDeployment, handle: Dispatch) -> Response:
    """Use a tool on a course no more."""
    return await handle(UndeployTool(tool_id, body.course_id, body.reason))


@router.post("/lti/tools/{tool_id}/end", status_code=202, response_model=Accepted, responses=command(403, 404))
async def end_tool(tool_id: ToolId, body: WhyTool, handle: Dispatch) -> Response:
    """End a tool, for good: it is launched no more, and its tokens open nothing."""
    return await handle(EndTool(tool_id, body.reason))
