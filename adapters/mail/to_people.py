"""
Mails to persons, by the ids of their accounts: the address is opened for the moment in which a mail is written.

An account that has ended meanwhile, or whose key is gone, gets none.
"""

from datetime import datetime

from adapters.auth.links import LIFETIME, VERIFY, link_token
from adapters.command_bus.replay import replayed
from adapters.mail.messages import message
from adapters.mail.smtp import Post
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from domain.user import AccountStatus, User, user_stream

WELCOME = "/v1/auth/welcome"
"""The page that completes a registration; what the link carries is behind `#`, where no server sees it."""


class MailToPeople:
    """Writes to the persons of one campus."""

    def __init__(self, log: PostgresLog, settings: Settings) -> None:
        self._log = log
        self._settings = settings
        self._post = Post(settings)

    async def about_registration(self, learner_id: str, key: str, *, is_repeated: bool) -> None:
        """The link that completes a registration; to a person with an account who asks again, that there is one."""
        user = await replayed(self._log, User, user_stream(learner_id))
        recipient = (await self._log.keys.reading(user.id)).open(user.email)
        is_new = user.status is AccountStatus.PENDING
        if recipient is None or not (is_new or is_repeated):
            return
        now = self._log.clock.now()
        mail = message(
            "registration" if is_new else "registered_before",
            sender=self._settings.mail_from,
            recipient=recipient,
            key=key,
            values=self._values(learner_id, now, is_new=is_new),
        )
        await self._post.send(mail)

    def _values(self, learner_id: str, now: datetime, *, is_new: bool) -> dict[str, str]:
        url = self._settings.web_url
        if not is_new:
            return {"campus": url, "link": url}
        token = link_token(learner_id, VERIFY, self._settings.token_secret, now=now)
        return {"campus": url, "link": f"{url}{WELCOME}#{token}", "until": f"{now + LIFETIME:%Y-%m-%d %H:%M}"}
