"""Schemathesis: whatever the OpenAPI description allows, and what it does not, is answered as it says."""

from collections.abc import Iterator

import pytest
import requests

from adapters.settings import Settings
from tests.support.api_process import Served, serving
from tests.support.described import LABELS, Case, answer_as_described, each_case, operations

FEW, EVERY = 3, 16
"""Examples of each operation; every so many-th is also sent what a system makes. The slow test by role sends all."""


@pytest.fixture(scope="module")
def api(lively: Settings) -> Iterator[Served]:
    """The API in a process of its own."""
    with serving(lively) as served:
        yield served


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Connections that are used again."""
    with requests.Session() as session:
        yield session


def test_every_operation_is_asked() -> None:
    """The routes and the description have the same ones."""
    assert sorted(operations()) == sorted(LABELS)


@pytest.mark.parametrize("label", LABELS)
def test_every_answer_is_as_described(label: str, api: Served, session: requests.Session) -> None:
    """No 5xx, no status, content type or body that the description does not name."""

    def send(case: Case) -> None:
        answer_as_described(case, api.url, api.token, session)

    each_case(operations()[label], FEW, send, systematic=LABELS.index(label) % EVERY == 0)
