"""
A change of the address: asked at the new one, made known at the old one, which can take it back for three days.

The new address leads to the account before the fact, and the old one leads nowhere after it (the dispatcher does that
with the mail), so that what breaks in between is mended by the same link, or by the next try of the job.
"""

from adapters.auth.access import AccountAccess, even_time
from adapters.auth.links import MAILBOX, NEW_ADDRESS, NOTICES, OLD_ADDRESS, link_of
from commands.notification.mailboxes import RestoreMailbox
from commands.user import ChangeEmail, RequestEmailChange, RestoreEmail, VerifyNotificationAddress
from domain.links import LinkRefused
from domain.user import AccountStatus, User


class ChangedAddress:
    """Changes the addresses of accounts."""

    def __init__(self, access: AccountAccess) -> None:
        self._access = access

    async def request(self, learner_id: str, email: str, client: str, request_id: str) -> None:
        """
        Ask for another address; it is asked by mail, and answered alike whether it has an account.

        Raises:
            TooManyAttempts: too many mails were asked for from this network, or to this address.
        """
        access = self._access
        access.must_send_mails()
        async with even_time():
            await access.attempts.count_mail(client, access.now(), email)
            await access.handle(RequestEmailChange(learner_id, email), learner_id, request_id)

    async def verify(self, token: str, request_id: str) -> None:
        """
        Change the address, or that for notifications, by the link that went to the new one; sessions stay.

        One that went to an address from which mails came back has them go there again.

        Raises:
            LinkRefused: it is no such link, was used, a later change was asked for, or the address has another account.
        """
        access = self._access
        try:
            learner_id, requested = link_of(token, NEW_ADDRESS, access.secret, now=access.now())
        except LinkRefused:
            await self._verify_for_notices(token, request_id)
            return
        user = await access.active(learner_id)
        if user.wanted is None or str(user.wanted[0]) != requested:
            raise LinkRefused
        email = (await access.log.keys.reading(user.id)).open(user.wanted[1]) or ""
        await self._take(email, user)
        await access.handle(ChangeEmail(learner_id, int(requested)), learner_id, request_id)

    async def _verify_for_notices(self, token: str, request_id: str) -> None:
        access = self._access
        try:
            learner_id, requested = link_of(token, NOTICES, access.secret, now=access.now())
        except LinkRefused:
            await self._restore_mailbox(token, request_id)
            return
        await access.active(learner_id)
        await access.handle(VerifyNotificationAddress(learner_id, int(requested)), learner_id, request_id)

    async def _restore_mailbox(self, token: str, request_id: str) -> None:
        access = self._access
        learner_id, requested = link_of(token, MAILBOX, access.secret, now=access.now())
        await access.active(learner_id)
        await access.handle(RestoreMailbox(learner_id, int(requested)), learner_id, request_id)

    async def restore(self, token: str, password: str, request_id: str) -> None:
        """
        Take a change back by the link that went to the old address: another password is set, and all sessions end.

        Raises:
            LinkRefused: it is no such link, was used, or is older than three days.
            BadPassword: the password would be guessed; the link stays good.
        """
        access = self._access
        learner_id, state = link_of(token, OLD_ADDRESS, access.secret, now=access.now())
        user = await access.active(learner_id)
        changed = int(state) if state.isdecimal() else 0
        if changed not in user.former:
            raise LinkRefused
        await access.check_password(user, password)
        email = (await access.log.keys.reading(user.id)).open(user.former[changed]) or ""
        await self._take(email, user)
        await access.set_password(learner_id, password, "reset", request_id)
        await access.revoke_all(learner_id, "email", request_id)
        await access.handle(RestoreEmail(learner_id, changed), learner_id, request_id)

    async def _take(self, email: str, user: User) -> None:
        """Have the address lead to the account; a registration that was not completed has to make room."""
        access = self._access
        before = await access.addresses.find(email) or user.learner_id
        is_pending = (await access.user(before)).status is AccountStatus.PENDING
        if not await access.addresses.take_over(email, user.learner_id, before if is_pending else ""):
            raise LinkRefused
