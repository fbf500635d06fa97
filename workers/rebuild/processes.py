"""Default number of processes of a rebuild."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projections.engine.projection import Projection


def default_workers(projections: "Sequence[Projection]") -> int:
    """Processes for a rebuild: one for each segment, but one core is left to those who serve people."""
    cores = len(os.sched_getaffinity(0))
    return max(1, min(max(projection.segments for projection in projections), cores - 1))
