"""
Errors over HTTP, as problem documents (RFC 9457): one table says which kind of error gets which status.

A problem carries `code` (stable, for programs), `detail` (a sentence, for people), the facts of the error, and the
`request_id` under which the log lines of this request stand. A fact that is called like a member of every problem
document, such as the `status` of an enrollment, stands there as `fact_status`.
"""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from adapters.auth.attempts import TooManyAttempts
from adapters.postgres.analytics.table import TooManyQuestions
from adapters.postgres.connection import Overloaded, PostgresError, Unavailable, is_broken, unavailable
from adapters.postgres.log.append import KeyReused, LifeEnded, VersionConflict
from adapters.postgres.queries.reader import NotBuilt
from api.http.places import TooManyStreams
from api.http.types import EXPECTED
from domain.errors import Conflict, DomainError, Forbidden, NotFound, Rejected
from domain.payment.errors import BadWebhook
from domain.user_errors import TooManyExports

STATUS: dict[type[DomainError], int] = {NotFound: 404, Conflict: 409, Forbidden: 403, Rejected: 422}
PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = {"retry-after": "1"}  # seconds
RETRY_STREAM_AFTER = {"retry-after": "10"}  # seconds; a place is free when another client has gone

CODES = {
    404: "no_such_page",
    405: "method_not_allowed",
    408: "body_too_slow",
    413: "body_too_large",
    415: "unsupported_media_type",
}
UNAUTHENTICATED, INVALID, INTERNAL = "unauthenticated", "invalid_request", "internal_error"
KEY_REUSED, VERSION_CONFLICT = "idempotency_key_reused", "version_conflict"
UNAVAILABLE, OVERLOADED, TOO_MANY_STREAMS, NOT_BUILT = "unavailable", "overloaded", "too_many_streams", "not_built"
POSITION_NOT_REACHED, NOT_SERVED_HERE = "position_not_reached", "not_served_here"
NO_INSTANCE, INSTANCE_BROKE_OFF = "no_instance", "instance_broke_off"
OWN_CODES = (
    *("token_request_refused", "logout_token_refused"),  # of what OAuth and OpenID Connect have their own words for
    *(UNAUTHENTICATED, INVALID, INTERNAL, KEY_REUSED, VERSION_CONFLICT),
    *(UNAVAILABLE, OVERLOADED, TOO_MANY_STREAMS, NOT_BUILT, POSITION_NOT_REACHED),
    *(NOT_SERVED_HERE, NO_INSTANCE, INSTANCE_BROKE_OFF),  # of contexts that are served apart
    "range_not_satisfiable",
    *("too_many_requests", "tried_too_often", "head_too_large", "target_too_long", "header_twice"),  # of api/http/door
)

_encode = msgspec.json.Encoder(enc_hook=str).encode


class Unauthenticated(Exception):
    """The request has no token, or one that was not signed here."""


class PositionNotReached(Exception):
    """A read model is not as far as the client asks for, after all the time that a query waits."""

    def __init__(self, min_position: int, position: int) -> None:
        super().__init__(
            f"the read model is at position {position}, not yet at min_position {min_position}: ask again, or without"
            " min_position for what is true now"
        )
        self.facts = {"min_position": min_position, "position": position}


class BadRequest(Rejected):
    """A part of the request that the schema cannot describe is wrong, such as a cursor."""

    code = "bad_request"


class UnknownParameters(BadRequest):
    """The query string has a name that means nothing here, or one twice."""

    code = "unknown_parameter"


class LearnerNotFound(NotFound):
    """Nothing has ever been recorded about a learner of this id."""

    code = "learner_not_found"
    template = "nothing is recorded about learner {learner_id}"


class NotAcceptable(BadRequest):
    """The client takes nothing that the route could send."""

    code = "not_acceptable"


class PreconditionFailed(BadRequest):
    """What `If-Match` names is not what is there."""

    code = "precondition_failed"


class UnsupportedBody(BadRequest):
    """The body is no JSON, by what its headers say."""

    code = "unsupported_media_type"


class UnknownColumn(Rejected):
    """What is the same for all lines has no place in them."""

    code = "unknown_column"
    template = "lines of {kind} have no {column!r} that is the same for all: they have {columns}"


class AmbiguousLines(Rejected):
    """A request has a file and a list, or neither."""

    code = "ambiguous_lines"
    template = "send either `csv`, or `ids` of persons with what is the same for all in `fields`"


class TooManyBulkLines(Rejected):
    """A job is longer than one request takes."""

    code = "too_many_bulk_lines"
    template = "there are {lines} lines, and one request takes {most}: divide them"


class TooManyInvited(Rejected):
    """A file is longer than one request takes."""

    code = "too_many_lines"
    template = "the file has {lines} lines, and one request takes {most}: divide it, or use `campus account invite`"


class SourceNotKept(NotFound):
    """No rule with this hash was served here since sources are kept."""

    code = "source_not_kept"
    template = "no source with the hash {source_hash} is kept"


class BadIds(BadRequest):
    """A list of ids with something that is none, or with too many."""

    code = "bad_ids"


class NoSuchType(BadRequest):
    """No fact is of the type, or of the context, that a filter names."""

    code = "no_such_type"


class Defect(msgspec.Struct):
    """What is wrong at one place of a request, such as `body.run_id`."""

    at: str
    problem: str


class Problem(msgspec.Struct, omit_defaults=True):
    """A problem document; further members are the facts of the error."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str = ""
    errors: list[Defect] = []


STATUS_OF_REQUEST: Mapping[type[DomainError], int] = {
    BadWebhook: 400,
    NotAcceptable: 406,
    PreconditionFailed: 412,
    UnsupportedBody: 415,
    TooManyAttempts: 429,
    TooManyExports: 429,
    TooManyQuestions: 429,
}
MEMBERS = frozenset({*Problem.__struct_fields__, "instance"})


def status_of(error: DomainError) -> int:
    """The HTTP status of an error."""
    of_request = STATUS_OF_REQUEST.get(type(error))
    return of_request or next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def known_codes() -> list[str]:
    """The codes of all problems, for the description: those of the domain, and those of this layer."""
    return sorted({*CODES.values(), *OWN_CODES, *(kind.code for kind in _narrower(DomainError))})


def _narrower(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _narrower(each)


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    headers: dict[str, str] | None = None,
    *,
    facts: Mapping[str, Any] = {},
    errors: Sequence[Defect] = (),
) -> Response:
    """A problem document as the answer to *request*."""
    body = document(request, status, code, detail, facts=facts, errors=errors)
    return Response(_encode(body), status, headers, media_type=PROBLEM_JSON)


def document(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    facts: Mapping[str, Any] = {},
    errors: Sequence[Defect] = (),
) -> dict[str, Any]:
    """What a problem document of *request* says."""
    request.scope["problem"] = code  # for the access log
    return {
        "type": f"urn:campuslog:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request.scope.get("request_id", ""),
        **({"errors": errors} if errors else {}),
        **{f"fact_{name}" if name in MEMBERS else name: value for name, value in facts.items()},
    }


def install(app: FastAPI) -> None:
    """Turn every exception that a route may raise into a problem."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)


def _domain_error(request: Request, error: DomainError) -> Response:
    headers = {"retry-after": str(error.facts["retry_after"])} if "retry_after" in error.facts else None
    return problem(request, status_of(error), error.code, error.sentence, headers, facts=error.facts)


def _unauthenticated(request: Request, error: Exception) -> Response:
    return problem(request, 401, UNAUTHENTICATED, str(error), {"www-authenticate": "Bearer"})


def _key_reused(request: Request, error: Exception) -> Response:
    return problem(request, 422, KEY_REUSED, str(error))


def _version_conflict(request: Request, error: Exception) -> Response:
    return problem(request, 409, VERSION_CONFLICT, f"{error}; try again", RETRY_AFTER)


def _unavailable(request: Request, error: Exception) -> Response:
    return problem(request, 503, UNAVAILABLE, str(error), RETRY_AFTER)


def _postgres_error(request: Request, error: Exception) -> Response:
    """An error of the server that no adapter has turned into Unavailable; any other is a bug of ours."""
    if not is_broken(error):
        raise error
    return _unavailable(request, unavailable(error))


def _overloaded(request: Request, error: Exception) -> Response:
    return problem(request, 503, OVERLOADED, str(error), RETRY_AFTER)


def _position_not_reached(request: Request, error: PositionNotReached) -> Response:
    return problem(request, 503, POSITION_NOT_REACHED, str(error), RETRY_AFTER, facts=error.facts)


def _too_many_streams(request: Request, error: Exception) -> Response:
    return problem(request, 503, TOO_MANY_STREAMS, str(error), RETRY_STREAM_AFTER)


def _not_built(request: Request, _: Exception) -> Response:
    return problem(
        request,
        503,
        NOT_BUILT,
        "the read model is not built yet (start a projector with `campus worker projector`), or an older version has"
        " built it (`campus projections status` says so; `campus projections rebuild` builds it again)",
        RETRY_AFTER,
    )


def _invalid(request: Request, error: RequestValidationError) -> Response:
    errors = [Defect(".".join(map(str, each["loc"])), _in_words(each)) for each in error.errors()]
    first = f"{errors[0].at}: {errors[0].problem}" if errors else "the request does not fit its schema"
    return problem(request, 422, INVALID, first, errors=errors)


def _in_words(defect: dict[str, Any]) -> str:
    """What is wrong with a field; a pattern that people would have to decipher, by what it stands for."""
    expected = EXPECTED.get(defect.get("ctx", {}).get("pattern", ""))
    return defect["msg"].removeprefix("Value error, ") if expected is None else f"has to be {expected}"


def _http_exception(request: Request, error: HTTPException) -> Response:
    code = CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 405:
        headers["allow"] = ", ".join(sorted(_methods(request)))
        if request.method == "OPTIONS":
            return Response(None, 204, headers)
    return problem(request, error.status_code, code, str(error.detail), headers)


def _methods(request: Request) -> set[str]:
    """All methods that this path answers: those of its routes, `HEAD` where there is `GET`, and `OPTIONS`."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    fitting = (route.methods or set() for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    methods = set().union(*fitting) or {"GET"}  # of a folder of files
    return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


HANDLERS: dict[type[Exception], Any] = {
    DomainError: _domain_error,
    Unauthenticated: _unauthenticated,
    KeyReused: _key_reused,
    VersionConflict: _version_conflict,
    LifeEnded: _unavailable,
    Unavailable: _unavailable,
    PostgresError: _postgres_error,
    Overloaded: _overloaded,
    NotBuilt: _not_built,
    PositionNotReached: _position_not_reached,
    TooManyStreams: _too_many_streams,
    RequestValidationError: _invalid,
    HTTPException: _http_exception,
}
