"""Mails leave by SMTP (aiosmtplib), with TLS where the server has it; while it is away they wait."""

from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import unquote, urlsplit

import aiosmtplib

from adapters.postgres.connection import Unavailable
from adapters.settings import Settings

TIMEOUT = 20.0  # seconds
QUIT_TIMEOUT = 2.0  # seconds
NO_MAILBOX = frozenset((550, 551, 553))
"""Reply codes to a recipient (RFC 5321) by which there is no such mailbox."""
LOOPBACK_NEEDS_NO_TLS = ("127.0.0.1", "::1", "localhost")


class MailServerAway(Unavailable):
    """The mail server does not answer, or takes no mails for the moment: they wait."""


class MailInDoubt(MailServerAway):
    """The whole mail was handed over, and the server has not said whether it takes it: it may have gone out."""


class MailRefused(Exception):
    """
    The mail server takes this mail at no time; the message has no address.

    Attributes:
        status: its reply code.
        has_no_mailbox: whether it says so of the address, and not of the mail.
    """

    def __init__(self, status: int, *, has_no_mailbox: bool = False) -> None:
        super().__init__(f"the mail server refuses it for good ({status})")
        self.status, self.has_no_mailbox = status, has_no_mailbox


class Post:
    """Sends mails through the server of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._url = urlsplit(settings.smtp_url)

    async def send(self, message: EmailMessage, return_address: str | None = None) -> None:
        """
        Hand a mail over to the server.

        Args:
            return_address: where it comes back to; None for its sender.

        Raises:
            MailServerAway: it cannot be sent now.
            MailInDoubt: as that, but it may have gone out.
            MailRefused: it can be sent at no time.
        """
        host = self._url.hostname
        if not host:
            raise MailServerAway("there is no mail server: set CAMPUS_SMTP_URL")
        is_near = host in LOOPBACK_NEEDS_NO_TLS
        client = aiosmtplib.SMTP(
            hostname=host,
            port=self._url.port,
            username=unquote(self._url.username) if self._url.username else None,
            password=unquote(self._url.password) if self._url.password else None,
            use_tls=self._url.scheme == "smtps",
            start_tls=None if is_near or self._url.scheme == "smtps" else True,
            timeout=TIMEOUT,
        )
        try:
            await self._hand_over(client, message, return_address)
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            code = getattr(error, "code", 0)
            if code >= 500 and not isinstance(error, aiosmtplib.SMTPAuthenticationError):
                of_recipient = isinstance(error, aiosmtplib.SMTPRecipientRefused)
                raise MailRefused(code, has_no_mailbox=of_recipient and code in NO_MAILBOX) from None
            raise MailServerAway(f"the mail server takes no mail for the moment ({code})") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailServerAway(f"the mail server does not answer ({type(error).__name__})") from None
        finally:
            client.close()

    async def _hand_over(self, client: aiosmtplib.SMTP, message: EmailMessage, return_address: str | None) -> None:
        """The envelope and the content; from there on only an answer says what has become of it."""
        sender, recipient = message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec
        content = message.as_bytes(policy=SMTP)
        await client.connect()
        await client.mail(return_address or sender)
        await client.rcpt(recipient)
        try:
            await client.data(content)
        except aiosmtplib.SMTPResponseException:
            raise
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailInDoubt(f"the mail server has not said whether it takes it ({type(error).__name__})") from None
        with suppress(aiosmtplib.SMTPException, OSError):  # it has the mail, whatever it says now
            await client.quit(timeout=QUIT_TIMEOUT)
