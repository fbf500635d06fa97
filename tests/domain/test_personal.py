"""Which fields of facts are personal is decided field by field, and written down."""

import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from adapters.postgres.analytics.views import HIDDEN_FIELDS
from domain.personal import PERSONAL
from domain.registry import FACTS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text()


def is_personal(hint: Any) -> bool:
    """Whether a field has this type or may be null."""
    marks = getattr(hint, "__metadata__", ())
    if any(isinstance(each, msgspec.Meta) and PERSONAL in (each.extra_json_schema or {}) for each in marks):
        return True
    return any(is_personal(each) for each in get_args(hint) if each is not type(None) and not isinstance(each, str))


def sealed() -> set[tuple[str, str]]:
    """The personal fields of all facts."""
    return {
        (name, field)
        for name, fact in FACTS.items()
        for field, hint in get_type_hints(fact, include_extras=True).items()
        if is_personal(hint)
    }


def listed(heading: str) -> set[tuple[str, str]]:
    """The fields in the first table after a heading of the document: of each line, fact and field."""
    section = DOCUMENT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \|", section, re.MULTILINE)
    return {(name, field) for name, fields in rows for field in re.findall(r"`(\w+)`", fields)}


def test_every_personal_field_is_in_the_document() -> None:
    """And no other; all of them are of the context of users."""
    assert listed("What is sealed") == sealed() != set()
    assert {FACTS[name].__module__ for name, _ in sealed()} == {"domain.user"}


def test_every_free_text_is_decided() -> None:
    """What people write in their own words may name a person: the document says of each such field what holds."""
    free = {(name, field) for name, fact in FACTS.items() for field in get_type_hints(fact) if field in HIDDEN_FIELDS}
    free = {(name, field) for name, field in free if field in {"reason", "responses"}}
    assert listed("What is in clear and may name a person") == free
