"""
Sends what people write, with a mark in each field of it (free_text.py), and knows which mark is of which field.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from tests.support.free_text import is_free, operations, resolved
from tests.support.pages import Reader
from tests.support.people import ORIGIN

MARK, SHORT, IN_ADDRESS = "\"'><i canary{} onclick=canary()>", "<i canary{}>", "\"'><i/canary{}/onclick=canary()>"
"""What ends an attribute and begins an element; for texts that are short, and for addresses, which have no spaces."""
RAW, ESCAPED = re.compile(r"<i[ /]canary"), re.compile(r"&lt;i[ /]canary(\d+)")
IN_FACTS = re.compile(r"<i[ /]canary(\d+)")
FIRST = 1_000
WORDS = frozenset(("text", "title", "hints", "guidance", "comment", "label", "feedback", "name"))
"""Members of questions, keys and responses in which people write."""
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Write:
    """
    One request: the example of its operation, with other values; a value in braces is one that an answer had.

    Attributes:
        parts: of the path.
        body: members beside those of the example, or in their place; None takes one away.
        keep: fields that get no mark here, since they have to be something.
        answers: what is known by a name from then on, by the member of the answer.
    """

    role: str
    operation: str
    parts: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)


class Writer:
    """
    Carries out what people write.

    Attributes:
        known: by name, what requests and addresses have in braces.
        marks: the numbers by field.
    """

    def __init__(self, client: httpx.AsyncClient, people: Mapping[str, Reader], known: Mapping[str, Any]) -> None:
        self._client, self.people, self.known = client, people, dict(known)
        self._numbers = count(FIRST)
        self.marks: defaultdict[str, set[int]] = defaultdict(set)

    async def write(self, each: Write) -> dict[str, Any]:
        """Send one request, which has to be taken; the answer."""
        operation = operations()[each.operation]
        body = {name: value for name, value in {**operation.example, **each.body}.items() if value is not None}
        marking = _Marking(self._numbers, each.keep)
        marked = marking.value(operation.schema, self.filled(body), each.operation)
        path = operation.path.format(**{**self.known, **self.filled(each.parts)})
        answer = await self.send(each.role, operation.method, path, marked if operation.takes else None)
        assert answer.status_code in (200, 201, 202), f"{each.operation} as {each.role}: {answer.text}"
        said: dict[str, Any] = answer.json()
        for place, numbers in marking.made.items():
            self.marks[place] |= numbers
        self.known |= {name: said[member] for name, member in each.answers.items()}
        return said

    async def send(self, role: str, method: str, path: str, body: Any) -> httpx.Response:
        """Send a body as someone with a session; bytes as they are."""
        who = self.people[role]
        headers = {"origin": ORIGIN, "sec-fetch-site": "same-origin", **who.browser.cookie}
        sent: dict[str, Any] = {"json": body}
        if isinstance(body, bytes):
            sent = {"content": body}
            headers["content-type"] = "application/octet-stream"
        return who.keep(await self._client.request(method, path, headers=headers, **sent))

    def filled(self, value: Any) -> Any:
        """With what is known in the place of its name in braces."""
        if isinstance(value, str):
            return self.known[value[1:-1]] if re.fullmatch(r"\{\w+\}", value) else value
        if isinstance(value, Mapping):
            return {name: self.filled(each) for name, each in value.items()}
        return [self.filled(each) for each in value] if isinstance(value, list | tuple) else value


class _Marking:
    """Puts marks into one body."""

    def __init__(self, numbers: Iterator[int], keep: tuple[str, ...]) -> None:
        self._numbers, self._keep = numbers, keep
        self.made: defaultdict[str, set[int]] = defaultdict(set)

    def value(self, schema: Schema, value: Any, place: str) -> Any:
        """A value with marks in what is free of it."""
        if isinstance(value, str):
            return self._text(schema, value, place)
        if isinstance(value, list):
            items = next((each["items"] for each in _choices(schema) if "items" in each), {"type": "string"})
            return [self.value(items, each, place) for each in value]
        if not isinstance(value, dict):
            return value
        for name, members in _shapes(schema, value):
            owner = name or place
            return {key: self.value(members[key], each, f"{owner}.{key}") for key, each in value.items()}
        inner = next(
            (each["additionalProperties"] for each in _choices(schema) if "additionalProperties" in each), True
        )
        if isinstance(inner, dict):
            return {key: self.value(inner, each, place) for key, each in value.items()}
        return {key: self._in_anything(key, each, place) for key, each in value.items()}

    def _in_anything(self, key: str, value: Any, place: str) -> Any:
        if isinstance(value, str):
            return self._text({"type": "string"}, value, place) if key in WORDS else value
        if isinstance(value, list):
            return [self._in_anything(key, each, place) for each in value]
        if isinstance(value, dict):
            return {inner: self._in_anything(inner, each, place) for inner, each in value.items()}
        return value

    def _text(self, schema: Schema, value: str, place: str) -> str:
        free = [each for each in _choices(schema) if is_free(each)]
        if not free or place in self._keep:
            return value
        number = next(self._numbers)
        self.made[place].add(number)
        longest = free[0].get("maxLength", 1_000)
        if value.startswith("http"):
            return f"{value}{IN_ADDRESS.format(number)}"
        marked = f"{value} {MARK.format(number)}"
        return marked if len(marked) <= longest else SHORT.format(number)


def _choices(schema: Schema) -> list[Schema]:
    own = resolved(schema)
    inner = [each for either in ("anyOf", "oneOf", "allOf") for each in own.get(either, ())]
    return [found for each in inner for found in _choices(each)] or [own]


def _shapes(schema: Schema, value: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Schema]]]:
    """The name and members of the shapes that have all members of an object."""
    own = resolved(schema)
    for either in ("anyOf", "oneOf", "allOf"):
        for one in own.get(either, ()):
            yield from _shapes(one, value)
    members = own.get("properties", {})
    fixed = {name: each["const"] for name, each in members.items() if "const" in each}
    if members and value.keys() <= members.keys() and fixed.items() <= value.items():
        yield schema.get("$ref", "").rpartition("/")[2], members
