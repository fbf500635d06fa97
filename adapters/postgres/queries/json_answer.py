"""
Answers that PostgreSQL builds as JSON text: their fields are written once, in the struct that describes the answer.

    json_object(GradebookRow)                          every field from the column of its name
    json_object(OverviewCounts, banked="count(*)")     one of them computed
"""

from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

import msgspec

WHOLE = 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
PART = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


def json_object(answer: type[msgspec.Struct], /, **computed: str) -> str:
    """
    SQL for one *answer*: each field from the column of its name, or from the SQL that *computed* has for it.

    Raises:
        TypeError: *computed* has a name that is no field of *answer*.
    """
    fields = answer.__struct_fields__
    if unknown := computed.keys() - set(fields):
        raise TypeError(f"{answer.__name__} has no field {', '.join(sorted(unknown))}")
    times = _times(answer)
    values = {name: computed.get(name, name) for name in fields}
    members = [f"'{name}', {json_time(value) if name in times else value}" for name, value in values.items()]
    return f"json_build_object({', '.join(members)})"


def json_array(entry: str, order: str) -> str:
    """SQL for the array of all *entry*, sorted by *order*; empty if there are no rows."""
    return f"coalesce(json_agg({entry} ORDER BY {order}), '[]')"


def json_time(value: str) -> str:
    """
    SQL for a time as msgspec writes it: with `Z`, and with six digits after a second that is not whole.

    PostgreSQL has only offsets, and leaves out zeros at the end: a moment would be another text than in a document.
    Connections are in UTC.
    """
    pattern = f"CASE WHEN {value} = date_trunc('second', {value}) THEN '{WHOLE}' ELSE '{PART}' END"
    return f"to_json(to_char({value}, {pattern}))"


@cache
def _times(answer: type[msgspec.Struct]) -> frozenset[str]:
    """The fields that are times."""
    return frozenset(name for name, hint in get_type_hints(answer).items() if _is_time(hint))


def _is_time(hint: Any) -> bool:
    choices = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return datetime in choices and set(choices) <= {datetime, NoneType}
