"""
Personal data in facts: text that is sealed with a key of the person whom it is about.

The log keeps facts for ever, and a person may be forgotten: the key is destroyed, the fact stays, and what was sealed
is gone with the key. No fold needs a key. A fact has sealed text in fields of the types `Personal` and `Words` only,
which docs/privacy.md lists. The text is bound to its place: in another stream, fact or field it does not open.
"""

import re
from functools import cache
from typing import Annotated, Any, Protocol, get_type_hints

import msgspec

from domain.errors import Conflict

PERSONAL = "x-personal"
Personal = Annotated[str, msgspec.Meta(extra_json_schema={PERSONAL: True})]
"""Text about a person, sealed."""

WORDS = "x-words"
Words = Annotated[str, msgspec.Meta(extra_json_schema={WORDS: True})]
"""
Words in which a person explains what has happened to the person of the stream. They are sealed when they are recorded;
words that the program chooses (`OF_PROGRAM`) name no one and stay as they are, and so do those that were recorded
before words were sealed.
"""

OF_STAFF = "x-words-of-staff"
StaffWords = Annotated[str, msgspec.Meta(extra_json_schema={WORDS: True, OF_STAFF: True})]
"""
Words in which the staff tell each other about the person of the stream: sealed as `Words`, and shown to the person in
the own export only (decisions/0472).
"""

ACCOUNT_ERASED, MADE_ON_THE_MACHINE = "account erased", "created on the machine"
"""Why the roles of a person ended whose account was erased, and why the first admin has the role."""

MODE_CHANGED, TRANSFERRED = "mode changed", "transferred"
"""Why access is resumed that no entitlement is needed for any more, and why a learner left for another run."""

OF_PROGRAM = frozenset(
    (
        *(ACCOUNT_ERASED, MADE_ON_THE_MACHINE, MODE_CHANGED, TRANSFERRED),
        *("", "unspecified", "unregistered", "cancelled by the learner", "payment_required", "outcome revised"),
        "prerequisites_missing",
        *("granted", "suspended", "resumed", "revoked", "expired", "refunded", "dispute lost", "staff: refunded"),
        *("staff: dispute lost", "disputed", "dispute closed", "paid", "plan changed", "subscription ended", "planned"),
        *("cancellation_requested", "payment_failed", "payment_disputed", "canceled"),
        "a later score or completion changed the grade",
        "after a later score or completion the rule has another outcome",
    )
)
"""What the program says in the place of words. What is missing here is sealed: a look-up more, and no harm."""

ERASED = "erased"
"""What stands for words about a person whose key is destroyed: both for those that were sealed, and for new ones."""

REASON = "meta_reason"
"""The field of the reason of a command, which stands in the meta of its facts and in no field of theirs."""

_SEALED = re.compile(r"s1\.[0-9]+\.[a-z_]+\.[A-Za-z0-9_-]+\Z")


class PersonErased(Conflict):
    """The key of the person is destroyed: nothing more can be kept about them."""

    code = "person_erased"
    template = "what was kept about {learner_id} is erased, and nothing more can be added"


class PersonalKey(Protocol):
    """The key of one person, for the facts of one stream."""

    def seal(self, version: int, field: str, text: str) -> Personal:
        """Seal a text for a field of the stream's fact of this version; raises PersonErased without a key."""
        ...

    def open(self, sealed: Personal | None) -> str | None:
        """The text; None if there is none, if the key is gone, or if it was sealed for another stream."""
        ...


def is_sealed(text: str) -> bool:
    """Whether a text is sealed; which no words are that were recorded as they are."""
    return _SEALED.match(text) is not None


def in_clear(text: str, instead: str) -> str:
    """Words to be copied into another fact; *instead* of those that are sealed, since they open in their place only."""
    return instead if is_sealed(text) else text


def read_words(words: str, key: PersonalKey) -> str:
    """Words as they were said; ERASED if they do not open any more."""
    return (key.open(words) or ERASED) if is_sealed(words) else words


@cache
def words_of(cls: Any) -> tuple[str, ...]:
    """The fields of a kind of fact that have words in them."""
    return tuple(name for name, hint in get_type_hints(cls, include_extras=True).items() if _has(hint, WORDS))


@cache
def words_of_staff(cls: Any) -> tuple[str, ...]:
    """Those of them that the staff say to each other."""
    return tuple(name for name, hint in get_type_hints(cls, include_extras=True).items() if _has(hint, OF_STAFF))


def free_words(event: Any) -> list[str]:
    """The fields of a new fact that have words in them which are not the program's: they are to be sealed."""
    cls: Any = type(event)
    return [name for name in words_of(cls) if getattr(event, name) not in OF_PROGRAM]


def seal_words(event: Any, fields: list[str], key: PersonalKey) -> None:
    """Seal these fields of a new fact; words about a person whose key is destroyed are not kept."""
    for name in fields:
        try:
            words = key.seal(event.originator_version, name, getattr(event, name))
        except PersonErased:
            words = ERASED
        object.__setattr__(event, name, words)


def seal_reason(reason: str, version: int, key: PersonalKey | None) -> str:
    """The reason of a command for the meta of the fact of this version; a campus that keeps no keys seals nothing."""
    if key is None:
        return reason
    try:
        return key.seal(version, REASON, reason)
    except PersonErased:
        return ERASED


def _has(hint: Any, mark: str) -> bool:
    marks = getattr(hint, "__metadata__", ())
    return any(isinstance(each, msgspec.Meta) and mark in (each.extra_json_schema or {}) for each in marks)
