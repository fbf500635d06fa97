"""A use case changes the aggregates of its own context, and looks at others through commands/lookups only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.registry import AGGREGATES

COMMANDS = Path(__file__).parents[2] / "commands"
CONTEXTS = (
    "admin",
    "auth",
    "catalog",
    "clients",
    "enrollment",
    "forum",
    "lti",
    "notification",
    "payment",
    "progress",
    "question_bank",
    "quiz",
    "roles",
    "user",
)
CONTEXT_OF = {aggregate.__name__: aggregate.__module__.split(".")[1] for aggregate in AGGREGATES}


def calls(module: str, method: str) -> Iterator[str]:
    """The first argument of every call of `log.<method>(…)` in a module or package of `commands`."""
    for path in (COMMANDS / f"{module}.py", *(COMMANDS / module).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text() if path.is_file() else "")):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=attr), args=[first, *_]) if (
                    attr == method
                ):
                    yield ast.unparse(first)


def test_every_aggregate_belongs_to_a_context() -> None:
    """There are no others than these contexts, or the tests below would miss them."""
    assert set(CONTEXT_OF.values()) == set(CONTEXTS)


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_use_case_changes_its_own_context(context: str) -> None:
    """Whatever it loads, to change and save it, is of the same name in the domain; so is what it looks at by itself."""
    assert {CONTEXT_OF[name] for name in calls(context, "load")} == {context}
    assert {CONTEXT_OF[name] for name in calls(context, "read")} <= {context}


def test_lookups_only_look() -> None:
    """What others may know of a context stands in its module, and is read, never loaded or saved."""
    for path in sorted((COMMANDS / "lookups").glob("[a-z]*.py")):
        module = f"lookups/{path.stem}"
        assert {CONTEXT_OF[name] for name in calls(module, "read")} <= {path.stem}
        assert list(calls(module, "load")) == list(calls(module, "save")) == []
