"""How many seats a run has, and what a lower number means for those who sit."""

from domain.errors import Rejected

EXCESS_STAYS, EXCESS_WAITS = "stay", "wait"
EXCESS_POLICIES = (EXCESS_STAYS, EXCESS_WAITS)
"""Of learners who have a seat above a lower capacity: they keep it, or those seated last wait again, first in line."""


class BadCapacity(Rejected):
    """A run has a seat at least, and a policy for learners above the capacity is one of two words."""

    code = "bad_capacity"
    template = (
        f"run {{run_id}} needs a seat at least, not {{capacity}}, and {{excess!r}} has to be one of"
        f" {', '.join(EXCESS_POLICIES)}"
    )


def check_capacity(run_id: str, new: int, excess: str) -> None:
    """
    Refuse a change of capacity that says nothing.

    Raises:
        BadCapacity: there would be no seat, or the policy for learners above the capacity is unknown.
    """
    if new < 1 or excess not in EXCESS_POLICIES:
        raise BadCapacity(run_id=run_id, capacity=new, excess=excess)
