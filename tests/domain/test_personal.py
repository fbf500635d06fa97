"""Which fields of facts are personal is decided field by field, and written down."""

import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from adapters.postgres.analytics.views import HIDDEN_FIELDS
from commands.payment.entitlements import DISPUTE_LOST, REFUNDED
from domain.admin import UNSPECIFIED
from domain.payment.errors import PaymentRequired
from domain.personal import OF_PROGRAM, PERSONAL, is_sealed, words_of
from domain.progress import OTHER_GRADE, OTHER_OUTCOME
from domain.registry import AGGREGATE_OF, FACTS

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


def with_words() -> set[tuple[str, str]]:
    """The fields of all facts that have words about a person."""
    return {(name, field) for name, fact in FACTS.items() for field in words_of(fact)}


def test_every_free_text_is_decided() -> None:
    """What people write in their own words may name a person: the document says of each such field what holds."""
    free = {(name, field) for name, fact in FACTS.items() for field in get_type_hints(fact) if field in HIDDEN_FIELDS}
    free = {(name, field) for name, field in free if field in {"reason", "responses"}}
    assert listed("Words about a person") == with_words()
    assert listed("What is in clear and may name a person") == free - with_words()


def test_words_are_about_the_person_of_the_stream() -> None:
    """Whose key seals them: each such fact is of a stream that is keyed by a learner."""
    assert {AGGREGATE_OF[name].keyed_by for name, _ in with_words()} == {"learner_id"}


def test_what_the_program_says_is_in_clear() -> None:
    """Its own words name no one, and cost no look-up of a key."""
    said = {UNSPECIFIED, OTHER_OUTCOME, OTHER_GRADE, REFUNDED, DISPUTE_LOST, PaymentRequired.code}
    assert said < OF_PROGRAM
    assert not any(is_sealed(each) for each in OF_PROGRAM)
