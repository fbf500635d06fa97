"""
Who sends a request: the user of a token, of a cookie, or of a ticket for streams.

What this user may do says the policy (api/http/policy), which is asked before each route.
"""

from typing import Annotated

from fastapi import Depends, Request

from adapters.jwt import JwtClaims
from api.http.services import get_services
from api.http.sessions import session_of_cookies, user_by_cookie, user_by_token

PRINCIPAL = "principal"
"""The member of a request's scope that has its user, once it is known."""


def user_of(request: Request, *, takes_ticket: bool = False) -> JwtClaims:
    """
    The user whose token the request carries, or whom its cookie names; raises Unauthenticated.

    Args:
        takes_ticket: whether a ticket in the query string stands in for both, as for streams of events.
    """
    known: JwtClaims | None = request.scope.get(PRINCIPAL)
    if known is None:
        known = request.scope[PRINCIPAL] = _found(request, takes_ticket=takes_ticket)
    return known


def _found(request: Request, *, takes_ticket: bool) -> JwtClaims:
    tokens, header = get_services(request).tokens, request.headers.get("authorization")
    if header is not None:
        return user_by_token(request) or tokens.user(header)
    if takes_ticket and (ticket := request.query_params.get("ticket")) is not None:
        return tokens.ticket_holder(ticket)
    if session_of_cookies(request.headers.get("cookie", "")):  # one that has ended is not what a gateway has seen of it
        return user_by_cookie(request) or tokens.user(None)
    passed_on: JwtClaims | None = request.scope.get("identity")  # by the gateway, which keeps the token
    return passed_on or tokens.user(None)


async def current_user(request: Request) -> JwtClaims:
    """`user_of`, for the routes that need nothing else of the request."""
    return user_of(request)


CurrentUser = Annotated[JwtClaims, Depends(current_user)]
