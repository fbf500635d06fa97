"""
The mailbox of a person, as far as mails come back from it: then none goes there any more until it answers.

Which address that is stands in no fact: it is that of the account as it was at a version of the person's own stream.
With another address the person has another mailbox.
"""

from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict
from domain.links import LinkRefused

MOST_CONFIRMATIONS = 5
"""Mails by which one mailbox is asked: each may come back."""


class Failure(StrEnum):
    """Why no mails go to a mailbox: they have `bounced`, or the person has `complained` of them."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"


class MailboxInUse(Conflict):
    """No mail came back from the mailbox of the person."""

    code = "mailbox_in_use"
    template = "mails to {learner_id} go out: there is nothing to confirm"


class TooManyConfirmations(Conflict):
    """The mailbox was asked so often, and has not answered."""

    code = "too_many_confirmations"
    template = "{most} mails went to the address without an answer: choose another address"


def mailbox_stream(learner_id: str) -> str:
    """The stream of the mailbox of a person."""
    return stream_id("mailbox", learner_id)


class Mailbox(Aggregate):
    """The mailbox of one person."""

    category = "mailbox"
    ids = ("learner_id",)
    keyed_by = "learner_id"

    class Suppressed(Aggregate.Event):
        TOPIC = "mailbox.suppressed"
        cause: str
        status: str
        address_version: int

    class ConfirmationRequested(Aggregate.Event):
        TOPIC = "mailbox.confirmation_requested"
        address_version: int

    class Restored(Aggregate.Event):
        TOPIC = "mailbox.restored"
        requested: int

    def initial_state(self) -> None:
        self.cause: Failure | None = None
        self.status = ""
        self.address_version = 0
        self.asked = self.requested = 0  # how often, and the version of the fact by which it was asked last

    def failure_of(self, address_version: int) -> Failure | None:
        """Why no mails go to the address that a person has since a version of the account; None if they do."""
        return self.cause if self.address_version == address_version else None

    def suppress(self, cause: Failure, status: str, address_version: int) -> None:
        """
        Mails to an address come back, or are complained of; a second time changes nothing, nor a complaint after that.

        Args:
            status: of RFC 3463, or the reply code of the mail server; of a complaint its type.
            address_version: the version of the account since which it has the address.
        """
        if self.failure_of(address_version) not in (cause, Failure.BOUNCED):
            self._suppressed(cause=cause.value, status=status, address_version=address_version)

    @event(Suppressed)
    def _suppressed(self, cause: str, status: str, address_version: int) -> None:
        self.cause, self.status, self.address_version = Failure(cause), status, address_version
        self.asked = self.requested = 0

    def request_confirmation(self, address_version: int) -> None:
        """The person says that mails arrive there: it is asked by one."""
        if self.failure_of(address_version) is None:
            raise MailboxInUse(learner_id=self.id_of("learner_id"))
        if self.asked >= MOST_CONFIRMATIONS:
            raise TooManyConfirmations(most=MOST_CONFIRMATIONS)
        self._confirmation_requested(address_version=address_version)

    @event(ConfirmationRequested)
    def _confirmation_requested(self, address_version: int) -> None:
        self.asked += 1
        self.requested = self.version + 1

    def restore(self, requested: int) -> None:
        """It has answered the mail that followed from the fact of this version; raises LinkRefused for an older one."""
        if not self.requested or self.requested != requested:
            raise LinkRefused
        self._restored(requested=requested)

    @event(Restored)
    def _restored(self, requested: int) -> None:
        self.cause, self.status = None, ""
        self.asked = self.requested = 0
