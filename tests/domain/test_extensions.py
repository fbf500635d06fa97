"""More time for a unit, as a fact of one learner's enrollment."""

from datetime import timedelta

from domain.enrollment import BadExtension, Enrollment, HasWithdrawn, NotEnrolled
from tests.support.given import AT, fact, given

ANN = {"learner_id": "ann", "run_id": "algebra-1"}
ACTIVE = (
    fact(Enrollment.Requested, **ANN, mode="free", source="api"),
    fact(Enrollment.Activated, access_from=None, access_until=None, entitlement_id=None),
)
LEFT = (*ACTIVE, fact(Enrollment.Withdrawn, reason="moved"))


def test_a_learner_gets_more_time() -> None:
    """For one unit, until a time; the next extension says what it was, and the same again changes nothing."""
    due, first, second = (AT + timedelta(days=days) for days in (1, 3, 2))
    more = fact(Enrollment.ExtensionGranted, unit_id="q1", old_due=due, new_due=first, reason="ill")
    active = given(Enrollment, *ACTIVE)
    active.when(lambda enrollment: enrollment.extend("q1", due, first, "ill")).then(more)
    extended = given(Enrollment, *ACTIVE, more)
    extended.when(lambda enrollment: enrollment.extend("q1", due, first, "again")).then()
    given(Enrollment, *ACTIVE, more).when(lambda enrollment: enrollment.extend("q1", due, second, "less")).then(
        fact(Enrollment.ExtensionGranted, unit_id="q1", old_due=first, new_due=second, reason="less")
    )


def test_an_extension_is_more_time_for_a_learner_of_the_run() -> None:
    """None for who never asked for a place or has left, and none that is no later than the deadline of all."""

    def extend(enrollment: Enrollment) -> None:
        enrollment.extend("q1", AT, AT, "ill")

    time = f"{AT:%Y-%m-%d %H:%M} UTC"
    given(Enrollment).when(extend).refused(NotEnrolled, **ANN)
    given(Enrollment, *LEFT).when(extend).refused(HasWithdrawn, **ANN)
    given(Enrollment, *ACTIVE).when(extend).refused(BadExtension, unit_id="q1", due=time, new_due=time)
