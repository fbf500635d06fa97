"""What the units of a run count by one version of its course, and for one learner."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from domain.deadlines import FromEnrollment, due_for, due_times, from_enrollment
from domain.grading.scheme import Scheme, scheme_of

PLAN = ("starts_at", "time_zone", "due_from")
"""The fields of the fact that scheduled a run from which deadlines are computed."""


class Weights(msgspec.Struct):
    """What units count; `own_due` are deadlines that count from when a learner got a place."""

    scheme: Scheme = Scheme()
    own_due: FromEnrollment | None = None

    def of_learner(self, placed_at: datetime | None, extensions: Mapping[str, datetime]) -> Scheme:
        """What units count, with the deadlines of a learner who got a place then and has these *extensions*."""
        scheme = self.scheme
        if not extensions and self.own_due is None:
            return scheme
        due = due_for(scheme.due, self.own_due, placed_at, extensions)
        return msgspec.structs.replace(scheme, due={each: at for each, at in due.items() if each in scheme.weights})


def weights_of(units: Collection[Any], plan: Mapping[str, str], groups: Iterable[Any], **more: Any) -> Weights:
    """What *units* count on a run of this *plan*; *more* is what `scheme_of` takes."""
    return Weights(scheme_of(units, groups, due_times(units, plan), **more), from_enrollment(units, plan))
