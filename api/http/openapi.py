"""
The OpenAPI description: what FastAPI knows of the requests, and the shapes of the answers, which are sent as they come
from the read models and so are described by the same structs.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from msgspec.inspect import DateTimeType, DictType, ListType, Metadata, StructType, Type, UnionType, multi_type_info

from api.http.accountability import PARAMETERS
from api.http.csv_text import CSV
from api.http.door.door import FREE
from api.http.errors import PROBLEM_JSON, Problem, known_codes
from api.http.sessions import COOKIE

TEXT, BYTES, ZIP = "text/plain", "application/octet-stream", "application/zip"
REF = "#/components/schemas/{name}"

_shapes: dict[str, type[msgspec.Struct]] = {}
"""By name, each struct that a route answers with; `query` and `open_query` add to it."""

PROBLEMS = {
    400: ("bad_request", "the request cannot be read"),
    401: ("unauthenticated", "send `Authorization: Bearer TOKEN`"),
    403: ("not_yours", "only the learner whom it is about and the staff may do this"),
    404: ("course_not_found", "there is no course algebra"),
    406: ("not_acceptable", "the answer is application/json, and Accept does not take it"),
    409: ("run_closed", "course run algebra-2026 is not open for enrollment"),
    412: ("precondition_failed", "what a command changes has no ETag: leave out If-Match"),
    413: ("body_too_large", "a body has at most 1048576 bytes"),
    415: ("unsupported_media_type", "a body is application/json, not text/plain"),
    416: ("range_not_satisfiable", "the file has 29 bytes"),
    422: ("invalid_request", "body.run_id: String should match pattern"),
    429: ("too_many_requests", "more than 12,000 requests within 60 s (quota 'user'): try again in 3 s"),
    503: ("unavailable", "PostgreSQL does not answer"),
}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same request is answered with the first answer, and done once, for 7 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[ -~]+$"},
    "example": "6f1c8a4e-enroll-28400",
}
MIN_POSITION: dict[str, Any] = {
    "name": "min_position",
    "in": "query",
    "description": "Wait, up to two seconds, until the answer is true for this position of the log; 503 if it is not.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 999_999_999_999_999_999, "default": 0},
    "example": 0,
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an answer that the client has.",
    "schema": {"type": "string"},
}

OF_SESSIONS = ("/v1/auth/", "/v1/me/account/erase")
"""Where no token is taken: what is about the session, and what proves who signs in."""

Responses = dict[int | str, dict[str, Any]]


def query(example: msgspec.Struct, *further: int, csv: str | None = None) -> Responses:
    """The answers of a query: what *example* is one of, or a problem; *csv* is an example of it as CSV."""
    headers = {
        "Campus-Position": {"description": "The position for which the answer is true.", "schema": {"type": "integer"}},
        "ETag": {"description": "Stands for the content.", "schema": {"type": "string"}},
    }
    answer = {**_answer(example), "headers": headers}
    if csv is not None:
        answer["content"][CSV] = {"schema": {"type": "string"}, "example": csv}
    return {
        200: answer,
        304: {"description": "What `If-None-Match` names is still true."},
        **problems(401, 406, 412, 422, 503, *further),
    }


def public_query(example: msgspec.Struct, *further: int) -> Responses:
    """As `query`, for answers of a read model that need no token."""
    return {status: each for status, each in query(example, *further).items() if status != 401}


def open_query(example: msgspec.Struct, *further: int, csv: str | None = None) -> Responses:
    """As `query`, for answers that are not of a read model and need no token."""
    answer = _answer(example)
    if csv is not None:
        answer["content"][CSV] = {"schema": {"type": "string"}, "example": csv}
    return {200: answer, **problems(406, 422, *further)}


def _answer(example: msgspec.Struct) -> dict[str, Any]:
    content = {"schema": _reference(type(example)), "example": msgspec.to_builtins(example)}
    return {"description": type(example).__doc__, "content": {"application/json": content}}


def event_stream(example: str) -> Responses:
    """The answers of a stream of server-sent events."""
    content = {"text/event-stream": {"schema": {"type": "string"}, "example": example}}
    return {
        200: {"description": "Events, for as long as the client stays.", "content": content},
        **problems(401, 403, 404, 406, 422, 503),
    }


def command(*further: int) -> Responses:
    """The problems of a command; its answer is FastAPI's to describe."""
    return problems(400, 401, 406, 412, 413, 415, 422, 503, *further)


def open_text(description: str, example: str, *further: int) -> Responses:
    """As `open_query`, for lines of text."""
    content = {TEXT: {"schema": {"type": "string"}, "example": example}}
    return {200: {"description": description, "content": content}, **problems(406, 422, 503, *further)}


def open_bytes(description: str, *further: int) -> Responses:
    """As `open_query`, for bytes."""
    content = {BYTES: {"schema": {"type": "string", "format": "binary"}, "example": ""}}
    return {200: {"description": description, "content": content}, **problems(404, 406, 422, 503, *further)}


def zip_file(description: str, *further: int) -> Responses:
    """A zip file, and the problems beside those of every one."""
    content = {ZIP: {"schema": {"type": "string", "format": "binary"}, "example": ""}}
    return {200: {"description": description, "content": content}, **problems(404, 406, 422, 503, *further)}


def part_of_file(description: str, *further: int) -> Responses:
    """A file, the part of it that `Range` asks for, and the problems beside those of each."""
    content = {BYTES: {"schema": {"type": "string", "format": "binary"}, "example": ""}}
    return {
        200: {"description": description, "content": content},
        206: {"description": "The part that `Range` asks for.", "content": content},
        304: {"description": "What `If-None-Match` names is still true."},
        **problems(401, 406, 412, 416, 422, 503, *further),
    }


def file_upload(example: msgspec.Struct, *further: int) -> Responses:
    """The answer to bytes that were kept."""
    return {201: _answer(example), **problems(400, 401, 406, 413, 422, 503, *further)}


def asked_for(example: msgspec.Struct, *further: int) -> Responses:
    """The answer to what is made later, and the problems beside those of each."""
    return {202: _answer(example), **problems(401, 403, 406, 409, 422, 503, *further)}


def page(description: str, *further: int) -> Responses:
    """A page for people, and the problems beside those of every page."""
    content = {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>"}}
    return {200: {"description": description, "content": content}, **problems(404, 406, 422, 503, *further)}


def _reference(shape: type[msgspec.Struct]) -> dict[str, str]:
    """A reference to the schema of *shape*, which `describe` will add."""
    if _shapes.setdefault(shape.__name__, shape) is not shape:
        raise TypeError(f"two answers are called {shape.__name__}: rename one")
    return {"$ref": REF.format(name=shape.__name__)}


def problems(*statuses: int) -> Responses:
    """Problem documents of these statuses."""
    return {status: _problem(status) for status in sorted(set(statuses))}


def _problem(status: int) -> dict[str, Any]:
    code, detail = PROBLEMS[status]
    example = {
        "type": f"urn:campuslog:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": "0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    }
    schema = _reference(Problem)
    return {"description": detail, "content": {PROBLEM_JSON: {"schema": schema, "example": example}}}


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole description, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version="3.1.0",
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        _, shapes = msgspec.json.schema_components(_shapes.values(), ref_template=REF)
        components = document.setdefault("components", {})
        bodies = components.setdefault("schemas", {})
        if clash := shapes.keys() & bodies.keys():
            raise AssertionError(f"two shapes have the same name: {clash}")
        for shape in _all_shapes():
            _mark_times(shape, shapes[shape.cls.__name__])
        shapes[Problem.__name__]["properties"]["code"]["enum"] = known_codes()
        bodies.update(shapes)
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _add_common(path, operation)
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        }
        app.openapi_schema = document
    return app.openapi_schema


def _all_shapes() -> Iterator[StructType]:
    """Each struct of an answer, with those in it."""
    seen: set[type] = set()
    waiting = list(multi_type_info(_shapes.values()))
    while waiting:
        found = waiting.pop()
        if isinstance(found, StructType) and found.cls not in seen:
            seen.add(found.cls)
            yield found
            waiting += [field.type for field in found.fields]
        waiting += _parts(found)


def _parts(found: Type) -> list[Type]:
    """The types of which another one is made."""
    match found:
        case UnionType(types):
            return list(types)
        case ListType(item_type):
            return [item_type]
        case DictType(_, value_type):
            return [value_type]
        case Metadata(inner):
            return [inner]
    return []


def _mark_times(shape: StructType, schema: dict[str, Any]) -> None:
    """Say of each field that is a time how it is written: msgspec says so only of types that check the time zone."""
    for field in shape.fields:
        if isinstance(field.type, DateTimeType):
            schema["properties"][field.encode_name]["format"] = "date-time"
        elif isinstance(field.type, UnionType) and any(isinstance(each, DateTimeType) for each in field.type.types):
            for choice in schema["properties"][field.encode_name].get("anyOf", ()):
                if choice.get("type") == "string":
                    choice["format"] = "date-time"


def _add_common(path: str, operation: dict[str, Any]) -> None:
    """What all commands have in common, and what all queries: both are read by hand; and that the door may refuse."""
    responses = operation["responses"]
    if path not in FREE:
        responses.setdefault("429", _problem(429))
    if "401" in responses:
        responses.setdefault("403", _problem(403))  # who is known may still lack a role, a scope, or a second factor
        operation["security"] = [{"session": []}] if path.startswith(OF_SESSIONS) else [{"token": []}, {"session": []}]
    if any(each["name"] == PARAMETERS[0]["name"] for each in operation.get("parameters", ())):
        for status in (400, 412, 422):  # of a head that cannot be taken
            responses.setdefault(str(status), _problem(status))
    if "304" in responses:
        operation.setdefault("parameters", []).extend([MIN_POSITION, IF_NONE_MATCH])
    elif "202" in responses:  # a query may be answered 202 as well, while it is folded as of a moment
        operation["parameters"] = [*operation.get("parameters", []), IDEMPOTENCY_KEY]
