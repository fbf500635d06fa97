"""
Answers that PostgreSQL builds as JSON text: their fields are written once, in the struct that describes the answer.

    json_object(GradebookRow)                          every field from the column of its name
    json_object(OverviewCounts, banked="count(*)")     one of them computed
"""

import msgspec


def json_object(answer: type[msgspec.Struct], **computed: str) -> str:
    """
    SQL for one *answer*: each field from the column of its name, or from the SQL that *computed* has for it.

    Raises:
        TypeError: *computed* has a name that is no field of *answer*.
    """
    fields = answer.__struct_fields__
    if unknown := computed.keys() - set(fields):
        raise TypeError(f"{answer.__name__} has no field {', '.join(sorted(unknown))}")
    members = [f"'{name}', {computed.get(name, name)}" for name in fields]
    return f"json_build_object({', '.join(members)})"


def json_array(entry: str, order: str) -> str:
    """SQL for the array of all *entry*, sorted by *order*; empty if there are no rows."""
    return f"coalesce(json_agg({entry} ORDER BY {order}), '[]')"
