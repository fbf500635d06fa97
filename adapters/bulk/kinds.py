"""The kinds of bulk jobs: the columns of each, and the command of a line."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from adapters.csv_lines import BadLine, Cells
from commands.enrollment import ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.enrollment.roster import EnterRoster
from commands.payment.refunds import RequestRefund
from commands.quiz import BringGrade
from commands.roles import GrantRole, RevokeRole
from domain.admin.bulk_jobs import BulkKind
from domain.aggregate import ID_PATTERN
from domain.roles import CAMPUS, Grant, Role
from domain.score import FULL

LEARNER, RUN, ROLE, SCOPE, UNTIL, ORDER, AMOUNT, ACTION, QUIZ, SCORE = (
    *("learner_id", "run_id", "role", "scope", "until"),
    *("order_id", "amount", "action", "quiz_id", "score_bp"),
)
ENTER, LEAVE = "enter", "leave"
"""What a line of a roster says of a learner."""


class Columns(NamedTuple):
    """The columns of a kind: those that a line needs, and those that it may have."""

    needed: tuple[str, ...]
    further: tuple[str, ...] = ()


COLUMNS: Mapping[BulkKind, Columns] = {
    BulkKind.ENROLL: Columns((LEARNER, RUN)),
    BulkKind.WITHDRAW: Columns((LEARNER, RUN)),
    BulkKind.REACTIVATE: Columns((LEARNER, RUN)),
    BulkKind.GRANT_ROLE: Columns((LEARNER, ROLE), (SCOPE, UNTIL)),
    BulkKind.REVOKE_ROLE: Columns((LEARNER, ROLE), (SCOPE,)),
    BulkKind.REFUND: Columns((LEARNER, ORDER), (AMOUNT,)),
    BulkKind.ROSTER: Columns((LEARNER, RUN, ACTION)),
    BulkKind.GRADE: Columns((LEARNER, QUIZ, SCORE)),
}
LONGEST_SCOPE = 72  # characters
NUMBERS = {AMOUNT: (1, 10**12, "an amount in minor units"), SCORE: (0, FULL, f"basis points from 0 to {FULL}")}


def checked(kind: BulkKind, cells: Cells) -> Cells | BadLine:
    """The line itself, or what is wrong with it."""
    for name in COLUMNS[kind].needed:
        if name not in cells.said:
            return BadLine(line=cells.line, field=name, problem="is missing")
    for name, text in cells.said.items():
        if (expected := _expected(name, text)) is not None:
            return BadLine(line=cells.line, field=name, problem=f"has to be {expected}")
    return cells


def _expected(name: str, text: str) -> str | None:
    match name:
        case "role":
            return None if text in list(Role) else f"one of {', '.join(sorted(Role))}"
        case "scope":
            return None if len(text) <= LONGEST_SCOPE and text.isprintable() else "campus, course:ID or run:ID"
        case "until":
            return None if _time(text) is not None else "a time as 2026-02-01T09:00:00Z"
        case "action":
            return None if text in (ENTER, LEAVE) else f"{ENTER} or {LEAVE}"
        case "amount" | "score_bp":
            least, most, expected = NUMBERS[name]
            fits = text.isascii() and text.isdecimal() and len(text) < 13
            return None if fits and least <= int(text) <= most else expected
    return None if ID_PATTERN.match(text) else "an id"


def command_of(kind: BulkKind, fields: Mapping[str, str], reason: str) -> Any:
    """The command that does for a line what the job is for; raises DomainError for what no rule could take."""
    learner_id = fields[LEARNER]
    found: Any
    match kind:
        case BulkKind.ENROLL:
            found = RequestEnrollment(learner_id, fields[RUN])
        case BulkKind.WITHDRAW:
            found = WithdrawEnrollment(learner_id, fields[RUN], reason)
        case BulkKind.REACTIVATE:
            found = ReactivateEnrollment(learner_id, fields[RUN])
        case BulkKind.GRANT_ROLE:
            found = GrantRole(learner_id, _grant(fields), _time(fields.get(UNTIL, "")), reason)
        case BulkKind.REVOKE_ROLE:
            found = RevokeRole(learner_id, _grant(fields), reason)
        case BulkKind.REFUND:
            amount = int(fields[AMOUNT]) if AMOUNT in fields else None
            found = RequestRefund(learner_id, fields[ORDER], reason, amount)
        case BulkKind.GRADE:
            found = BringGrade(learner_id, fields[QUIZ], int(fields[SCORE]), reason)
        case BulkKind.ROSTER if fields[ACTION] == LEAVE:
            found = WithdrawEnrollment(learner_id, fields[RUN], reason)
        case BulkKind.ROSTER:
            found = EnterRoster(learner_id, fields[RUN])
    return found


def undone(kind: BulkKind, fields: Mapping[str, str]) -> Mapping[str, str]:
    """The fields of the line by which a line is undone; of most kinds the kind of the job says it."""
    if kind is not BulkKind.ROSTER:
        return fields
    return {**fields, ACTION: ENTER if fields[ACTION] == LEAVE else LEAVE}


def _grant(fields: Mapping[str, str]) -> Grant:
    return Grant(fields[ROLE], fields.get(SCOPE, CAMPUS))


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None
