"""
The questions of a file into a bank: a command for each that is new, many at a time.

A question's id comes from its content, so what the bank has is skipped: the same file twice adds nothing, and one that
was stopped half-way goes on where it was.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from adapters.command_bus.bus import Bus
from adapters.command_bus.replay import replayed
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.log.question_banks import question_ids
from adapters.questions.found import Found, Read, Refused
from commands.log import Context
from commands.question_bank import AddQuestion, CreateQuestionBank
from domain.catalog import Course, CourseNotFound, course_stream
from domain.errors import DomainError
from domain.question_bank import OF_CAMPUS, BankExists, QuestionBank, bank_stream

AT_ONCE = 64  # commands


@dataclass(frozen=True)
class ImportReport:
    """
    What became of the questions of a file.

    Attributes:
        questions: how many the file has.
        imported: how many are new in the bank, or would be.
        unchanged: how many the bank had before, or the file has twice.
    """

    format: str
    bank: str
    questions: int
    imported: int
    unchanged: int
    refused: list[Refused]

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)


async def import_questions(
    log: PostgresLog,
    bus: Bus,
    context: Context,
    bank_id: str,
    read: Read,
    *,
    course_id: str | None = None,
    dry_run: bool,
    done: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """
    Bring the questions of a file into a bank, which is created if there is none of this id.

    Args:
        course_id: the course of the bank; without one a bank that is created is of the campus.
        dry_run: only say what would happen.
        done: called with the number of questions since the last call.

    Raises:
        BankExists: there is such a bank of another course.
        CourseNotFound: there is no such course.
    """
    exists = await _is_there(log, bank_id, course_id)
    known = await log.link.run(lambda connection: question_ids(connection, bank_id))
    new = {found.question.question_id: found for found in read.found if found.question.question_id not in known}
    refused = list(read.refused)
    done(read.questions - len(new))
    if not dry_run:
        if not exists:
            await bus.handle(CreateQuestionBank(bank_id, bank_id, course_id or OF_CAMPUS), context)
        waiting = list(new.values())
        for start in range(0, len(waiting), AT_ONCE):
            some = waiting[start : start + AT_ONCE]
            answers = await asyncio.gather(*(_add(bus, context, bank_id, found) for found in some))
            refused += [answer for answer in answers if answer is not None]
            done(len(some))
    imported = len(new) - (len(refused) - len(read.refused))
    return ImportReport(read.format, bank_id, read.questions, imported, len(read.found) - len(new), refused)


async def _is_there(log: PostgresLog, bank_id: str, course_id: str | None) -> bool:
    bank = await replayed(log, QuestionBank, bank_stream(bank_id))
    if bank.exists and course_id not in {None, bank.course_id}:
        raise BankExists(bank_id=bank_id)
    if not bank.exists and course_id and not (await replayed(log, Course, course_stream(course_id))).exists:
        raise CourseNotFound(course_id=course_id)
    return bank.exists


async def _add(bus: Bus, context: Context, bank_id: str, found: Found) -> Refused | None:
    try:
        await bus.handle(AddQuestion(bank_id, found.label, found.question, found.key), context)
    except DomainError as error:
        return Refused(found.line, found.label.title, error.sentence)
    return None
