"""
Form-encoded parameters, nested as Stripe's clients write them: `a[b][0][c]=1`, `expand[]=customer`.
"""

import re
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from adapters.payments.paysim.errors import invalid, missing

PART = re.compile(r"\[([^\]]*)\]")
INTEGER = re.compile(r"-?\d{1,15}", re.ASCII)
TRUE_OR_FALSE = {"true": True, "false": False}


def decode(text: str) -> dict[str, Any]:
    """The parameters of a form or a query; all values are strings, and lists are lists."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, bracket, rest = name.partition("[")
        _insert(root, [head, *PART.findall(bracket + rest)], value)
    return {name: value if name == "metadata" else _with_lists(value) for name, value in root.items()}


def _insert(node: dict[str, Any], path: list[str], value: str) -> None:
    for part, after in pairwise(path):
        below = node.setdefault(part or str(len(node)), {})
        if not isinstance(below, dict):
            raise invalid(f"Invalid parameter: {after}", after, "parameter_invalid")
        node = below
    node[path[-1] or str(len(node))] = value


def _with_lists(value: Any) -> Any:
    """A table whose keys are 0, 1, 2, … is a list."""
    if not isinstance(value, dict):
        return value
    inner = {name: each if name == "metadata" else _with_lists(each) for name, each in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


class Params:
    """Parameters of one request, or a table in them; asks for a type, or refuses as Stripe does."""

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self.values = values
        self._path = path

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def name(self, name: str) -> str:
        """The full name of a parameter."""
        return f"{self._path}[{name}]" if self._path else name

    def text(self, name: str, default: str | None = None) -> str | None:
        """A string; `default` if it is absent or empty."""
        value = self.values.get(name)
        if isinstance(value, dict | list):
            raise invalid("Invalid string", self.name(name), "parameter_invalid_string_blank")
        return value or default

    def required(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if value is None:
            raise missing(self.name(name))
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str | None:
        """One of *choices*."""
        value = self.text(name, default)
        if value is not None and value not in choices:
            raise invalid(f"Invalid {name}: must be one of {', '.join(choices)}", self.name(name))
        return value

    def integer(self, name: str, default: int | None = None) -> int | None:
        """An integer."""
        value = self.text(name)
        if value is None:
            return default
        if not INTEGER.fullmatch(value):
            raise invalid(f"Invalid integer: {value}", self.name(name), "parameter_invalid_integer")
        return int(value)

    def count(self, name: str) -> int:
        """An integer that must be there."""
        value = self.integer(name)
        if value is None:
            raise missing(self.name(name))
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self.text(name)
        if value is None:
            return default
        if value not in TRUE_OR_FALSE:
            raise invalid(f"Invalid boolean: {value}", self.name(name), "parameter_invalid_boolean")
        return TRUE_OR_FALSE[value]

    def table(self, name: str, takes: str) -> "Params":
        """A nested table, with the names that it may have; an empty one if it is absent."""
        value = self.values.get(name)
        table = Params(value if isinstance(value, dict) else {}, self.name(name))
        table.refuse_unknown(frozenset(takes.split()))
        return table

    def tables(self, name: str, takes: str) -> list["Params"]:
        """A list of tables, with the names that they may have."""
        value = self.values.get(name)
        items = value if isinstance(value, list) else []
        tables = [Params(item, f"{self.name(name)}[{n}]") for n, item in enumerate(items) if isinstance(item, dict)]
        for table in tables:
            table.refuse_unknown(frozenset(takes.split()))
        return tables

    def texts(self, name: str) -> list[str]:
        """A list of strings."""
        value = self.values.get(name)
        return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

    def metadata(self, before: dict[str, str] | None = None) -> dict[str, str]:
        """The metadata after this request: given keys are set, those with an empty value removed."""
        given = self.values.get("metadata")
        if given == "":
            return {}
        if not isinstance(given, dict):
            return dict(before or {})
        if len(given) > 50 or any(len(k) > 40 or len(str(v)) > 500 for k, v in given.items()):
            raise invalid("Metadata has at most 50 keys of 40 characters with values of 500", self.name("metadata"))
        merged = {**(before or {}), **{name: str(value) for name, value in given.items()}}
        return {name: value for name, value in merged.items() if value != ""}

    def refuse_unknown(self, known: frozenset[str]) -> None:
        """Refuse a parameter that the route does not have."""
        for name in self.values:
            if name not in known:
                full = self.name(name)
                raise invalid(f"Received unknown parameter: {full}", full, "parameter_unknown")
