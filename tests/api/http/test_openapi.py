"""Schemathesis: whatever the OpenAPI description allows, and what it does not, is answered as it says."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.hypothesis import builder
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from adapters.settings import Settings
from api.app import build
from api.http.as_of import LARGEST
from api.http.openapi import MIN_POSITION
from tests.support.api_process import Served, serving

FEW, MANY = 5, 50  # examples of each operation and each way to make them

NOT_OURS = [
    ignored_auth,  # sees the token that we add as one that it had left out; test_http.py asks without
    positive_data_acceptance,  # the domain refuses more than a schema can say, such as a key that does not fit its quiz
]
NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="only-for-the-description")


def described() -> Iterator[tuple[str, Any]]:
    """Each operation with its label."""
    schema = schemathesis.openapi.from_dict(build(NOWHERE).openapi())
    for operation in schema.exclude(path_regex="/events$|/metrics$|/replay$").get_all_operations():
        assert isinstance(operation, Ok), operation.err()
        yield operation.ok().label, operation.ok()


OPERATIONS = dict(described())
"""All but streams, and what is no JSON."""

LEFT_OUT = (
    builder.InvalidHeadersExampleMark,
    builder.InvalidRegexMark,
    builder.MissingPathParameters,
    builder.NonSerializableMark,
    builder.UnsatisfiableExampleMark,
    builder.UnserializablePayloadMark,
)
"""Marks of an operation for which not all cases could be made."""


@pytest.fixture(scope="module")
def api(lively: Settings) -> Iterator[Served]:
    """The API in a process of its own."""
    with serving(lively) as served:
        yield served


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_as_described(label: str, api: Served) -> None:
    """No 5xx, no status, content type or body that the description does not name."""
    assert_as_described(OPERATIONS[label], api, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("label", OPERATIONS)
def test_many_answers_are_as_described(label: str, api: Served) -> None:
    """The same for more of what the description allows."""
    assert_as_described(OPERATIONS[label], api, MANY)


def assert_as_described(operation: Any, api: Served, max_examples: int) -> None:
    """
    Make the cases of *operation*, send them, and hold the answers against the description.

    `schema.parametrize()` would make them when tests are collected: half of what collecting cost each worker of
    pytest-xdist, also those that run none of these tests.
    """
    load_all_checks()

    @examples(max_examples=max_examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def answered(case: "schemathesis.Case[Any]") -> None:
        send(case, api)

    schema = operation.schema
    feedback = FeedbackSources(constants_value_source=make_constants_value_source(schema))
    test = build_operation_test(
        config=schema.config, operation=operation, test_func=answered, given_kwargs={}, feedback=feedback
    )
    assert not [mark for mark in LEFT_OUT if mark.is_set(test)]
    test()


def send(case: "schemathesis.Case[Any]", api: Served) -> None:
    """Send *case*, and hold its answer against the description."""
    if _is_allowed(case.query.get("min_position"), MIN_POSITION["schema"]["maximum"]):
        case.query["min_position"] = 0  # any other would be waited for
    if "202" in case.operation.definition.raw["responses"] and (
        "valid_at" in case.query or _is_allowed(case.query.get("known_at"), LARGEST)
    ):
        case.query["known_at"] = 0  # as of any other moment a fold would be waited for
    headers = {"authorization": f"Bearer {api.token}"}
    excluded = [*NOT_OURS, negative_data_rejection] if [] in case.query.values() else NOT_OURS  # [] is not sent
    case.call_and_validate(base_url=api.url, headers=headers, excluded_checks=excluded)


def _is_allowed(position: object, largest: int) -> bool:
    """Whether it is a position that the description allows; the others are sent as they are, to be refused."""
    text = str(position)
    return text.isascii() and text.isdigit() and int(text[:20]) <= largest
