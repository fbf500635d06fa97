"""Facts as objects: what makes two of them equal, and how one is shown in a failed test."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from domain.enrollment import Enrollment

STREAM = "enrollment-ada:algebra"
WHEN = datetime(2026, 3, 1, tzinfo=UTC)


def withdrawn(version: int = 2, reason: str = "moved") -> Any:
    """A fact."""
    return cast(Any, Enrollment.Withdrawn)(STREAM, version, WHEN, reason)


def test_facts_are_equal_by_class_and_fields() -> None:
    """Each field counts, and the class: a generated method would not do otherwise."""
    assert withdrawn() == withdrawn()
    assert hash(withdrawn()) == hash(withdrawn())
    assert withdrawn() != withdrawn(version=3)
    assert withdrawn() != withdrawn(reason="ill")
    assert withdrawn() != STREAM
    assert len({withdrawn(), withdrawn(), withdrawn(version=3)}) == 2
    completed, reactivated = (
        cast(Any, each)(STREAM, 2, WHEN) for each in (Enrollment.Completed, Enrollment.Reactivated)
    )
    assert completed != reactivated


def test_a_fact_shows_its_fields() -> None:
    """As a dataclass does."""
    shown = f"originator_id={STREAM!r}, originator_version=2, timestamp=datetime.datetime(2026, 3, 1, 0, 0"
    assert repr(withdrawn()).startswith(f"Enrollment.Withdrawn({shown}")
    assert repr(withdrawn()).endswith("reason='moved')")


def test_a_fact_does_not_change() -> None:
    """Nor does it lose a field."""
    with pytest.raises(FrozenInstanceError):
        withdrawn().reason = "ill"
    with pytest.raises(FrozenInstanceError):
        del withdrawn().reason
