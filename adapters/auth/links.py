"""
Links of mails: what they carry to say whose address the mail went to; signed here, for one purpose, for a day.

Nothing is kept of them. A link is of no use once what it was for is done, since the account then stands otherwise.
"""

from datetime import datetime, timedelta

from adapters.jwt import InvalidToken, sign_for, verify_for
from domain.auth import LinkRefused

VERIFY = "campuslog-verify"
LIFETIME = timedelta(hours=24)


def link_token(learner_id: str, purpose: str, secret: str, *, now: datetime) -> str:
    """What a link carries."""
    return sign_for(purpose, learner_id, secret, now=now, lifetime=LIFETIME)


def account_of(token: str, purpose: str, secret: str, *, now: datetime) -> str:
    """The account that a link is about; raises LinkRefused."""
    try:
        return verify_for(purpose, token, secret, now=now)
    except InvalidToken as error:
        raise LinkRefused from error
