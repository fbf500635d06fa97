"""Who may start an attempt: when, with what, from where, and how often."""

from dataclasses import dataclass
from datetime import datetime

from domain.deadlines import Deadline
from domain.quiz.allowance import Allowance
from domain.quiz.rules import password_fits
from domain.quiz.version import Version
from domain.quiz_errors import (
    HonourNeeded,
    NoAttemptsLeft,
    QuizClosed,
    QuizNotOpen,
    WrongNetwork,
    WrongQuizPassword,
    said,
)


@dataclass(frozen=True)
class Entry:
    """With what a learner comes to a quiz: its password, from which address, and whether its statement is accepted."""

    password: str = ""
    address: str | None = None
    honour: bool = False


def must_admit(
    quiz_id: str,
    attempt_no: int,
    version: Version,
    allowance: Allowance,
    deadline: Deadline,
    entry: Entry,
    at: datetime,
) -> None:
    """
    Refuse an attempt that may not be started at the moment *at*.

    Raises:
        QuizNotOpen, QuizClosed, NoAttemptsLeft, WrongNetwork, WrongQuizPassword, HonourNeeded: a rule says no.
    """
    rules, allowed = version.rules, version.attempts_allowed + allowance.extra_attempts
    closes_at = version.closes_at(allowance, deadline)
    if rules.opens_at is not None and at < rules.opens_at:
        raise QuizNotOpen(quiz_id=quiz_id, opens_at=said(rules.opens_at))
    if closes_at is not None and at >= closes_at:
        raise QuizClosed(quiz_id=quiz_id, closed_at=said(closes_at))
    if attempt_no > allowed:
        raise NoAttemptsLeft(quiz_id=quiz_id, attempts_allowed=allowed)
    if not rules.admits(entry.address):
        raise WrongNetwork(quiz_id=quiz_id)
    if rules.password_hash and not password_fits(rules.password_hash, entry.password):
        raise WrongQuizPassword(quiz_id=quiz_id)
    if rules.honour and not entry.honour:
        raise HonourNeeded(quiz_id=quiz_id, statement=rules.honour)
