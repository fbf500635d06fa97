"""
What people are notified of, as a literal table: the template of each occasion, its kind, and its channels.

Names of templates, kinds and channels stand in facts for ever. A template that is used no more stays here, since
notifications of long ago are shown by it. Its words are not here: pages and mails have them, in each language.
"""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple


class Channel(StrEnum):
    """How a notification reaches a person: in the inbox on the pages, or by mail."""

    PAGE = "page"
    EMAIL = "email"


LASTS = timedelta(days=7)
"""For how long after it was planned something is worth sending; then it is on the pages alone."""


class Kind(StrEnum):
    """What a person switches on and off as one."""

    SECURITY = "security"
    MONEY = "money"
    DEADLINES = "deadlines"
    GRADES = "grades"
    RESULTS = "results"
    PLACES = "places"
    REMINDERS = "reminders"
    REPLIES = "replies"
    WATCHED = "watched"
    DECISIONS = "decisions"
    MESSAGES = "messages"


REQUIRED = frozenset((Kind.SECURITY, Kind.MONEY, Kind.DEADLINES, Kind.DECISIONS))
"""What a person cannot switch off: who does not hear of it loses money, time, the account, or the right to object."""


class Template(NamedTuple):
    """
    An occasion.

    Attributes:
        kind: to which it belongs.
        version: of its words; raised when they say something else. A notification keeps the one that was planned.
        channels: by which it goes out unless the person says otherwise.
        unnamed: whether it is caused by another person, whom who is notified may not know: neither the notification nor
            its facts carry an id of the cause, its actor or its request (decisions/0421).
    """

    kind: Kind
    version: int = 1
    channels: tuple[Channel, ...] = (Channel.PAGE,)
    unnamed: bool = False


ALL = (Channel.PAGE, Channel.EMAIL)

TEMPLATES: dict[str, Template] = {
    "signed_in": Template(Kind.SECURITY),
    "data_exported": Template(Kind.SECURITY, channels=ALL),
    "role_granted": Template(Kind.SECURITY, channels=ALL),
    "order_paid": Template(Kind.MONEY, channels=ALL),
    "payment_failed": Template(Kind.MONEY, channels=ALL),
    "order_refunded": Template(Kind.MONEY, channels=ALL),
    "deadline_changed": Template(Kind.DEADLINES, channels=ALL),
    "attempt_graded": Template(Kind.GRADES, channels=ALL),
    "grade_changed": Template(Kind.GRADES, channels=ALL),
    "outcome_decided": Template(Kind.RESULTS, channels=ALL),
    "outcome_revised": Template(Kind.RESULTS, channels=ALL),
    "certificate_issued": Template(Kind.RESULTS, channels=ALL),
    "enrolled": Template(Kind.PLACES),
    "seat_offered": Template(Kind.PLACES, channels=ALL),
    "deadline_near": Template(Kind.REMINDERS, channels=ALL),
    "seat_lapsing": Template(Kind.REMINDERS, channels=ALL),
    "access_ending": Template(Kind.REMINDERS, channels=ALL),
    "question_answered": Template(Kind.REPLIES, channels=ALL, unnamed=True),
    "post_replied": Template(Kind.REPLIES, channels=ALL, unnamed=True),
    "mentioned": Template(Kind.REPLIES, channels=ALL, unnamed=True),
    "answer_accepted": Template(Kind.REPLIES, unnamed=True),
    "thread_posted": Template(Kind.WATCHED, channels=ALL, unnamed=True),
    "staff_message": Template(Kind.MESSAGES, channels=ALL),
    "post_removed": Template(Kind.DECISIONS, channels=ALL, unnamed=True),
}
"""By name."""
