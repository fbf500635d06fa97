"""
Has the code of a projection changed? A digest of its source, in which comments and docstrings do not count.

`version` is what its author says about the meaning; the digest is what the file says. It covers the module of the
projection and the modules of `domain` and `projections` whose names that module uses.
"""

import ast
import hashlib
import inspect
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from projections.base import Projection

WATCHED = ("domain.", "projections.")


def code_digest(projection: Projection) -> str:
    """128 bits in hex that change when the code does, as it was when it was imported."""
    return _digest(type(projection).__module__)


@cache
def _digest(module_name: str) -> str:
    module = sys.modules[module_name]
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted({module_name, *_uses(module)}):
        digest.update(name.encode() + _normal(inspect.getsource(sys.modules[name])).encode())
    return digest.hexdigest()


def _uses(module: ModuleType) -> set[str]:
    """The modules of `domain` and `projections` from which a module has taken names."""
    owners = {getattr(value, "__module__", None) or "" for value in vars(module).values()}
    return {owner for owner in owners if owner.startswith(WATCHED)}


def _normal(source: str) -> str:
    """Source without comments, layout and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def is_stale(projection: Projection) -> bool:
    """Whether the file of a projection holds other code by now than this process has."""
    file = inspect.getsourcefile(type(projection))
    if file is None or not Path(file).exists():
        return False
    try:
        on_disk = _normal(Path(file).read_text("utf-8"))
    except SyntaxError:
        return False  # somebody is just writing
    return on_disk != _as_imported(file)


@cache
def _as_imported(file: str) -> str:
    """The source of a file when this process first looked: call `remember` at the start."""
    return _normal(Path(file).read_text("utf-8"))


def remember(projection: Projection) -> None:
    """Keep the source as it is now, to tell later whether it `is_stale`."""
    file = inspect.getsourcefile(type(projection))
    if file is not None and Path(file).exists():
        _as_imported(file)
    code_digest(projection)
