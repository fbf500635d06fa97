"""The rules of an invitation to a run: accepted once, until its time is over."""

from datetime import timedelta
from operator import methodcaller

import pytest

from domain.enrollment import Admission, InvitationOver, NotInvited
from tests.support.given import AT, Said, fact, given

END = AT + timedelta(days=14)
INVITED = fact(Admission.Invited, until=END)
ACCEPTED, DECLINED, REVOKED = fact(Admission.Accepted), fact(Admission.Declined), fact(Admission.Revoked)
ANN = {"learner_id": "ann", "run_id": "algebra-1"}


def test_an_invitation_stands_until_the_later_end() -> None:
    """Invited again for less, nothing changes; for longer, or after its end, there is another one."""
    given(Admission).when(lambda each: each.invite(END, AT)).then(INVITED)
    given(Admission, INVITED).when(lambda each: each.invite(END, AT)).then()
    given(Admission, INVITED).when(lambda each: each.invite(END - timedelta(days=1), AT)).then()
    longer = fact(Admission.Invited, until=END + timedelta(days=1))
    given(Admission, INVITED).when(lambda each: each.invite(END + timedelta(days=1), AT)).then(longer)
    for over in (ACCEPTED, DECLINED, REVOKED):
        given(Admission, INVITED, over).when(lambda each: each.invite(END, AT)).then(INVITED)


def test_it_is_accepted_once() -> None:
    """A second time changes nothing, also after its end."""
    given(Admission, INVITED).when(lambda each: each.accept(END - timedelta(seconds=1))).then(ACCEPTED)
    given(Admission, INVITED, ACCEPTED).when(lambda each: each.accept(AT)).then()
    given(Admission, INVITED, ACCEPTED).when(lambda each: each.accept(END)).then()


def test_it_expires_by_the_clock() -> None:
    """From its end on it is refused, and no fact is needed for that."""
    given(Admission, INVITED).when(lambda each: each.accept(END)).refused(InvitationOver, **ANN, status="expired")
    given(Admission, INVITED).when(lambda each: each.status(END)).then(answer="expired")


@pytest.mark.parametrize(("over", "status"), [(DECLINED, "declined"), (REVOKED, "revoked")])
def test_what_was_declined_or_revoked_is_not_accepted(over: Said, status: str) -> None:
    """Staff would invite again."""
    given(Admission, INVITED, over).when(lambda each: each.accept(AT)).refused(InvitationOver, **ANN, status=status)


def test_it_is_declined_or_revoked_once_and_before_it_is_accepted() -> None:
    """Who has a place leaves it by withdrawing."""
    given(Admission, INVITED).when(lambda each: each.decline(AT)).then(DECLINED)
    given(Admission, INVITED, DECLINED).when(lambda each: each.decline(AT)).then()
    given(Admission, INVITED).when(lambda each: each.revoke(AT)).then(REVOKED)
    given(Admission, INVITED, REVOKED).when(lambda each: each.revoke(AT)).then()
    accepted = given(Admission, INVITED, ACCEPTED)
    accepted.when(lambda each: each.decline(AT)).refused(InvitationOver, **ANN, status="accepted")
    accepted.when(lambda each: each.revoke(AT)).refused(InvitationOver, **ANN, status="accepted")


def test_who_was_not_invited_answers_nothing() -> None:
    """There is nothing to accept, decline or revoke."""
    for name in ("accept", "decline", "revoke"):
        given(Admission).when(methodcaller(name, AT)).refused(NotInvited, **ANN)
