"""Every error that the code can raise is rendered: with its own status, its sentence and all its facts."""

import ast
import importlib
import pkgutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from string import Formatter
from types import ModuleType
from typing import Any

import msgspec
import pytest
from fastapi import Request

import adapters
import api
import commands
import domain
from api.http.errors import HANDLERS, MEMBERS, Problem, status_of
from domain.errors import Conflict, DomainError, Forbidden, NotFound, Rejected
from tests.test_repository import ROOT

GENERAL = {DomainError, NotFound, Conflict, Forbidden, Rejected}
REQUEST = Request({"type": "http", "method": "POST", "path": "/", "headers": [], "request_id": "r-1"})


def _import(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)


def _all(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _all(narrower)


@cache
def _facts_by_call() -> dict[str, set[str]]:
    """By the name of an error, the facts with which it is raised somewhere."""
    found: dict[str, set[str]] = defaultdict(set)
    for package in ("domain", "commands", "adapters", "api", "workers"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    found[name] |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return found


for each in (domain, commands, adapters, api):
    _import(each)
ERRORS = [kind for kind in dict.fromkeys(_all(DomainError)) if kind not in GENERAL and "tests" not in kind.__module__]


def made(kind: type[DomainError]) -> DomainError:
    """An error of this kind with every fact that it can have."""
    fields = {name for _, name, _, _ in Formatter().parse(kind.template) if name} | _facts_by_call()[kind.__name__]
    facts: dict[str, Any] = dict.fromkeys(sorted(fields), "x")
    if kind.__init__ is not DomainError.__init__:
        code = kind.__init__.__code__
        return kind(*["x"] * (code.co_argcount - 1))
    return kind(**facts) if kind.template else kind("a sentence", **facts)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_is_rendered(kind: type[DomainError]) -> None:
    """The status is never 500, the members of a problem document are its own, and no fact is lost."""
    error = made(kind)
    answer = HANDLERS[DomainError](REQUEST, error)
    document = msgspec.json.decode(answer.body)
    assert answer.status_code == document["status"] == status_of(error) != 500
    assert (document["code"], document["detail"], document["request_id"]) == (kind.code, error.sentence, "r-1")
    assert document["type"] == f"urn:campuslog:problem:{kind.code}"
    found = {name: document[f"fact_{name}" if name in MEMBERS else name] for name in error.facts}
    assert found == error.facts
    msgspec.convert(document, Problem)


def test_a_fact_called_status_collides_with_nothing() -> None:
    """A learner who waits is refused with 409, and the status of the enrollment stands beside it."""
    from domain.enrollment import NoAccess

    answer = HANDLERS[DomainError](REQUEST, NoAccess(learner_id="28400", run_id="r", status="waitlisted"))
    document = msgspec.json.decode(answer.body)
    assert (answer.status_code, document["status"], document["fact_status"]) == (409, 409, "waitlisted")


def test_a_fact_that_is_no_json_is_text() -> None:
    """An error must never fail to be shown."""

    class Odd(Conflict):
        """Has a fact of a strange type."""

        code = "odd"
        template = "odd {kind}"

    answer = HANDLERS[DomainError](REQUEST, Odd(kind=int))
    assert msgspec.json.decode(answer.body)["kind"] == str(int)


def test_codes_are_different() -> None:
    """A program that knows a code knows which error it is."""
    codes = Counter(kind.code for kind in ERRORS)
    assert {code for code, number in codes.items() if number > 1} == {"course_not_found"}  # of a version of it, too


def test_routes_declare_no_errors() -> None:
    """What can be wrong is said by the domain, or by what routes have in common; contexts of routes only raise it."""
    _import(api)
    declared = {kind for kind in _all(DomainError) if kind.__module__.startswith("api.")}
    assert {kind.__qualname__ for kind in declared if not kind.__module__.startswith("api.http.")} == set()
