"""
Mails to persons, about facts of their accounts: the address is opened for the moment in which a mail is written.

A mail is in the language of the profile, which is that of the page of a registration, and its times are in the zone of
it. An account that has ended meanwhile, or whose key is gone, gets none. What a link carries is behind `#`, where no
server sees it.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from adapters.auth.links import (
    MAILBOX,
    NEW_ADDRESS,
    NOTICES,
    OLD_ADDRESS,
    RESET,
    VERIFY,
    LinkKind,
    link_token,
    reset_state,
)
from adapters.command_bus.replay import replayed
from adapters.mail.messages import as_time, language_for, message
from adapters.mail.smtp import Post
from adapters.personal.addresses import Addresses
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from domain.admin.webhooks import Webhook
from domain.auth import Credentials, Session, credentials_stream
from domain.enrollment import Admission
from domain.fact import Fact
from domain.notification import Mailbox
from domain.profiles import LANGUAGE, NOTIFICATION_ADDRESS, TIME_ZONE
from domain.user import AccountStatus, User, user_stream

SIGN_IN, FORGOTTEN, HOME = "/signin", "/forgotten", "/learn"
"""Pages to which mails without a link of their own lead."""


class Mail(NamedTuple):
    """
    A mail that is to be written: its occasion, to which address, and a link of a kind with its state.

    Attributes:
        until: a time that the mail says.
        reader: the person of the address, where that is not the person of the fact.
    """

    occasion: str
    recipient: str | None
    kind: LinkKind | None = None
    state: str = ""
    page: str = ""
    until: datetime | None = None
    reader: User | None = None


class MailToPeople:
    """Writes to the persons of one campus."""

    def __init__(self, log: PostgresLog, settings: Settings) -> None:
        self._log = log
        self._settings = settings
        self._post = Post(settings)
        self._addresses = Addresses(log.link, log.keys)
        self._about: Mapping[str, Callable[[Fact, User], Awaitable[Mail | None]]] = {
            User.Registered.TOPIC: self._registration,
            User.RegistrationRepeated.TOPIC: self._registration,
            User.Invited.TOPIC: self._invitation,
            User.EmailChangeRequested.TOPIC: self._wanted_address,
            User.NotificationAddressRequested.TOPIC: self._address_for_notices,
            User.EmailChanged.TOPIC: self._old_address,
            User.EmailRestored.TOPIC: self._given_up,
            Credentials.ResetRequested.TOPIC: self._forgotten,
            Credentials.PasswordSet.TOPIC: self._password,
            Credentials.FactorAdded.TOPIC: self._factor,
            Credentials.FactorRemoved.TOPIC: self._factor,
            Credentials.IdentityLinked.TOPIC: self._identity,
            Credentials.IdentityUnlinked.TOPIC: self._identity,
            Session.Impersonated.TOPIC: self._impersonated,
            Mailbox.ConfirmationRequested.TOPIC: self._mailbox,
            Webhook.Disabled.TOPIC: self._webhook,
            Admission.Invited.TOPIC: self._run_invitation,
        }

    async def write_about(self, fact: Fact, key: str) -> None:
        """Write to the person about a fact of the account; *key* is that of the job."""
        learner_id = await self._addressee(fact)
        user = await replayed(self._log, User, user_stream(learner_id))
        mail = await self._about[fact.type](fact, user)
        if mail is None or not mail.recipient:  # as of an account whose person has given no address
            return
        reader = mail.reader or user
        language = language_for(await self._open(reader, reader.profile.get(LANGUAGE)))
        zone = await self._open(reader, reader.profile.get(TIME_ZONE))
        found = message(
            mail.occasion,
            sender=self._settings.mail_from,
            recipient=mail.recipient,
            key=key,
            values=self._values(learner_id, mail, lambda moment: as_time(moment, language, zone)),
            language=language,
        )
        await self._post.send(found)

    async def _addressee(self, fact: Fact) -> str:
        """To whom a mail about a fact goes: the person of its stream; of a webhook, who has made or enabled it last."""
        if fact.category != Webhook.category:
            return fact.id("learner_id")
        of_persons = (Webhook.Created.TOPIC, Webhook.Enabled.TOPIC)
        actors = [each.meta.actor for each in await self._log.stream(fact.stream_id) if each.type in of_persons]
        return actors[-1]

    async def _webhook(self, fact: Fact, user: User) -> Mail | None:
        page = f"/v1/webhooks/{fact.id('endpoint_id')}"
        return Mail("webhook_disabled", await self._open(user, user.email), page=page)

    async def _registration(self, fact: Fact, user: User) -> Mail | None:
        """The link that completes a registration; to a person with an account who asks again, that there is one."""
        recipient = await self._open(user, user.email)
        if fact.meta.source == "cli":
            return None  # an operator opens the account, with a password, or hands over the link
        if user.status is AccountStatus.PENDING:
            return Mail("registration", recipient, VERIFY)
        return (
            Mail("registered_before", recipient, page=SIGN_IN) if fact.type == User.RegistrationRepeated.TOPIC else None
        )

    async def _invitation(self, _fact: Fact, user: User) -> Mail | None:
        """The same link, for an account that the staff have opened."""
        is_new = user.status is AccountStatus.PENDING
        return Mail("invitation", await self._open(user, user.email), VERIFY) if is_new else None

    async def _run_invitation(self, fact: Fact, user: User) -> Mail | None:
        """That there is an invitation to a run; to a person without an account no mail can go."""
        until = datetime.fromisoformat(fact.data["until"])
        return Mail("run_invitation", await self._open(user, user.email), page=HOME, until=until)

    async def _forgotten(self, _fact: Fact, user: User) -> Mail | None:
        credentials = await replayed(self._log, Credentials, credentials_stream(user.learner_id))
        if user.status is not AccountStatus.ACTIVE:
            return None
        return Mail("reset", await self._open(user, user.email), RESET, reset_state(credentials.password_id, user))

    async def _password(self, _fact: Fact, user: User) -> Mail | None:
        return Mail("password_changed", await self._open(user, user.email), page=FORGOTTEN)

    async def _factor(self, fact: Fact, user: User) -> Mail | None:
        occasion = "factor_added" if fact.type == Credentials.FactorAdded.TOPIC else "factor_removed"
        return Mail(occasion, await self._open(user, user.email), page=FORGOTTEN)

    async def _identity(self, fact: Fact, user: User) -> Mail | None:
        occasion = "connected" if fact.type == Credentials.IdentityLinked.TOPIC else "disconnected"
        return Mail(occasion, await self._open(user, user.email), page=FORGOTTEN)

    async def _impersonated(self, fact: Fact, user: User) -> Mail | None:
        until = datetime.fromisoformat(fact.data["until"])
        return Mail("impersonated", await self._open(user, user.email), page=FORGOTTEN, until=until)

    async def _wanted_address(self, fact: Fact, user: User) -> Mail | None:
        """To the new address: a link, or that it has another account."""
        wanted = await self._open(user, fact.data["email"])
        if wanted is None or user.status is not AccountStatus.ACTIVE:
            return None
        owner = await self._addresses.find(wanted)
        if owner not in (None, user.learner_id):
            other = await replayed(self._log, User, user_stream(owner or ""))
            if other.status is AccountStatus.ACTIVE:
                return Mail("address_taken", wanted, page=SIGN_IN, reader=other)
        return Mail("new_address", wanted, NEW_ADDRESS, str(fact.stream_version))

    async def _address_for_notices(self, fact: Fact, user: User) -> Mail | None:
        """To the address that is wanted for notifications; to none that another one has taken the place of."""
        if user.wanted_for_notices is None or user.wanted_for_notices[0] != fact.stream_version:
            return None
        wanted = await self._open(user, fact.data["address"])
        return Mail("notification_address", wanted, NOTICES, str(fact.stream_version))

    async def _mailbox(self, fact: Fact, user: User) -> Mail | None:
        """To the address from which mails came back; to none that another one has taken the place of."""
        if user.status is not AccountStatus.ACTIVE or fact.data["address_version"] != user.address_version:
            return None
        address = await self._open(user, user.profile.get(NOTIFICATION_ADDRESS)) or await self._open(user, user.email)
        return Mail("mailbox", address, MAILBOX, str(fact.stream_version))

    async def _old_address(self, fact: Fact, user: User) -> Mail | None:
        """The old address leads nowhere any more, and gets the link that takes the change back."""
        old = await self._give_up(fact, user)
        return Mail("old_address", old, OLD_ADDRESS, str(fact.stream_version))

    async def _given_up(self, fact: Fact, user: User) -> None:
        """A change was taken back: the address that it brought leads nowhere any more, and is not written to."""
        await self._give_up(fact, user)

    async def _give_up(self, fact: Fact, user: User) -> str | None:
        old, now = await self._open(user, fact.data["old"]), await self._open(user, user.email)
        if old is not None and old != now:  # it may be the address again by now
            await self._addresses.release(old, user.learner_id, self._log.clock.now())
        return old

    async def _open(self, user: User, sealed: str | None) -> str | None:
        return (await self._log.keys.reading(user.id)).open(sealed)

    def _values(self, learner_id: str, mail: Mail, written: Callable[[datetime], str]) -> dict[str, str]:
        url, now = self._settings.web_url, self._log.clock.now()
        if mail.kind is None:
            until = "" if mail.until is None else written(mail.until)
            return {"campus": url, "link": f"{url}{mail.page}", "until": until}
        token = link_token(learner_id, mail.kind, self._settings.token_secret, now=now, state=mail.state)
        return {"campus": url, "link": f"{url}{mail.kind.page}#{token}", "until": written(now + mail.kind.lifetime)}
