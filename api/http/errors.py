"""
Errors over HTTP, as problem documents (RFC 9457): one table says which kind of error gets which status.

A problem carries `code` (stable, for programs), `detail` (a sentence, for people), the facts of the error, and the
`request_id` under which the log lines of this request stand.
"""

from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from adapters.postgres.connection import Overloaded, Unavailable
from adapters.postgres.log.append import KeyReused, VersionConflict
from adapters.postgres.queries.reader import NotBuilt
from domain.errors import Conflict, DomainError, Forbidden, NotFound, Rejected

STATUS: dict[type[DomainError], int] = {NotFound: 404, Conflict: 409, Forbidden: 403, Rejected: 422}
PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = {"retry-after": "1"}  # seconds

CODES = {404: "no_such_page", 405: "method_not_allowed", 413: "body_too_large", 415: "unsupported_media_type"}

_encode = msgspec.json.Encoder().encode


class Unauthenticated(Exception):
    """The request has no token, or one that was not signed here."""


class BadRequest(Rejected):
    """A part of the request that the schema cannot describe is wrong, such as a cursor."""

    code = "bad_request"


class Problem(msgspec.Struct, omit_defaults=True):
    """A problem document; further members are the facts of the error."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str = ""
    errors: list[dict[str, Any]] = []


def problem(
    request: Request, status: int, code: str, detail: str, headers: dict[str, str] | None = None, /, **facts: Any
) -> Response:
    """A problem document as the answer to *request*."""
    document = {
        "type": f"urn:campuslog:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request.scope.get("request_id", ""),
        **{name: value for name, value in facts.items() if name not in Problem.__struct_fields__ or name == "errors"},
    }
    return Response(_encode(document), status, headers, media_type=PROBLEM_JSON)


def install(app: FastAPI) -> None:
    """Turn every exception that a route may raise into a problem."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)


def _domain_error(request: Request, error: DomainError) -> Response:
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
    return problem(request, status, error.code, error.sentence, **error.facts)


def _unauthenticated(request: Request, error: Exception) -> Response:
    return problem(request, 401, "unauthenticated", str(error), {"www-authenticate": "Bearer"})


def _key_reused(request: Request, error: Exception) -> Response:
    return problem(request, 422, "idempotency_key_reused", str(error))


def _version_conflict(request: Request, error: Exception) -> Response:
    return problem(request, 409, "version_conflict", f"{error}; try again", RETRY_AFTER)


def _unavailable(request: Request, error: Exception) -> Response:
    return problem(request, 503, "unavailable", str(error), RETRY_AFTER)


def _overloaded(request: Request, error: Exception) -> Response:
    return problem(request, 503, "overloaded", str(error), RETRY_AFTER)


def _not_built(request: Request, _: Exception) -> Response:
    return problem(
        request,
        503,
        "not_built",
        "the read model is not built yet: start a projector with `campus worker projector`",
        RETRY_AFTER,
    )


def _invalid(request: Request, error: RequestValidationError) -> Response:
    errors = [{"at": ".".join(map(str, each["loc"])), "problem": each["msg"]} for each in error.errors()]
    first = f"{errors[0]['at']}: {errors[0]['problem']}" if errors else "the request does not fit its schema"
    return problem(request, 422, "invalid_request", first, errors=errors)


def _http_exception(request: Request, error: HTTPException) -> Response:
    code = CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["allow"] = ", ".join(sorted(_methods(request)))
    return problem(request, error.status_code, code, str(error.detail), headers)


def _methods(request: Request) -> set[str]:
    """All methods of all routes with this path."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    fitting = (route.methods or set() for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return set().union(*fitting)


HANDLERS: dict[type[Exception], Any] = {
    DomainError: _domain_error,
    Unauthenticated: _unauthenticated,
    KeyReused: _key_reused,
    VersionConflict: _version_conflict,
    Unavailable: _unavailable,
    Overloaded: _overloaded,
    NotBuilt: _not_built,
    RequestValidationError: _invalid,
    HTTPException: _http_exception,
}
