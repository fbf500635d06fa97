"""
A forgotten password: who reads the mails of the account may choose another one. A second factor stays as it is.

No session follows: the person signs in with the new password, and with the second factor, if there is one.
"""

from uuid import uuid4

from adapters.auth.access import AccountAccess, even_time
from adapters.auth.links import RESET, link_of, reset_state
from commands.auth import RequestReset, ResetPassword
from commands.user import RegisterAccount
from domain.links import LinkRefused
from domain.user import AccountStatus


class Recovery:
    """Replaces forgotten passwords."""

    def __init__(self, access: AccountAccess) -> None:
        self._access = access

    async def request(self, email: str, client: str, request_id: str) -> None:
        """
        Say that a password is forgotten; the rest goes by mail, if there is an account. The password stays valid.

        A registration that was not completed gets its link once more.

        Raises:
            TooManyAttempts: too many mails were asked for from this network.
        """
        access = self._access
        access.must_send_mails()
        async with even_time():
            now = access.now()
            await access.attempts.count_mail(client, now)
            learner_id = await access.addresses.find(email)
            if learner_id is None or not await access.addresses.take_turn(email, now, to_reset=True):
                return
            user = await access.user(learner_id)
            if user.status is AccountStatus.ACTIVE:
                await access.handle(RequestReset(learner_id), learner_id, request_id)
            elif user.status is AccountStatus.PENDING:
                await access.handle(RegisterAccount(learner_id, email), learner_id, request_id)

    async def reset(self, token: str, password: str, client: str, request_id: str) -> None:
        """
        Choose another password by the link of a mail, once; all sessions end.

        Raises:
            LinkRefused: it is no such link, or another password was chosen since it was written.
            BadPassword: the password would be guessed; the link stays good.
        """
        access = self._access
        learner_id, state = link_of(token, RESET, access.secret, now=access.now())
        user, replaced = await access.active(learner_id), (await access.credentials(learner_id)).password_id or ""
        if state != reset_state(replaced, user):
            raise LinkRefused
        await access.check_password(user, password)
        password_id = uuid4().hex
        await access.passwords.keep(learner_id, password_id, password)
        try:
            await access.handle(ResetPassword(learner_id, password_id, replaced), learner_id, request_id)
        except LinkRefused:
            await access.passwords.drop(learner_id, [password_id])  # the same link was faster
            raise
        await access.drop_replaced(learner_id, password_id)
        await access.revoke_all(learner_id, "password", request_id)
        await access.attempts.forgive(await access.address_of(user), client)
