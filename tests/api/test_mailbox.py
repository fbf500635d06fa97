"""The mailbox of a person, over HTTP."""

from adapters.command_bus.replay import replayed
from commands.log import Context
from commands.notification.mailboxes import SuppressMailbox
from domain.notification import MOST_CONFIRMATIONS, Failure
from domain.user import User, user_stream
from tests.api.test_notification import Person, person

__all__ = ["person"]
HERE = "/me/mailbox"


async def test_a_person_sees_that_mails_come_back(person: Person) -> None:
    """And has the address asked, five times at most; nothing is asked of one that is in use."""
    campus, name = person.campus, person.campus.learner
    shown = (await campus.get(HERE, user=name)).json()
    assert shown == {"failure": None, "status": None, "since": None, "confirmations_left": MOST_CONFIRMATIONS}
    refused = await campus.post(f"{HERE}/confirmation", {}, user=name)
    assert (refused.status_code, refused.json()["code"]) == (409, "mailbox_in_use")
    version = (await replayed(person.log, User, user_stream(name))).address_version
    await person._bus.handle(SuppressMailbox(name, Failure.BOUNCED, "5.1.1", version), Context("mail-server"))
    for left in reversed(range(MOST_CONFIRMATIONS)):
        await campus.send(f"{HERE}/confirmation", user=name)
        shown = (await campus.get(HERE, user=name)).json()
        assert (shown["failure"], shown["status"], shown["confirmations_left"]) == ("bounced", "5.1.1", left)
    refused = await campus.post(f"{HERE}/confirmation", {}, user=name)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_confirmations")
