"""A quiz is published, and its next versions."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from commands.log import Log, Position
from commands.lookups.catalog import outline
from domain.kinds import UNSCORED_KINDS, plain_kind
from domain.progress import UnknownUnit
from domain.quiz import Item, Quiz, Rules, Section, UnscoredUnit, quiz_stream
from domain.quiz.rules import hash_password, password_fits

SALT = 16  # bytes


@dataclass(frozen=True)
class PublishQuiz:
    """Publish the quiz of a unit, or its next version; see `Quiz.publish`. Of *password* a hash is stored."""

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
    password: str = field(default="", repr=False)


async def publish_quiz(command: PublishQuiz, log: Log) -> Position:
    run = await outline(log, command.run_id)
    if command.unit_id not in run.units:
        raise UnknownUnit(unit_id=command.unit_id, run_id=command.run_id)
    kind = run.units[command.unit_id].kind
    quiz = await log.load(Quiz, quiz_stream(command.quiz_id))
    if plain_kind(kind) in UNSCORED_KINDS and not quiz.exists:
        quiz.refuse(UnscoredUnit(unit_id=command.unit_id, kind=kind))
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
        rules=_with_password(command.rules, command.password, quiz.current.rules.password_hash),
        sections=command.sections,
    )
    return await log.save(quiz)


def _with_password(rules: Rules, password: str, stored: str) -> Rules:
    """The rules with the hash of the password; the stored one if it is of this, so that repeating changes nothing."""
    if not password:
        return rules
    if not stored or not password_fits(stored, password):
        stored = hash_password(password, secrets.token_bytes(SALT))
    return msgspec.structs.replace(rules, password_hash=stored)
