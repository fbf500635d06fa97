"""
An analyst's projection: found in its file, and looked over before the log is read for it.
"""

import difflib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import decode_source
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import msgspec

from adapters.stores.registry import DEFAULT
from campuslog.errors import BadProjection
from domain.registry import FACTS
from domain.streams import PARTITIONS
from projections.engine.fingerprint import code_digest
from projections.engine.projection import Handler, Projection, RuleFile, Table
from projections.engine.rows import FAILURES

DEFAULTS = {"version": 1, "store": DEFAULT}
"""What matters only for a projection that is served; here it may be left out."""
LIMITS = {"version": 2**31 - 1, "segments": PARTITIONS}
"""How large the numbers of a projection may be: what the catalog of generations holds, and what can be divided."""


def load_projection(path: str | Path) -> type[Projection]:
    """
    The projection class of a Python file.

    Raises:
        BadProjection: the file cannot be run, or does not have exactly one such class.
    """
    return _projection_of(_module(Path(path), _read(Path(path))))


def load_rule(path: Path, deployed: Projection) -> Projection:
    """
    The changed rule of a read model in a Python file, ready to be built by several processes before it is deployed.

    Raises:
        BadProjection: as `load_projection` and `prepared`; or it is no changed rule of the read model *deployed*.
    """
    rule = _rule(path, _read(path), deployed)
    for attribute in ("name", "store"):
        has, needs = getattr(rule, attribute), getattr(deployed, attribute)
        if has != needs:
            raise BadProjection(f'{path} is no rule of {deployed.name}: say {attribute} = "{needs}" instead of "{has}"')
    if rule.version == deployed.version and code_digest(rule) != code_digest(deployed):
        raise BadProjection(
            f"{path} has version {rule.version}, as the deployed rule of {deployed.name}, and other code: raise"
            " `version` in it"
        )
    return rule


def _rule(path: Path, source: str, deployed: Projection) -> Projection:
    """A rule from the text of its file; pickled as that text, since other processes cannot import it."""
    made = _projection_of(_module(path, source))
    made.rule_file = RuleFile(type(deployed).__module__, source)
    setattr(made, "__reduce__", lambda _: (_rule, (path, source, deployed)))  # noqa: B010
    return prepared(made)


def _projection_of(module: ModuleType) -> type[Projection]:
    path = module.__file__
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Projection) and value.__module__ == module.__name__
    ]
    found = [each for each in found if not any(each is not other and issubclass(other, each) for other in found)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.__name__ for each in found)
    raise BadProjection(
        f"{path} has {len(found)} projections ({names}): put each in a file of its own"
        if found
        else f"{path} has no projection: write a class that inherits from campuslog.Projection"
    )


def prepared(projection: type[Projection] | Projection) -> Projection:
    """
    A projection that can be run.

    Raises:
        BadProjection: something that it must have is missing or wrong; the message names the class and what.
    """
    if isinstance(projection, type) and issubclass(projection, Projection):
        with _told(f"{projection.__name__}()"):
            projection = projection()
    if not isinstance(projection, Projection):
        raise BadProjection(f"{projection!r} is no projection: pass a class that inherits from campuslog.Projection")
    cls = type(projection)
    for attribute, value in DEFAULTS.items():
        if not hasattr(cls, attribute):
            setattr(projection, attribute, value)
    name: Any = getattr(cls, "name", None)
    if not isinstance(name, str) or not name.isidentifier():
        raise BadProjection(f'{cls.__name__} has no name: say name = "my_rule", letters, digits and _')
    _check_numbers(projection)
    _check_tables(cls.__name__, getattr(cls, "tables", None))
    _check_handlers(cls.__name__, getattr(cls, "handlers", None))
    return projection


def _read(path: Path) -> str:
    if not path.exists():
        raise BadProjection(f"there is no file {path}")
    if not path.is_file() or path.suffix != ".py":
        raise BadProjection(f"{path} is no Python file")
    try:
        return decode_source(path.read_bytes())
    except (SyntaxError, UnicodeDecodeError) as error:
        raise BadProjection(f"{path} is no text that Python can read: {error}; save it as UTF-8") from error


def _module(path: Path, source: str) -> ModuleType:
    """The module in a file, run again, whatever was loaded from there before."""
    module = ModuleType(f"campuslog_projection_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where the types in its annotations are looked for
    try:
        exec(compile(source, path, "exec"), vars(module))  # noqa: S102 - it is the analyst's own file
    except FAILURES as error:
        at = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = f", line {at[-1]}" if at else ""
        raise BadProjection(f"{path}{line} fails: {type(error).__name__}: {error}") from error
    return module


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say in a sentence that the analyst's own code fails."""
    try:
        yield
    except FAILURES as error:
        raise BadProjection(f"{what} fails: {type(error).__name__}: {error}") from error


def _check_numbers(projection: Projection) -> None:
    for name, most in LIMITS.items():
        number: Any = getattr(projection, name)
        if type(number) is not int or not 1 <= number <= most:
            cls = type(projection).__name__
            raise BadProjection(f"{cls}.{name} is {number!r}: take a whole number from 1 to {most:,}")


def _check_tables(cls: str, tables: Any) -> None:
    if not isinstance(tables, tuple) or not tables or not all(isinstance(table, Table) for table in tables):
        raise BadProjection(f"{cls} has no tables: say tables = (MY_TABLE,), each a campuslog.Table")
    for table in tables:
        if not (isinstance(table.row, type) and issubclass(table.row, msgspec.Struct)):
            raise BadProjection(f"{cls}: the row of table {table.name} is {table.row!r}, not a class of msgspec.Struct")
        fields = msgspec.structs.fields(table.row)
        first = tuple(field.name for field in fields[: len(table.key)])
        if not table.key or first != table.key:
            raise BadProjection(
                f"{cls}: the key of table {table.name} is {', '.join(table.key) or 'empty'},"
                f" but {table.row.__name__} begins with {', '.join(first) or 'nothing'}"
            )
        blank = [field.name for field in fields[len(table.key) :] if field.required]
        if blank:
            raise BadProjection(f"{cls}: {table.row.__name__}.{blank[0]} needs a default, for a row that is new")
        with _told(f"{cls}: what the fields of {table.row.__name__} are"):
            hints = get_type_hints(table.row)
            msgspec.json.Decoder(table.row)  # rows are kept as JSON
        odd = [part for part in table.key if hints[part] not in {str, int}]
        if odd:
            raise BadProjection(f"{cls}: {table.row.__name__}.{odd[0]} is part of the key, and neither str nor int")
    names = [table.name for table in tables]
    odd = [name for name in names if not (isinstance(name, str) and name.isidentifier())]
    if odd:
        raise BadProjection(f"{cls}: a table is called {odd[0]!r}: take letters, digits and _")
    if len(set(names)) < len(names):
        raise BadProjection(f"{cls} has two tables of one name: {', '.join(names)}")


def _check_handlers(cls: str, handlers: Any) -> None:
    if not isinstance(handlers, Mapping) or not handlers:
        raise BadProjection(f'{cls} has no handlers: say handlers = {{"attempt.graded": Handler(needs, apply)}}')
    for name, handler in handlers.items():
        if name not in FACTS:
            near = difflib.get_close_matches(str(name), FACTS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(FACTS))}"
            raise BadProjection(f"{cls} handles {name}, but no fact is called so: {hint}")
        if not isinstance(handler, Handler):
            raise BadProjection(f"{cls}: what handles {name} is {handler!r}, not a campuslog.Handler(needs, apply)")
        _check_function(f"{cls}: needs of {name}", handler.needs)
        _check_sees_the_fact_only(f"{cls}: needs of {name}", handler.needs)
        _check_function(f"{cls}: apply of {name}", handler.apply)
        if inspect.isgeneratorfunction(handler.apply):
            raise BadProjection(f"{cls}: apply of {name} has a yield, so that calling it does nothing")


def _check_function(which: str, function: Any) -> None:
    if not callable(function):
        raise BadProjection(f"{which} is {function!r}, not a function")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise BadProjection(f"{which} is a coroutine function, which is never awaited: say def instead of async def")


def _check_sees_the_fact_only(which: str, needs: Any) -> None:
    try:
        parameters = list(inspect.signature(needs).parameters.values())
    except (TypeError, ValueError):
        return  # a callable that does not say what it takes
    more = [each.name for each in parameters[1:] if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}]
    if more and (parameters[1].default is inspect.Parameter.empty or more[0] == "rows"):
        raise BadProjection(
            f"{which} also takes {more[0]!r}, but it is called with the fact alone, before any row is loaded: a key can"
            " only be taken from the fact. What depends on a row goes into a field of that row, such as a dict"
            ' (docs/howto/sdk.md, "What needs can name")'
        )
