"""Rules of mailboxes from which mails come back."""

from functools import partial

import pytest

from domain.links import LinkRefused
from domain.notification import MOST_CONFIRMATIONS, Failure, Mailbox, MailboxInUse, TooManyConfirmations
from tests.support.given import fact, given

BOUNCED = fact(Mailbox.Suppressed, cause="bounced", status="5.1.1", address_version=1)
COMPLAINED = fact(Mailbox.Suppressed, cause="complained", status="abuse", address_version=1)
ASKED = fact(Mailbox.ConfirmationRequested, address_version=1)


def bounce(mailbox: Mailbox, address_version: int = 1) -> None:
    mailbox.suppress(Failure.BOUNCED, "5.1.1", address_version)


def complain(mailbox: Mailbox) -> None:
    mailbox.suppress(Failure.COMPLAINED, "abuse", 1)


def test_an_address_is_stopped_once() -> None:
    """A bounce after a complaint says more, a complaint after a bounce does not; another address is another mailbox."""
    given(Mailbox).when(bounce).then(BOUNCED)
    given(Mailbox, BOUNCED).when(bounce).then()
    given(Mailbox, BOUNCED).when(complain).then()
    given(Mailbox, COMPLAINED).when(complain).then()
    given(Mailbox, COMPLAINED).when(bounce).then(BOUNCED)
    given(Mailbox, BOUNCED).when(lambda it: bounce(it, 4)).then(
        fact(Mailbox.Suppressed, cause="bounced", status="5.1.1", address_version=4)
    )


def test_it_is_in_use_again_when_it_answers() -> None:
    """The latest mail that asked it; then it can be stopped again."""
    given(Mailbox, BOUNCED).when(lambda it: it.request_confirmation(1)).then(ASKED)
    restored = fact(Mailbox.Restored, requested=2)
    given(Mailbox, BOUNCED, ASKED).when(lambda it: it.restore(2)).then(restored)
    given(Mailbox, BOUNCED, ASKED, restored).when(bounce).then(BOUNCED)
    for facts, requested in (
        ((BOUNCED, ASKED, ASKED), 2),
        ((BOUNCED, ASKED, restored), 2),
        ((BOUNCED,), 0),
        ((BOUNCED, ASKED, fact(Mailbox.Suppressed, cause="bounced", status="550", address_version=4)), 2),
    ):
        given(Mailbox, *facts).when(partial(Mailbox.restore, requested=requested)).refused_because(LinkRefused)


def test_what_is_in_use_is_not_asked() -> None:
    """Nor another address, nor one that was asked too often."""
    given(Mailbox).when(lambda it: it.request_confirmation(1)).refused(MailboxInUse, learner_id="ann")
    given(Mailbox, BOUNCED).when(lambda it: it.request_confirmation(2)).refused(MailboxInUse, learner_id="ann")
    given(Mailbox, BOUNCED, *[ASKED] * MOST_CONFIRMATIONS).when(lambda it: it.request_confirmation(1)).refused(
        TooManyConfirmations, most=MOST_CONFIRMATIONS
    )


@pytest.mark.parametrize("address_version", [1, 2])
def test_only_mails_to_that_address_are_stopped(address_version: int) -> None:
    """Also by the facts of before."""
    mailbox = Mailbox.blank("mailbox-ann")
    mailbox._suppressed(**BOUNCED.fields)
    assert mailbox.failure_of(address_version) == (Failure.BOUNCED if address_version == 1 else None)
