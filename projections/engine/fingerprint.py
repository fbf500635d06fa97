"""
Has the code of a projection changed? A digest of its source, in which comments and docstrings do not count.

`version` is what its author says about the meaning; the digest is what the files say. It covers the module of the
projection, the modules of the facts that it reads, and all of `domain` and `projections` that these import, directly
or through each other. It stops at `domain.registry`, which lists every context: of those, a projection depends on the
ones whose facts it reads.
"""

import ast
import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from domain.registry import FACTS
from projections.engine.projection import Projection, RuleFile

PACKAGES = ("domain", "projections")
STOP = "domain.registry"
BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
WATCHED = tuple(f"{package}." for package in PACKAGES)
PARSING = Lock()
"""Python 3.11 raises SystemError where another thread parses meanwhile, which the garbage collector may let run."""


def code_digest(projection: Projection) -> str:
    """128 bits in hex that change when the code does, as it was when it was imported; of a rule file as if deployed."""
    return _digest(*_roots(projection), rule=projection.rule_file)


def source_hashes(projection: Projection) -> dict[str, str]:
    """The modules that `code_digest` covers, and the SHA-256 of the text of each."""
    return dict(_source_hashes(*_roots(projection), rule=projection.rule_file))


def source_texts(projection: Projection) -> dict[str, str]:
    """The same modules, and their texts."""
    return dict(_source_texts(*_roots(projection), rule=projection.rule_file))


def source_list(projection: Projection) -> str:
    """The same as text, a line for each module: its SHA-256, two blanks, its name, in the order of the names."""
    return list_of(source_texts(projection))


def list_of(texts: Mapping[str, str]) -> str:
    """The list of some modules, by their names, in that form."""
    lines = ((hashlib.sha256(text.encode()).hexdigest(), name) for name, text in sorted(texts.items()))
    return "".join(f"{sha256}  {name}\n" for sha256, name in lines)


def source_hash(projection: Projection) -> str:
    """SHA-256 of that list, in hex: it names the exact source of a rule, comments included."""
    return hashlib.sha256(source_list(projection).encode()).hexdigest()


@cache
def _source_texts(*roots: str, rule: RuleFile | None = None) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_modules(*roots, rule=rule).items()))


@cache
def _source_hashes(*roots: str, rule: RuleFile | None = None) -> tuple[tuple[str, str], ...]:
    texts = _source_texts(*roots, rule=rule)
    return tuple((name, hashlib.sha256(text.encode()).hexdigest()) for name, text in texts)


def _roots(projection: Projection) -> list[str]:
    """The module of a projection, and those of the facts that it reads."""
    facts = {FACTS[name].__module__ for name in projection.handlers if name in FACTS}
    rule = projection.rule_file
    return [rule.module if rule else type(projection).__module__, *sorted(facts)]


@cache
def _digest(*roots: str, rule: RuleFile | None = None) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, text in sorted(_modules(*roots, rule=rule).items()):
        digest.update(name.encode() + _parsed(text).code.encode())
    return digest.hexdigest()


def _modules(*roots: str, rule: RuleFile | None = None) -> dict[str, str]:
    """The texts of some modules, and of all that they import of what is watched."""
    texts: dict[str, str] = {}
    waiting = set(roots)
    while waiting:
        name = waiting.pop()
        texts[name] = _text(name, rule)
        waiting |= _parsed(texts[name]).imports - texts.keys()
    return texts


def _text(name: str, rule: RuleFile | None) -> str:
    return rule.text if rule and name == rule.module else _source(name)


def _source(name: str) -> str:
    """The source of a module, which need not have been imported: the digest must not depend on what was."""
    if name in sys.modules:
        return inspect.getsource(sys.modules[name])
    spec = find_spec(name)
    return Path(spec.origin).read_text("utf-8") if spec is not None and spec.origin else ""


class _Parsed(NamedTuple):
    """What counts of the text of a module."""

    imports: frozenset[str]
    code: str


@cache  # read models share most of their modules
def _parsed(text: str) -> _Parsed:
    with PARSING:
        tree = ast.parse(text)
    statements = [tree, *_statements(tree)]
    return _Parsed(_imports(statements), _without_docstrings(tree, statements))


def _statements(parent: ast.AST) -> Iterator[ast.AST]:
    """All statements of a module, a class or a function, at any depth: no expression has one in it."""
    for field in BODIES:
        for child in getattr(parent, field, ()):
            yield child
            yield from _statements(child)


def _imports(statements: Iterable[ast.AST]) -> frozenset[str]:
    """The modules of `domain` and `projections` that a module imports, wherever it does so."""
    names = set()
    for node in statements:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module in PACKAGES:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
    return frozenset(name for name in names if name.startswith(WATCHED)) - {STOP}


def _without_docstrings(tree: ast.Module, statements: Iterable[ast.AST]) -> str:
    for node in statements:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:]
    return ast.dump(tree)
