"""What staff change about an enrollment: its mode, its access, and the run that it is on."""

import pytest

from domain.enrollment import AlreadyCompleted, BadMode, Enrollment, NoAccess, NotEnrolled
from tests.support.given import Said, fact, given

ANN = {"learner_id": "ann", "run_id": "algebra-1"}
REQUESTED = fact(Enrollment.Requested, **ANN, mode="free", source="api")
PAID = fact(Enrollment.Requested, **ANN, mode="entitlement", source="api")
ACTIVATED = fact(Enrollment.Activated, access_from=None, access_until=None, entitlement_id=None)
WITHDRAWN = fact(Enrollment.Withdrawn, reason="moved")
ACTIVE = (REQUESTED, ACTIVATED)


def suspended(by: str) -> Said:
    return fact(Enrollment.Suspended, reason="why", by=by)


def resumed(by: str, status: str) -> Said:
    return fact(Enrollment.Resumed, status=status, reason="well", by=by)


def test_a_mode_is_changed_once() -> None:
    """With the old and the new one; the same again changes nothing."""
    changed = fact(Enrollment.ModeChanged, old="free", new="audit")
    given(Enrollment, *ACTIVE).when(lambda each: each.change_mode("audit")).then(changed)
    given(Enrollment, *ACTIVE, changed).when(lambda each: each.change_mode("audit")).then()
    given(Enrollment).when(lambda each: each.change_mode("audit")).refused(NotEnrolled, **ANN)


def test_only_an_entitlement_gives_its_mode() -> None:
    """Staff do not say that a learner has bought something."""
    given(Enrollment, *ACTIVE).when(lambda each: each.change_mode("entitlement")).refused(BadMode, mode="entitlement")


def test_in_another_mode_access_needs_no_entitlement() -> None:
    """What was suspended for want of one is resumed."""
    past = (PAID, ACTIVATED, suspended("entitlement"))
    given(Enrollment, *past).when(lambda each: each.change_mode("free")).then(
        fact(Enrollment.ModeChanged, old="entitlement", new="free"),
        fact(Enrollment.Resumed, status="active", reason="mode changed", by="entitlement"),
    )


def test_a_suspension_by_staff_outlasts_a_payment() -> None:
    """Access is back when neither of both keeps it; each gives back what it has taken, once."""
    both = (*ACTIVE, suspended("staff"), suspended("entitlement"))
    given(Enrollment, *ACTIVE, suspended("staff")).when(lambda each: each.resume("well")).then()
    given(Enrollment, *both).when(lambda each: each.resume("well")).then(resumed("entitlement", "suspended"))
    given(Enrollment, *both, resumed("entitlement", "suspended")).when(lambda each: each.resume("well", "staff")).then(
        resumed("staff", "active")
    )
    given(Enrollment, *both).when(lambda each: each.suspend("why", "staff")).then()


def test_leaving_is_no_way_around_a_suspension_by_staff() -> None:
    """Who has left while suspended comes back after staff have given access back."""
    past = (*ACTIVE, suspended("staff"), WITHDRAWN)
    given(Enrollment, *past).when(lambda each: each.reactivate()).refused(NoAccess, **ANN, status="suspended")
    given(Enrollment, *past).when(lambda each: each.resume("well", "staff")).then(resumed("staff", "withdrawn"))
    given(Enrollment, *past, resumed("staff", "withdrawn")).when(lambda each: each.reactivate()).then(
        fact(Enrollment.Reactivated)
    )


def test_a_learner_leaves_for_another_run() -> None:
    """The history says where to, and why; who has no access now, or has completed the course, does not."""
    given(Enrollment, *ACTIVE).when(lambda each: each.leave_for("algebra-2", "works")).then(
        fact(Enrollment.Transferred, to_run="algebra-2", reason="works"),
        fact(Enrollment.Withdrawn, reason="transferred"),
    )
    given(Enrollment, *ACTIVE, suspended("staff")).when(lambda each: each.leave_for("algebra-2", "")).refused(
        NoAccess, **ANN, status="suspended"
    )
    given(Enrollment, *ACTIVE, fact(Enrollment.Completed)).when(lambda each: each.leave_for("algebra-2", "")).refused(
        AlreadyCompleted, **ANN
    )


@pytest.mark.parametrize(
    ("past", "begins"),
    [
        ((), fact(Enrollment.Requested, **ANN, mode="free", source="api")),
        ((*ACTIVE, WITHDRAWN), fact(Enrollment.Reactivated)),
    ],
)
def test_a_learner_arrives_from_another_run(past: tuple[Said, ...], begins: Said) -> None:
    """Also where the learner has been before."""
    given(Enrollment, *past).when(lambda each: each.arrive_from("algebra-2", "free", "api")).then(
        begins, fact(Enrollment.TransferredFrom, from_run="algebra-2")
    )
