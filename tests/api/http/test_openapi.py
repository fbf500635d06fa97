"""Schemathesis: whatever the OpenAPI description allows, and what it does not, is answered as it says."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from adapters.settings import Settings
from api.app import build
from tests.support.api_process import Served, serving

FEW, MANY = 5, 50  # examples of each operation and each way to make them

NOT_OURS = [
    ignored_auth,  # sees the token that we add as one that it had left out; test_http.py asks without
    positive_data_acceptance,  # the domain refuses more than a schema can say, such as a key that does not fit its quiz
]
NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="only-for-the-description")
schema = schemathesis.openapi.from_dict(build(NOWHERE).openapi()).exclude(
    path_regex="/events$|/metrics$|/replay$"  # streams, and no JSON
)


@pytest.fixture(scope="module")
def api(lively: Settings) -> Iterator[Served]:
    """The API in a process of its own."""
    with serving(lively) as served:
        yield served


@schema.parametrize()
@examples(max_examples=FEW, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_answer_is_as_described(case: "schemathesis.Case[Any]", api: Served) -> None:
    """No 5xx, no status, content type or body that the description does not name."""
    assert_as_described(case, api)


@pytest.mark.slow
@schema.parametrize()
@examples(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_many_answers_are_as_described(case: "schemathesis.Case[Any]", api: Served) -> None:
    """The same for more of what the description allows."""
    assert_as_described(case, api)


def assert_as_described(case: "schemathesis.Case[Any]", api: Served) -> None:
    """Send *case*, and hold its answer against the description."""
    if str(case.query.get("min_position", "")).isdigit():
        case.query["min_position"] = 0  # any other would be waited for
    if "202" in case.operation.definition.raw["responses"] and (
        "valid_at" in case.query or str(case.query.get("known_at", "")).isdigit()
    ):
        case.query["known_at"] = 0  # as of any other moment a fold would be waited for
    headers = {"authorization": f"Bearer {api.token}"}
    case.call_and_validate(base_url=api.url, headers=headers, excluded_checks=NOT_OURS)
