"""Requests that schemathesis makes of the OpenAPI description, and what every answer to them has to be."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import requests
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.hypothesis import builder
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from api.app import build
from api.http.as_of import LARGEST
from api.http.openapi import MIN_POSITION
from tests.support.description import NOWHERE, description

Case = schemathesis.Case[Any]

NOT_OURS = [
    ignored_auth,  # sees the token that we add as one that it had left out; test_http.py asks without
    positive_data_acceptance,  # the domain refuses more than a schema can say, such as a key that does not fit its quiz
]
TAKEN_TWICE = ("/v1/clients/token", "/v1/webhooks/stripe")
"""Paths that another template takes as well (`/v1/clients/{client_id}`): they have the methods of both."""

TOO_LARGE = 413
"""Refuses what is too long as a whole, which the check of wrong data does not take for a refusal."""


LEFT_OUT_PATHS = "/events$|/metrics$|/replay$"
"""Streams, and what is no JSON."""


def labels() -> Iterator[str]:
    """Method and path of each operation, by the routes: to make the description takes a second of each worker."""
    for route in build(NOWHERE).routes:
        if isinstance(route, APIRoute) and route.include_in_schema and not re.search(LEFT_OUT_PATHS, route.path_format):
            yield from (f"{method} {route.path_format}" for method in sorted(route.methods or ()))


LABELS = list(labels())


@cache
def operations() -> dict[str, Any]:
    """Each operation of the description, by its label."""
    schema = schemathesis.openapi.from_dict(deepcopy(description()))
    found = {}
    for operation in schema.exclude(path_regex=LEFT_OUT_PATHS).get_all_operations():
        assert isinstance(operation, Ok), operation.err()
        found[operation.ok().label] = operation.ok()
    return found


LEFT_OUT = (
    builder.InvalidHeadersExampleMark,
    builder.InvalidRegexMark,
    builder.MissingPathParameters,
    builder.NonSerializableMark,
    builder.UnsatisfiableExampleMark,
    builder.UnserializablePayloadMark,
)
"""Marks of an operation for which not all cases could be made."""


def each_case(operation: Any, max_examples: int, send: Callable[[Case], None], *, systematic: bool = True) -> None:
    """
    Make the cases of *operation*, and *send* each: so many at random, and if *systematic* those that are made by a
    system (values at borders, wrong types, what is missing), of which making one takes as long as sending it.

    `schema.parametrize()` would make them when tests are collected: half of what collecting cost each worker of
    pytest-xdist, also those that run none of these tests.
    """
    load_all_checks()
    schema = operation.schema
    schema.config.phases_for(operation=operation).coverage.enabled = systematic

    @examples(max_examples=max_examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def answered(case: Case) -> None:
        send(case)

    feedback = FeedbackSources(constants_value_source=make_constants_value_source(schema))
    test = build_operation_test(
        config=schema.config, operation=operation, test_func=answered, given_kwargs={}, feedback=feedback
    )
    assert not [mark for mark in LEFT_OUT if mark.is_set(test)]
    test()


def answer_as_described(
    case: Case, url: str, token: str | None, session: requests.Session | None = None, *, mended: bool = False
) -> Response:
    """
    Send *case* with a token, or without one; hold the answer against the description.

    Args:
        mended: what was wrong in the case may be right by now.
    """
    if _is_allowed(case.query.get("min_position"), MIN_POSITION["schema"]["maximum"]):
        case.query["min_position"] = 0  # any other would be waited for
    if "202" in case.operation.definition.raw["responses"] and (
        "valid_at" in case.query or _is_allowed(case.query.get("known_at"), LARGEST)
    ):
        case.query["known_at"] = 0  # as of any other moment a fold would be waited for
    headers = {"authorization": f"Bearer {token}"} if token is not None else {}
    excluded = list(NOT_OURS)
    answer = case.call(base_url=url, session=session, headers=headers)
    if mended or [] in case.query.values() or answer.status_code == TOO_LARGE:  # [] is not sent
        excluded.append(negative_data_rejection)
    if case.operation.path in TAKEN_TWICE:
        excluded += [allow_header_conformance, unsupported_method]
    case.validate_response(
        answer, headers=headers, excluded_checks=excluded, transport_kwargs={"session": session, "headers": headers}
    )
    return answer


def _is_allowed(position: object, largest: int) -> bool:
    """Whether it is a position that the description allows; the others are sent as they are, to be refused."""
    text = str(position)
    return text.isascii() and text.isdigit() and int(text[:20]) <= largest
