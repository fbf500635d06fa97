"""What staff do with question banks."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.catalog import must_have_course
from domain.question_bank import OF_CAMPUS, BankQuestion, QuestionBank, bank_stream, question_stream
from domain.questions import Key, Question
from domain.questions.sections import Label

BANK_MAX_AGE = 60.0  # seconds for which a bank may be known from memory: one that exists always does


@dataclass(frozen=True)
class CreateQuestionBank:
    """Staff create a question bank, of a course or of the campus."""

    bank_id: str
    title: str
    course_id: str = OF_CAMPUS


async def create_question_bank(command: CreateQuestionBank, log: Log) -> Position:
    await _must_have(command.course_id, log)
    bank = await log.load(QuestionBank, bank_stream(command.bank_id))
    bank.create(command.title, command.course_id)
    return await log.save(bank)


@dataclass(frozen=True)
class RenameQuestionBank:
    """Staff give a bank another title."""

    bank_id: str
    title: str


async def rename_question_bank(command: RenameQuestionBank, log: Log) -> Position:
    bank = await log.load(QuestionBank, bank_stream(command.bank_id))
    bank.rename(command.title)
    return await log.save(bank)


@dataclass(frozen=True)
class MoveQuestionBank:
    """Staff give a bank to another course, or to the campus."""

    bank_id: str
    course_id: str = OF_CAMPUS


async def move_question_bank(command: MoveQuestionBank, log: Log) -> Position:
    await _must_have(command.course_id, log)
    bank = await log.load(QuestionBank, bank_stream(command.bank_id))
    bank.move(command.course_id)
    return await log.save(bank)


@dataclass(frozen=True)
class ShareQuestionBank:
    """Staff let another course draw from a bank."""

    bank_id: str
    course_id: str


async def share_question_bank(command: ShareQuestionBank, log: Log) -> Position:
    await must_have_course(log, command.course_id)
    bank = await log.load(QuestionBank, bank_stream(command.bank_id))
    bank.share(command.course_id)
    return await log.save(bank)


@dataclass(frozen=True)
class UnshareQuestionBank:
    """Staff let another course draw from a bank no more."""

    bank_id: str
    course_id: str


async def unshare_question_bank(command: UnshareQuestionBank, log: Log) -> Position:
    bank = await log.load(QuestionBank, bank_stream(command.bank_id))
    bank.unshare(command.course_id)
    return await log.save(bank)


@dataclass(frozen=True)
class AddQuestion:
    """Staff, or an import, put a question into a bank; its id is that of the question."""

    bank_id: str
    label: Label
    question: Question
    key: Key


async def add_question(command: AddQuestion, log: Log) -> Position:
    bank = await log.read(QuestionBank, bank_stream(command.bank_id), BANK_MAX_AGE)
    added = await log.load(BankQuestion, question_stream(command.bank_id, command.question.question_id))
    added.add(bank, command.label, command.question, command.key)
    return await log.save(added)


@dataclass(frozen=True)
class ChangeQuestion:
    """Staff change a question, or how it is found."""

    bank_id: str
    label: Label
    question: Question
    key: Key


async def change_question(command: ChangeQuestion, log: Log) -> Position:
    changed = await log.load(BankQuestion, question_stream(command.bank_id, command.question.question_id))
    changed.revise(command.question, command.key)
    changed.relabel(command.label)
    return await log.save(changed)


@dataclass(frozen=True)
class RetireQuestion:
    """Staff take a question out of the draws."""

    bank_id: str
    question_id: str
    reason: str


async def retire_question(command: RetireQuestion, log: Log) -> Position:
    question = await log.load(BankQuestion, question_stream(command.bank_id, command.question_id))
    question.retire(command.reason)
    return await log.save(question)


@dataclass(frozen=True)
class RestoreQuestion:
    """Staff put a retired question back into the draws."""

    bank_id: str
    question_id: str
    reason: str


async def restore_question(command: RestoreQuestion, log: Log) -> Position:
    question = await log.load(BankQuestion, question_stream(command.bank_id, command.question_id))
    question.restore(command.reason)
    return await log.save(question)


async def _must_have(course_id: str, log: Log) -> None:
    if course_id != OF_CAMPUS:
        await must_have_course(log, course_id)
