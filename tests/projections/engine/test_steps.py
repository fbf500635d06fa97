"""JSON Patches lead from any document to any other."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections.engine.steps import patch_between, patched

SCALARS = st.none() | st.booleans() | st.sampled_from([-2, 0, 1, 0.0, 1.0, -0.5]) | st.text("a/~é", max_size=2)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=4),
    max_leaves=15,
)
ROWS = st.none() | st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def exactly(value: Any) -> str:
    """The JSON of a value: 1, 1.0 and true are three values."""
    return json.dumps(value, sort_keys=True)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, ROWS)
def test_a_patch_leads_from_one_row_to_the_other(before: Any, after: Any) -> None:
    """Whatever stands in it, also from none and to none; without a change it is empty."""
    patch = json.loads(json.dumps(patch_between(before, after))) if (before, after) != (None, None) else []
    assert exactly(patched(json.loads(json.dumps(before)), patch)) == exactly(after)
    if before is not None and exactly(before) == exactly(after):
        assert patch == []


def test_a_patch_names_what_changed_only() -> None:
    """By RFC 6902, with the names of RFC 6901."""
    before = {"title": "Algebra", "scores": {"q/1": 5_000, "q2": 1}, "courses": [{"run": "a"}, {"run": "b"}]}
    after = {"title": "Algebra", "scores": {"q/1": 7_500, "q2": 1}, "courses": [{"run": "a"}, {"run": "b", "n": 1}]}
    assert patch_between(before, after) == [
        {"op": "replace", "path": "/scores/q~11", "value": 7_500},
        {"op": "add", "path": "/courses/1/n", "value": 1},
    ]
    assert patch_between(None, after) == [{"op": "add", "path": "", "value": after}]
