"""A quiz is published, and its next versions."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import msgspec

from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.lookups.question_bank import questions_for
from domain.kinds import UNSCORED_KINDS, plain_kind
from domain.progress import UnknownUnit
from domain.questions.sections import Section as BankSection
from domain.quiz import Item, Quiz, Rules, Section, UnscoredUnit, quiz_stream
from domain.quiz.changes import Json
from domain.quiz.rules import hash_password, password_fits

SALT = 16  # bytes


@dataclass(frozen=True)
class PublishQuiz:
    """
    Publish the quiz of a unit, or its next version; see `Quiz.publish`. Of *password* a hash is stored.

    With *keep_password* and none that of the version before stays.

    Attributes:
        from_banks: sections that are drawn from question banks, as the banks are now.
        from_any_bank: whether they may be banks that are not open to the course of the run, as for staff of the campus.
    """

    quiz_id: str
    run_id: str
    unit_id: str
    title: str
    kind: str = "quiz"
    items: Sequence[Item] = ()
    key: Sequence[int] = ()
    time_limit: int | None = None
    attempts_allowed: int = 1
    due_at: datetime | None = None
    pass_bp: int = 4_000
    rules: Rules = field(default_factory=Rules)
    sections: Sequence[Section] = ()
    questions: Sequence[Json] = ()
    keys: Sequence[Json] = ()
    from_banks: Sequence[BankSection] = ()
    from_any_bank: bool = False
    password: str = field(default="", repr=False)
    keep_password: bool = False


async def publish_quiz(command: PublishQuiz, log: Log) -> Position:
    run = await outline(log, command.run_id)
    if command.unit_id not in run.units:
        raise UnknownUnit(unit_id=command.unit_id, run_id=command.run_id)
    kind = run.units[command.unit_id].kind
    quiz = await log.load(Quiz, quiz_stream(command.quiz_id))
    if plain_kind(kind) in UNSCORED_KINDS and not quiz.exists:
        quiz.refuse(UnscoredUnit(unit_id=command.unit_id, kind=kind))
    asked = await _asked(command, None if command.from_any_bank else run.course_id, log)
    quiz.publish(
        command.run_id,
        command.unit_id,
        command.kind,
        command.title,
        items=command.items,
        key=command.key,
        time_limit=command.time_limit,
        attempts_allowed=command.attempts_allowed,
        due_at=command.due_at or run.due_at(command.unit_id),
        pass_bp=command.pass_bp,
        rules=_with_password(command, quiz.current.rules.password_hash),
        sections=asked.sections,
        questions=asked.questions,
        keys=asked.keys,
    )
    return await log.save(quiz)


class Asked(NamedTuple):
    """What a quiz asks beside its items of choice."""

    sections: list[Section]
    questions: list[Json]
    keys: list[Json]


async def _asked(command: PublishQuiz, course_id: str | None, log: Log) -> Asked:
    """The questions of the command and of the banks; what is in no section comes first, if there are banks."""
    sections, questions, keys = list(command.sections), list(command.questions), list(command.keys)
    listed = {item for section in sections for item in section.items}
    own = [item.item_id for item in command.items] + [str(each.get("question_id")) for each in questions]
    rest = [item for item in own if item not in listed]
    if command.from_banks and rest:
        sections.append(Section("own", "", rest))
    for section in command.from_banks:
        found = await questions_for(log, section, course_id)
        questions += [msgspec.to_builtins(question) for question, _ in found]
        keys += [msgspec.to_builtins(key) for _, key in found]
        ids = [question.question_id for question, _ in found]
        sections.append(Section(section.section_id, "", ids, section.count))
    return Asked(sections, questions, keys)


def _with_password(command: PublishQuiz, stored: str) -> Rules:
    """The rules with the hash of the password; the stored one if it is of this, so that repeating changes nothing."""
    rules, password = command.rules, command.password
    if not password:
        return msgspec.structs.replace(rules, password_hash=stored) if command.keep_password else rules
    if not stored or not password_fits(stored, password):
        stored = hash_password(password, secrets.token_bytes(SALT))
    return msgspec.structs.replace(rules, password_hash=stored)
