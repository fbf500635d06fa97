"""
What is sent: a fact in its envelope, by pseudonyms only, as JSON; Standard Webhooks (`type`, `timestamp`, `data`).

Left out is what names or describes a person: fields that are sealed (`Personal`, `Words`), whatever they have, and
those that analysts do not see either. A sealed text that stands elsewhere is left out by its form.
"""

from functools import cache
from typing import Any, get_type_hints

import msgspec

from adapters.postgres.analytics.views import HIDDEN_FIELDS
from domain.fact import Fact
from domain.personal import PERSONAL, WORDS, is_sealed
from domain.registry import FACTS


def body_of(fact: Fact) -> bytes:
    """The body of the message for a fact; the same bytes each time that it is sent."""
    meta = fact.meta
    return msgspec.json.encode(
        {
            "type": fact.type,
            "timestamp": fact.occurred_at,
            "data": {
                "position": fact.position,
                "stream_id": fact.stream_id,
                "stream_version": fact.stream_version,
                "schema_version": fact.schema_version,
                "recorded_at": fact.recorded_at,
                "meta": {
                    "event_id": meta.event_id,
                    "actor": meta.actor,
                    "on_behalf_of": meta.on_behalf_of,
                    "causation_id": meta.causation_id,
                    "correlation_id": meta.correlation_id,
                    "source": meta.source,
                },
                "fields": {
                    name: _without_sealed(value) for name, value in fact.data.items() if name not in left_out(fact.type)
                },
            },
        }
    )


@cache
def left_out(fact_type: str) -> frozenset[str]:
    """The fields of a kind of fact that are not sent."""
    hints = get_type_hints(FACTS[fact_type], include_extras=True)
    return frozenset(name for name, hint in hints.items() if _is_about_a_person(hint)) | frozenset(HIDDEN_FIELDS)


def _is_about_a_person(hint: Any) -> bool:
    marks = (*getattr(hint, "__metadata__", ()), *(m for a in getattr(hint, "__args__", ()) for m in _marks(a)))
    return any(
        isinstance(each, msgspec.Meta) and not {PERSONAL, WORDS}.isdisjoint(each.extra_json_schema or {})
        for each in marks
    )


def _marks(hint: Any) -> tuple[Any, ...]:
    return tuple(getattr(hint, "__metadata__", ()))


def _without_sealed(value: Any) -> Any:
    if isinstance(value, str):
        return None if is_sealed(value) else value
    if isinstance(value, dict):
        return {name: _without_sealed(each) for name, each in value.items() if name not in HIDDEN_FIELDS}
    if isinstance(value, list):
        return [_without_sealed(each) for each in value]
    return value
