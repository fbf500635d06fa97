"""A use case changes the aggregates of its own context, and looks at others through commands/lookups only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.registry import AGGREGATES

COMMANDS = Path(__file__).parents[2] / "commands"
CONTEXTS = ("catalog", "enrollment", "progress", "quiz")
MODULE_OF = {aggregate.__name__: aggregate.__module__ for aggregate in AGGREGATES}


def calls(module: str, method: str) -> Iterator[str]:
    """The first argument of every call of `log.<method>(…)` in a module of `commands`."""
    for node in ast.walk(ast.parse((COMMANDS / f"{module}.py").read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=attr), args=[first, *_]) if attr == method:
                yield ast.unparse(first)


def test_every_aggregate_belongs_to_a_context() -> None:
    """There are no others than these contexts, or the tests below would miss them."""
    assert set(MODULE_OF.values()) == {f"domain.{context}" for context in CONTEXTS}


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_use_case_changes_its_own_context(context: str) -> None:
    """Whatever it loads, to change and save it, is of the same name in the domain; so is what it looks at by itself."""
    loaded = [MODULE_OF[name] for name in calls(context, "load")]
    assert set(loaded) == {f"domain.{context}"}
    assert {MODULE_OF[name] for name in calls(context, "read")} <= {f"domain.{context}"}


def test_lookups_only_look() -> None:
    """What others may know of a context stands in its module, and is read, never loaded or saved."""
    for path in sorted((COMMANDS / "lookups").glob("[a-z]*.py")):
        module = f"lookups/{path.stem}"
        assert {MODULE_OF[name] for name in calls(module, "read")} == {f"domain.{path.stem}"}
        assert list(calls(module, "load")) == list(calls(module, "save")) == []
