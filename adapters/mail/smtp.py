"""Mails leave by SMTP (aiosmtplib), with TLS where the server has it; while it is away they wait."""

from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from adapters.postgres.connection import Unavailable
from adapters.settings import Settings

TIMEOUT = 20.0  # seconds
LOOPBACK_NEEDS_NO_TLS = ("127.0.0.1", "::1", "localhost")


class MailServerAway(Unavailable):
    """The mail server does not answer, or takes no mails for the moment: they wait."""


class MailRefused(Exception):
    """The mail server takes this mail at no time; the message has no address."""


class Post:
    """Sends mails through the server of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._url = urlsplit(settings.smtp_url)

    async def send(self, message: EmailMessage) -> None:
        """
        Hand a mail over to the server.

        Raises:
            MailServerAway: it cannot be sent now.
            MailRefused: it can be sent at no time.
        """
        host = self._url.hostname
        if not host:
            raise MailServerAway("there is no mail server: set CAMPUS_SMTP_URL")
        is_near = host in LOOPBACK_NEEDS_NO_TLS
        try:
            await aiosmtplib.send(
                message,
                hostname=host,
                port=self._url.port,
                username=unquote(self._url.username) if self._url.username else None,
                password=unquote(self._url.password) if self._url.password else None,
                use_tls=self._url.scheme == "smtps",
                start_tls=None if is_near or self._url.scheme == "smtps" else True,
                timeout=TIMEOUT,
            )
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            codes = [each.code for each in getattr(error, "recipients", ())] or [getattr(error, "code", 0)]
            if all(code >= 500 for code in codes) and not isinstance(error, aiosmtplib.SMTPAuthenticationError):
                raise MailRefused(f"the mail server refuses it for good ({codes[0]})") from None
            raise MailServerAway(f"the mail server takes no mail for the moment ({codes[0]})") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailServerAway(f"the mail server does not answer ({type(error).__name__})") from None
