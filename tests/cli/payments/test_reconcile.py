"""The options of `campus payments reconcile`."""

import pytest

from tests.support.campus_up import campus


@pytest.mark.processes
@pytest.mark.parametrize("day", ["yesterday", "2026-02-01T00:00:00+05:00"])
def test_since_is_a_day(day: str) -> None:
    """A time of another zone would be taken for one of UTC."""
    refused = campus("payments", "reconcile", "--since", day)
    assert refused.returncode == 2
    assert "is no day, such as 2026-02-01" in refused.stderr.replace("\n", " ")
