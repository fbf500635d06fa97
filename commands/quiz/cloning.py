"""The quizzes of a run that was cloned, with their rules, at the times of the new run."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import msgspec

from commands.log import Log, Position
from commands.lookups.catalog import Outline, outline
from commands.lookups.quiz import quizzes_of
from domain.deadlines import moved
from domain.kinds import UNSCORED_KINDS, plain_kind
from domain.quiz import Quiz, quiz_stream
from domain.quiz.rules import Rules

LONGEST_ID = 64  # characters, as in api/http/types.py


@dataclass(frozen=True)
class CloneQuizzes:
    """
    Publish the quizzes of one run in another of the same course, as they are after their regrades.

    A unit that the other run does not have, for which no score is given there, or that has a quiz already gets none.
    """

    run_id: str
    of_run: str


async def clone_quizzes(command: CloneQuizzes, log: Log) -> Position:
    old, new = await outline(log, command.of_run), await outline(log, command.run_id)
    present = {quiz.unit_id for quiz in (await quizzes_of(log, command.run_id)).values()}
    clones: list[Quiz] = []
    for _, quiz in sorted((await quizzes_of(log, command.of_run)).items()):
        unit = new.units.get(quiz.unit_id)
        if unit is None or plain_kind(unit.kind) in UNSCORED_KINDS or quiz.unit_id in present:
            continue
        clone = await log.load(Quiz, quiz_stream(clone_id(quiz.id_of("quiz_id"), command)))
        clones.append(clone)
        if not clone.exists:
            _publish(clone, quiz, old, new)
    return await log.save(*clones) if clones else 0


def clone_id(quiz_id: str, command: CloneQuizzes) -> str:
    """The id of the clone: with the new run in place of the old one, or before it; a digest where that is too long."""
    rest = quiz_id.removeprefix(command.of_run) if quiz_id.startswith(command.of_run) else f"-{quiz_id}"
    found = f"{command.run_id}{rest}"
    return found if len(found) <= LONGEST_ID else hashlib.sha256(found.encode()).hexdigest()[:32]


def _publish(clone: Quiz, quiz: Quiz, old: Outline, new: Outline) -> None:
    current = quiz.current.with_changes()
    usual = current.due_at is not None and current.due_at == old.due_at(quiz.unit_id)
    clone.publish(
        new.run_id,
        quiz.unit_id,
        quiz.kind,
        current.title,
        items=current.items,
        key=current.key,
        time_limit=current.time_limit,
        attempts_allowed=current.attempts_allowed,
        due_at=new.due_at(quiz.unit_id) if usual else _moved(current.due_at, old, new),
        pass_bp=current.pass_bp,
        rules=_rules(current.rules, old, new),
        sections=current.sections,
        questions=current.questions,
        keys=current.keys,
    )


def _rules(rules: Rules, old: Outline, new: Outline) -> Rules:
    opens_at, closes_at = (_moved(at, old, new) for at in (rules.opens_at, rules.closes_at))
    return msgspec.structs.replace(rules, opens_at=opens_at, closes_at=closes_at)


def _moved(at: datetime | None, old: Outline, new: Outline) -> datetime | None:
    return None if at is None else moved(at, old.starts_at, new.starts_at, old.time_zone)
