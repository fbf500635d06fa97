"""Templates have words for each state that the API can say; one that is missing would be an error on its page."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
from jinja2 import nodes

from api.bulk_jobs import BulkProgress
from domain.payment.payment import PaymentStatus
from domain.payment.reconciliation import Kind
from domain.progress.at_risk import ReasonCode
from tests.support.description import description
from web.rendering import _environment


def words_of(template: str, name: str) -> set[str]:
    """The states for which a template sets words by this name."""
    environment = _environment("en")
    tree = environment.parse(environment.loader.get_source(environment, template)[0])  # type: ignore[union-attr]
    found = next(each.node for each in tree.find_all(nodes.Assign) if getattr(each.target, "name", "") == name)
    assert isinstance(found, nodes.Dict)
    return {str(each.key.as_const()) for each in found.items}


def said(schema: str, member: str) -> set[str]:
    """The words of a closed list, by the description of the API."""
    place: Any = description()["components"]["schemas"][schema]["properties"][member]
    return set(place["enum"])


@pytest.mark.parametrize(
    ("template", "name", "states"),
    [
        ("admin/jobs.html", "states", lambda: said(BulkProgress.__name__, "status")),
        ("admin/order.html", "paid", lambda: {each.value for each in PaymentStatus}),
        ("admin/ledger.html", "kinds", lambda: {each.value for each in Kind}),
        ("teach/run.html", "reasons", lambda: set(get_args(ReasonCode))),
    ],
)
def test_each_state_has_its_words(template: str, name: str, states: Callable[[], set[str]]) -> None:
    """All of them, and no others."""
    assert words_of(template, name) == states()
