"""
The base of what is stored about questions: frozen, named by its kind, and as short in JSON as it can be.

A field that has its default is left out. The library compares defaults by identity, so a value that is equal to
its default is replaced by it: equal values have equal JSON, wherever they come from.
"""

from functools import cache
from typing import Any

import msgspec

KIND = "kind"
"""The field that names the kind: a word of the field, the same for a question, its key and its response."""


@cache
def _defaults(cls: type[msgspec.Struct]) -> tuple[tuple[str, str | int], ...]:
    return tuple(
        (each.name, each.default) for each in msgspec.structs.fields(cls) if isinstance(each.default, str | int)
    )


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that is stored within a question, a key or a response."""

    def __post_init__(self) -> None:
        for name, default in _defaults(type(self)):
            if getattr(self, name) == default:
                msgspec.structs.force_setattr(self, name, default)


class Tagged(Part, frozen=True, kw_only=True, tag_field=KIND):
    """A question, a key or a response: its JSON says of which kind."""


def kind_of(of: Any) -> str:
    """The kind of a question, a key or a response, such as `single_choice`."""
    return str(type(of).__struct_config__.tag)
