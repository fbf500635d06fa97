"""More time for a unit, for one learner: granted, granted again, and taken back. The facts are of the enrollment."""

from collections.abc import Callable
from datetime import datetime

from domain.aggregate import Aggregate
from domain.enrollment.place import Place
from domain.enrollment_errors import BadExtension, HasWithdrawn, Status
from domain.personal import Words


class ExtensionGranted(Aggregate.Event):
    """The deadline of the learner for a unit from now on, and the one before it."""

    TOPIC = "enrollment.extension_granted"
    unit_id: str
    old_due: datetime | None
    new_due: datetime
    reason: Words


class ExtensionWithdrawn(Aggregate.Event):
    """The learner has the deadline of all again, which is `due`, null for none."""

    TOPIC = "enrollment.extension_withdrawn"
    unit_id: str
    old_due: datetime
    due: datetime | None
    reason: Words


class Extended(Place):
    """What decides about the extensions of an enrollment, in the place of `Enrollment`, which remembers them."""

    _extension_granted: Callable[..., None]
    _extension_withdrawn: Callable[..., None]

    def extend(self, unit_id: str, due: datetime | None, new_due: datetime, reason: str) -> None:
        """
        Give the learner more time for a unit; a later extension takes the place of an earlier one, also if it is less.

        Args:
            due: the deadline of the unit for all, None for none of its own.
            new_due: the deadline of the learner from now on, later than that for all.
        """
        self.must_have_asked()
        if self.status is Status.WITHDRAWN:
            raise HasWithdrawn(learner_id=self.learner_id, run_id=self.run_id)
        if due is not None and new_due <= due:
            raise BadExtension(
                unit_id=unit_id, due=f"{due:%Y-%m-%d %H:%M} UTC", new_due=f"{new_due:%Y-%m-%d %H:%M} UTC"
            )
        old = self.extensions.get(unit_id, due)
        if old != new_due:
            self._extension_granted(unit_id=unit_id, old_due=old, new_due=new_due, reason=reason)

    def withdraw_extension(self, unit_id: str, due: datetime | None, reason: str) -> None:
        """Take an extension back; without one nothing changes. *due* is the deadline of the unit for all."""
        self.must_have_asked()
        old_due = self.extensions.get(unit_id)
        if old_due is not None:
            self._extension_withdrawn(unit_id=unit_id, old_due=old_due, due=due, reason=reason)
