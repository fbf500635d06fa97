"""Facts as their readers see them: with the words that are sealed in them, as long as the key of the person lasts."""

from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.personal.keys import PersonKeys
from domain.fact import Fact
from domain.personal import PersonalKey, is_sealed, read_words, words_of, words_of_staff
from domain.registry import FACTS


async def with_words(
    keys: PersonKeys, facts: Sequence[Fact], *, personal: bool = False, whole: bool = False
) -> list[Fact]:
    """
    The same facts with words opened; those that do not open any more are `erased`.

    Args:
        personal: whether what is personal in facts of accounts is opened, too: for the person, and no one else. What
            the staff tell each other about the person is left out then.
        whole: whether that stays: for the export of the person.
    """
    if personal and not whole:
        facts = [_without_notes(fact) for fact in facts]
    sealed = {
        fact.position: fields
        for fact in facts
        if (fields := _sealed(fact, personal=personal)) or is_sealed(fact.meta.reason or "")
    }
    found = await keys.reading_all({fact.stream_id for fact in facts if fact.position in sealed})
    return [
        _opened(fact, sealed[fact.position], found[fact.stream_id]) if fact.position in sealed else fact
        for fact in facts
    ]


def _without_notes(fact: Fact) -> Fact:
    """A fact without what the staff tell each other."""
    cls = FACTS.get(fact.type)
    names = () if cls is None else words_of_staff(cls)
    return msgspec.structs.replace(fact, data=fact.data | dict.fromkeys(names, "")) if names else fact


def _sealed(fact: Fact, *, personal: bool) -> list[str]:
    """The fields to open."""
    cls = FACTS.get(fact.type)
    shown = fact.data if personal else () if cls is None else words_of(cls)
    return [name for name in shown if isinstance(text := fact.data.get(name), str) and is_sealed(text)]


def _opened(fact: Fact, fields: Sequence[str], key: PersonalKey) -> Fact:
    opened: dict[str, Any] = {name: read_words(fact.data[name], key) for name in fields}
    reason = fact.meta.reason
    meta = fact.meta if reason is None else msgspec.structs.replace(fact.meta, reason=read_words(reason, key))
    return msgspec.structs.replace(fact, data=fact.data | opened, meta=meta)
