"""
A context is whole: registries, import contracts, docs/facts.md, tests and folders name the same ones.

If a new context is left out anywhere, a failing test names the place; docs/howto/add-a-context.md goes through all of
them.
"""

import inspect
import re
import sys
import tomllib
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from typing import Any

import pytest

from api.app import ROUTERS
from api.http.policy.rows import ROWS
from api.http.routing import operation_id
from commands.table import HANDLERS
from domain.registry import AGGREGATES, FACTS
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS
from tests.support.given import STREAMS
from workers.reactions import JOBS, REACTIONS

ROOT = Path(__file__).parents[1]
MACHINERY = {
    "domain": {
        "aggregate",
        "capacity",
        "codec",
        "consents",
        "deadlines",
        "enrollment_errors",
        "erasures",
        "errors",
        "fact",
        "grading",
        "identity_errors",
        "ratio",
        "recording",
        "kinds",
        "late_policy",
        "links",
        "passwords",
        "personal",
        "profiles",
        "proofs",
        "questions",
        "quiz_errors",
        "registry",
        "score",
        "streams",
        "tags",
        "unit_scores",
        "user_errors",
        "web_addresses",
        "weeks",
        "words",
    },
    "commands": {"clock", "log", "lookups", "table"},
    "projections": {"engine", "registry"},
    "api": {"app", "http"},
    "workers/reactions": {"attempts", "job", "notice", "plan_changes", "reaction"},
}
"""Modules of a layer's own folder that are no context, read model or route: the only lists to extend by hand."""

CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]


def modules(folder: str) -> set[str]:
    """The modules and packages of a folder that a product person would name."""
    found = {path.stem for path in (ROOT / folder).glob("[a-z]*.py")}
    found |= {path.parent.name for path in (ROOT / folder).glob("[a-z]*/__init__.py")}
    return found - MACHINERY[folder]


def within(package: str, name: str) -> str:
    """The module or package of *package* in which a module stands."""
    return name.removeprefix(f"{package}.").partition(".")[0]


def last(name: str) -> str:
    """The last part of a dotted name."""
    return name.rpartition(".")[2]


def independent(package: str) -> set[str]:
    """The modules of *package* that an import contract keeps from importing each other."""
    listed = {
        name
        for contract in CONTRACTS
        if contract["type"] == "independence"
        for name in contract["modules"]
        if name.rpartition(".")[0] == package
    }
    return modules(package.replace(".", "/")) if f"{package}.*" in listed else {last(name) for name in listed}


CONTEXTS = {within("domain", aggregate.__module__) for aggregate in AGGREGATES}


def test_every_module_of_the_domain_is_registered() -> None:
    """A file in domain/ that is no machinery has an aggregate in domain/registry.py."""
    assert modules("domain") == CONTEXTS


def test_every_use_case_has_a_handler() -> None:
    """A file in commands/ that is no machinery has a command in commands/table.py."""
    assert modules("commands") == {within("commands", command.__module__) for command in HANDLERS}


def test_every_read_model_is_registered() -> None:
    """A file in projections/ that is no machinery has a read model in projections/registry.py."""
    assert modules("projections") == {last(type(projection).__module__) for projection in PROJECTIONS}


def test_every_route_is_served() -> None:
    """A file in api/ that is no machinery has a router in api/app.py."""
    routed = {route.endpoint.__module__ for router in ROUTERS for route in router.routes}  # type: ignore[attr-defined]
    assert modules("api") <= {within("api", module) for module in routed}


def test_every_route_has_a_row_of_the_policy() -> None:
    """Who may ask it stands in api/http/policy/rows, and nowhere else; a row is of a route that there is."""
    routes = [operation_id(route) for router in ROUTERS for route in router.routes]  # type: ignore[arg-type]
    of_gateway = ["getIdentity"]
    assert sorted([*routes, *of_gateway]) == sorted(row.action for row in ROWS)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_every_read_model_names_the_route_that_serves_it(projection: Projection) -> None:
    """`Serves` in the module of a read model names modules of api/, and the first of them names the read model."""
    text = inspect.getdoc(sys.modules[type(projection).__module__]) or ""
    (serves,) = re.findall(r"^Serves +(.*?)^\w", text, re.MULTILINE | re.DOTALL)
    routes = [(ROOT / name.replace(".", "/")).with_suffix(".py") for name in re.findall(r"\bapi(?:\.\w+)+", serves)]
    assert routes
    assert [route for route in routes if not route.is_file()] == []
    assert {projection.name, type(projection).__name__} & set(re.findall(r"\w+", routes[0].read_text()))


def test_every_reaction_is_in_the_table() -> None:
    """Every function in workers/reactions/ has its line in one of the two tables."""
    in_table = {reaction.command for reactions in REACTIONS.values() for reaction in reactions}
    in_table |= {part for jobs in JOBS.values() for job in jobs for part in job if isfunction(part)}
    written = {
        function
        for name in modules("workers/reactions")
        for function in vars(import_module(f"workers.reactions.{name}")).values()
        if isfunction(function) and function.__module__ == f"workers.reactions.{name}" and function.__name__[0] != "_"
    }
    assert written == in_table
    assert REACTIONS.keys() | JOBS.keys() <= FACTS.keys()


def test_jobs_are_ended_by_facts_that_there_are() -> None:
    """A job is ended by a fact, or by time, or it would be owed for ever; two of one name would be one."""
    jobs = [job for of_type in JOBS.values() for job in of_type]
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        assert set(job.settled_by) <= FACTS.keys()
        assert bool(job.settled_by) != (job.lasts is not None)


@pytest.mark.parametrize("package", ["domain", "commands", "projections", "api", "workers.reactions"])
def test_every_module_is_in_the_import_contract(package: str) -> None:
    """pyproject.toml keeps each module of a layer from importing the others."""
    assert independent(package) == modules(package.replace(".", "/"))


def test_every_stream_is_documented() -> None:
    """docs/facts.md has a section for each aggregate, with the name of its stream."""
    headings = {
        line.split("`")[1] for line in (ROOT / "docs/facts.md").read_text().splitlines() if line.startswith("## ")
    }
    assert {heading.partition("-")[0] for heading in headings} == {aggregate.category for aggregate in AGGREGATES}


def test_every_fact_has_a_golden_file() -> None:
    """tests/golden keeps an example of every fact."""
    assert {re.sub(r"\.v\d+$", "", path.stem) for path in (ROOT / "tests/golden").glob("*.json")} == set(FACTS)


def test_every_stream_has_an_example() -> None:
    """Tests of the domain know a stream of each aggregate."""
    assert STREAMS.keys() == {aggregate.category for aggregate in AGGREGATES}


def named_after(folder: str) -> set[str]:
    """What the tests of a folder are named after."""
    tests = ROOT / "tests" / folder
    of_packages = {path.parent.name for path in tests.glob("[a-z]*/test_*.py")}
    return {path.stem.removeprefix("test_") for path in tests.glob("test_*.py")} | of_packages


@pytest.mark.parametrize("layer", ["domain", "commands", "projections", "api"])
def test_every_module_has_its_test(layer: str) -> None:
    """Tests have the names of what they test."""
    assert modules(layer) <= named_after(layer)


def test_every_route_has_its_test() -> None:
    """A module that serves a route has a test of its name, in the folder that mirrors its own."""
    served = {route.endpoint.__module__ for router in ROUTERS for route in router.routes}  # type: ignore[attr-defined]
    for module in served:
        folder = module.rpartition(".")[0].replace(".", "/")
        assert last(module) in named_after(folder), f"no tests/{folder}/test_{last(module)}.py"


def test_readme_names_every_context() -> None:
    """The map in README.md lists the contexts."""
    (line,) = re.findall(r"^    domain/ .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {context for context in CONTEXTS if f" {context}" not in line} == set()
