"""
By which rules a quiz is taken: when, from where, in which order, how late, which attempt counts, what is shown.

Rules are a part of a published version: an attempt keeps those of the version with which it was started. A field that
has its default is not stored.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

import msgspec

from domain.late_policy import NONE, LatePolicy, problem_of_late_policy
from domain.quiz_errors import BadQuiz
from domain.score import FULL

Counts = Literal["best", "last", "average", "first"]
"""Which of several attempts is the score of the unit; domain/quiz/counting.py has what each means."""

When = Literal["submitted", "closed", "never"]
"""
When a learner is shown something: once the attempt was submitted; once the quiz is closed for every learner of the
run, also for those with more time or attempts than others (domain/quiz/closing.py); or never.
"""

Order = Literal["as_written", "shuffled"]

Hints = Literal["asked", "never"]
"""Whether the hints of a question are shown: one by one, while the attempt goes on, when the learner asks; or never."""

GRACE = 5  # seconds
LONGEST_GRACE = 600  # seconds
MAX_NETWORKS = 100
SCRYPT = {"n": 2**14, "r": 8, "p": 1}  # 16 MiB for each new password


class Feedback(msgspec.Struct, frozen=True, omit_defaults=True):
    """When the learner is shown the points of each item, what is said about the answers, and what was right."""

    marks: When = "submitted"
    comments: When = "submitted"
    key: When = "closed"


class Section(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a quiz; *pick* so many of its items are drawn for each attempt, all of them if it is None."""

    section_id: str
    title: str
    items: list[str]
    pick: int | None = None


class Rules(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    The rules of one version of a quiz.

    Attributes:
        opens_at: no attempt is started before.
        closes_at: no attempt is started from then on, and those that run end then.
        late: what becomes of work after the deadline; None for what the unit says, or the run.
        grace_seconds: for how long after its deadline an attempt still takes what was sent in time: the network's part.
        password_hash: of the password that it takes to start, as `hash_password` makes it; empty where none is needed.
        networks: from where attempts are started, such as `192.0.2.0/24`; empty for anywhere.
        honour: the statement that a learner accepts by starting; empty for none.
        must_start: answers are taken only in attempts that were started.
        anonymous: who grades does not see whose attempt it is.
        markers: how many people grade an item that needs people, each without seeing what the others gave.
        apart_bp: by how much of an item's points two of them may differ (the mean counts), beyond it one reconciles.
    """

    opens_at: datetime | None = None
    closes_at: datetime | None = None
    grace_seconds: int = GRACE
    late: LatePolicy | None = None
    counts: Counts = "best"
    order: Order = "as_written"
    hints: Hints = "asked"
    password_hash: str = ""
    networks: list[str] = []
    honour: str = ""
    feedback: Feedback = Feedback()
    must_start: bool = False
    anonymous: bool = False
    markers: int = 1
    apart_bp: int = 0

    @property
    def needs_start(self) -> bool:
        """Whether a rule can be kept only where an attempt is started."""
        late = self.late is not None and self.late.rule == NONE
        return bool(self.opens_at or self.closes_at or self.password_hash or self.networks or self.honour or late)

    def admits(self, address: str | None) -> bool:
        """Whether attempts are started from this address; one that is not known is nowhere."""
        if not self.networks:
            return True
        try:
            found = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        return any(found in ipaddress.ip_network(network) for network in self.networks)


def check_rules(rules: Rules, sections: Sequence[Section], items: Sequence[str]) -> None:
    """
    Refuse rules that contradict each other.

    Raises:
        BadQuiz: with the rule that makes no sense.
    """
    if rules.opens_at and rules.closes_at and rules.closes_at <= rules.opens_at:
        raise BadQuiz("a quiz closes after it opens")
    if not 0 <= rules.grace_seconds <= LONGEST_GRACE:
        raise BadQuiz(f"the grace after a deadline is 0 to {LONGEST_GRACE} seconds, not {rules.grace_seconds}")
    if rules.late is not None and (problem := problem_of_late_policy(rules.late)):
        raise BadQuiz(f"the late policy of the quiz says nothing: {problem}")
    if rules.markers not in (1, 2) or not 0 <= rules.apart_bp <= FULL:
        raise BadQuiz("one or two people mark an item, and may differ by 0 to 10,000 basis points")
    if len(rules.networks) > MAX_NETWORKS:
        raise BadQuiz(f"a quiz has at most {MAX_NETWORKS} networks")
    for network in rules.networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise BadQuiz(f"{network!r} is no network: {error}", network=network) from None
    if sections:
        _check_sections(sections, items)


def _check_sections(sections: Sequence[Section], items: Sequence[str]) -> None:
    listed = [item for section in sections for item in section.items]
    if len({section.section_id for section in sections}) < len(sections):
        raise BadQuiz("a section is listed twice")
    if sorted(listed) != sorted(items):
        raise BadQuiz("each item stands in exactly one section")
    for section in sections:
        if section.pick is not None and not 1 <= section.pick <= len(section.items):
            raise BadQuiz(
                f"section {section.section_id} has {len(section.items)} items, of which {section.pick} cannot be drawn",
                section_id=section.section_id,
            )


def hash_password(password: str, salt: bytes) -> str:
    """The stored form of the password of a quiz, by scrypt (RFC 7914) with a random *salt*."""
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def password_fits(stored: str, password: str) -> bool:
    """Whether a password is the one that is *stored*; the answer is remembered, since a whole class has the same."""
    return _fits(stored, password)


@lru_cache(1_024)
def _fits(stored: str, password: str) -> bool:
    _, salt, found = stored.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), bytes.fromhex(found))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=SCRYPT["n"], r=SCRYPT["r"], p=SCRYPT["p"], dklen=32)
