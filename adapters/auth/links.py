"""
Links of mails: what they carry to say whose address the mail went to; signed here, for one purpose and a time.

Nothing is kept of them. A link is bound to the state in which it was written (`state`), and is of no use once that is
another: the account is in use, another password is valid, the address was changed.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from adapters.jwt import InvalidToken, TokenEnded, sign_for, verify_for
from domain.links import LinkRefused
from domain.user import User


class LinkKind(NamedTuple):
    """What a link is for, how long it lasts, and to which page it leads (web/links.py)."""

    purpose: str
    lifetime: timedelta
    page: str = ""


class Link(NamedTuple):
    """What a link says: the account, and the state to which it is bound."""

    learner_id: str
    state: str


VERIFY = LinkKind("campuslog-verify", timedelta(hours=24), "/welcome")
RESET = LinkKind("campuslog-reset", timedelta(hours=1), "/recover")
NEW_ADDRESS = LinkKind("campuslog-new-address", timedelta(hours=24), "/new-address")
NOTICES = LinkKind("campuslog-notification-address", timedelta(hours=24), "/new-address")
MAILBOX = LinkKind("campuslog-mailbox", timedelta(hours=24), "/new-address")
OLD_ADDRESS = LinkKind("campuslog-old-address", timedelta(hours=72), "/old-address")
"""For this long a change of the address can be taken back, and the old address belongs to no one else."""
UNSUBSCRIBE = LinkKind("campuslog-unsubscribe", timedelta(days=366), "/unsubscribe")
"""What it carries stands in the address itself: a mail program sends it by itself (RFC 8058)."""


def link_token(learner_id: str, kind: LinkKind, secret: str, *, now: datetime, state: str = "") -> str:
    """What a link carries."""
    return sign_for(kind.purpose, f"{learner_id}/{state}", secret, now=now, lifetime=kind.lifetime)


def reset_state(password_id: str | None, user: User) -> str:
    """What a link for a forgotten password is bound to: the password, and the address to which it is sent."""
    return f"{password_id or ''}.{max(user.former, default=0)}"


def link_of(token: str, kind: LinkKind, secret: str, *, now: datetime) -> Link:
    """What a link says; raises LinkRefused for one that was not made here for this, or is too old."""
    try:
        learner_id, _, state = verify_for(kind.purpose, token, secret, now=now).partition("/")
    except TokenEnded as error:
        raise LinkRefused("expired") from error
    except InvalidToken as error:
        raise LinkRefused("unknown") from error
    return Link(learner_id, state)
