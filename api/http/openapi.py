"""
The OpenAPI description: what FastAPI knows of the requests, and the shapes of the answers, which are sent as they come
from the read models and so are described by the same structs.
"""

from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import answers
from api.http.errors import PROBLEM_JSON, Problem
from projections.catalog import CatalogQuiz, CatalogRun, CatalogStructure
from projections.learner_dashboard import Dashboard
from projections.recent_activity import RecentFacts

REF = "#/components/schemas/{name}"

SHAPES: tuple[type[msgspec.Struct], ...] = (
    Problem,
    Dashboard,
    RecentFacts,
    CatalogStructure,
    CatalogRun,
    CatalogQuiz,
    answers.LoggedIn,
    answers.CoursePage,
    answers.CourseDetail,
    answers.RunPage,
    answers.QuizPage,
    answers.CampusOverview,
    answers.RunDashboard,
    answers.GradebookPage,
    answers.HistoryPage,
    answers.Alive,
    answers.Readiness,
)

PROBLEMS = {
    400: ("bad_request", "the request cannot be read"),
    401: ("unauthenticated", "send `Authorization: Bearer TOKEN`"),
    403: ("not_yours", "only learner 28400 and the staff may do this"),
    404: ("course_not_found", "there is no course algebra"),
    409: ("run_closed", "course run algebra-2026 is not open for enrollment"),
    413: ("body_too_large", "a body has at most 1048576 bytes"),
    422: ("invalid_request", "body.run_id: String should match pattern"),
    503: ("unavailable", "PostgreSQL does not answer"),
}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same request is answered with the first answer, and done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[ -~]+$"},
    "example": "6f1c8a4e-enroll-28400",
}
MIN_POSITION = {
    "name": "min_position",
    "in": "query",
    "description": "Wait, up to two seconds, until the answer is true for this position of the log.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 999_999_999_999_999_999, "default": 0},
    "example": 0,
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an answer that the client has.",
    "schema": {"type": "string"},
}

Responses = dict[int | str, dict[str, Any]]


def query(shape: type[msgspec.Struct], example: Any, *problems: int) -> Responses:
    """The answers of a query: the *shape*, with an *example*, or one of *problems*."""
    content = {"schema": {"$ref": REF.format(name=shape.__name__)}, "example": msgspec.to_builtins(example)}
    headers = {
        "Campus-Position": {"description": "The position for which the answer is true.", "schema": {"type": "integer"}},
        "ETag": {"description": "Stands for the content.", "schema": {"type": "string"}},
    }
    return {
        200: {"description": shape.__doc__, "headers": headers, "content": {"application/json": content}},
        304: {"description": "What `If-None-Match` names is still true."},
        **_problems(401, 422, 503, *problems),
    }


def open_query(shape: type[msgspec.Struct], example: Any, *problems: int) -> Responses:
    """As `query`, for answers that are not of a read model and need no token."""
    content = {"schema": {"$ref": REF.format(name=shape.__name__)}, "example": msgspec.to_builtins(example)}
    return {200: {"description": shape.__doc__, "content": {"application/json": content}}, **_problems(*problems)}


def event_stream(example: str) -> Responses:
    """The answers of a stream of server-sent events."""
    content = {"text/event-stream": {"schema": {"type": "string"}, "example": example}}
    return {
        200: {"description": "Events, for as long as the client stays.", "content": content},
        **_problems(401, 403, 422),
    }


def command(*problems: int) -> Responses:
    """The problems of a command; its answer is FastAPI's to describe."""
    return _problems(400, 401, 413, 422, 503, *problems)


def _problems(*statuses: int) -> Responses:
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
    schema = {"$ref": REF.format(name=Problem.__name__)}
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
        _, shapes = msgspec.json.schema_components(SHAPES, ref_template=REF)
        components = document.setdefault("components", {})
        bodies = components.setdefault("schemas", {})
        if clash := shapes.keys() & bodies.keys():
            raise AssertionError(f"two shapes have the same name: {clash}")
        bodies.update(shapes)
        for operations in document["paths"].values():
            for operation in operations.values():
                _add_common(operation)
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = document
    return app.openapi_schema


def _add_common(operation: dict[str, Any]) -> None:
    """What all commands have in common, and what all queries: both are read by hand."""
    responses = operation["responses"]
    if "401" in responses:
        operation["security"] = [{"token": []}]
    if "202" in responses:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    if "304" in responses:
        operation.setdefault("parameters", []).extend([MIN_POSITION, IF_NONE_MATCH])
