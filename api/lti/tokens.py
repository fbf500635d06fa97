"""
Access tokens of tools (RFC 6749, 4.4), for what is agreed with them; they last an hour.

A tool proves itself by a JWT of its key (RFC 7523; IMS security framework 1.0, 4.1), which is taken once.
"""

from collections.abc import Mapping

import msgspec
from fastapi import Request, Response

from adapters.auth.clients import ASSERTION
from adapters.lti import claims as said
from adapters.lti.platform import ACCESS_LASTS
from adapters.lti.proofs import ToolRefused, issuer_of
from api.http.errors import problem
from api.http.forms import FORM, form_of
from api.http.openapi import problems
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.lti.asking import answers

router = strict_router("lti", "/v1")
LARGEST_FORM, MOST_FIELDS = 32_768, 20
SCOPE_OF = {name: scope for scope, name in said.SCOPE_NAMES.items()}
TOKEN_EXAMPLE = {
    "access_token": "7PxvZw…",
    "token_type": "Bearer",
    "expires_in": 3_600,
    "scope": said.SCOPE_NAMES["scores"],
}
TOKEN_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "properties": {
                        name: {"type": "string"}
                        for name in ("grant_type", "client_assertion_type", "client_assertion", "scope")
                    },
                    "required": ["grant_type", "client_assertion_type", "client_assertion", "scope"],
                },
                "example": {
                    "grant_type": "client_credentials",
                    "client_assertion_type": ASSERTION,
                    "client_assertion": "eyJhbGciOiJSUzI1NiJ9…",
                    "scope": said.SCOPE_NAMES["scores"],
                },
            }
        },
    }
}


@router.post(
    "/lti/token",
    responses={**answers("application/json", TOKEN_EXAMPLE), **problems(400, 401, 413, 415, 503)},
    openapi_extra=TOKEN_FORM,
)
async def issue_tool_token(request: Request, services: ServicesDep) -> Response:
    """A token for a tool that has proved itself (RFC 6749, 4.4; RFC 7523). Refusals have `error` of RFC 6749, 5.2."""
    form = await form_of(request, largest=LARGEST_FORM, most_fields=MOST_FIELDS)
    if form is None or "scope" not in form:
        return _refused(request, 400, "invalid_request", f"the body is a form ({FORM}), each field once, with scope")
    if form.get("grant_type") != "client_credentials":
        return _refused(request, 400, "unsupported_grant_type", "the only grant here is client_credentials")
    try:
        tool_id = await _proven(services, form)
    except ToolRefused as error:
        return _refused(request, 401, "invalid_client", error.sentence)
    terms, asked = (await services.platform.tool(tool_id)).terms, form["scope"].split()
    scopes = [SCOPE_OF[name] for name in asked if name in SCOPE_OF and terms and SCOPE_OF[name] in terms.scopes]
    if not scopes or len(scopes) < len(asked):
        return _refused(
            request, 400, "invalid_scope", "one of these scopes is not agreed with the tool, or none is named"
        )
    token = await services.platform.grant(tool_id, scopes, services.log.clock.now())
    lasts = int(ACCESS_LASTS.total_seconds())
    answer = {"access_token": token, "token_type": "Bearer", "expires_in": lasts, "scope": " ".join(asked)}
    return Response(msgspec.json.encode(answer), headers={"cache-control": "no-store"}, media_type="application/json")


async def _proven(services: Services, form: Mapping[str, str]) -> str:
    """The tool that has sent this; raises ToolRefused."""
    text, platform = form.get("client_assertion", ""), services.platform
    tool_id = issuer_of(text)
    if form.get("client_assertion_type") != ASSERTION:
        raise ToolRefused(tool_id=tool_id[:64], why="client_assertion_type is not that of a JWT")
    found = await platform.claims_of(tool_id, text, "jti", (platform.token_url, platform.issuer))
    if found.get("sub") != tool_id:
        raise ToolRefused(tool_id=tool_id, why="sub is not its client_id")
    return tool_id


def _refused(request: Request, status: int, error: str, detail: str) -> Response:
    headers = {"cache-control": "no-store"}
    code = ToolRefused.code if status == 401 else "token_request_refused"
    return problem(request, status, code, detail, headers, facts={"error": error})
