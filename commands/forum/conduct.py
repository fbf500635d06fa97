"""What the staff of a run decide about a person in its forum, and note for each other."""

from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position, must_be_of_another
from commands.lookups.enrollment import must_have_asked
from domain.forum import RemovalGround
from domain.forum.conduct import Conduct, conduct_stream


@dataclass(frozen=True)
class SilenceLearner:
    """The staff have a person write nothing in the forum of a run until a time, and say why."""

    learner_id: str
    run_id: str
    until: datetime
    ground: RemovalGround
    words: str = ""


async def silence_learner(command: SilenceLearner, log: Log) -> Position:
    must_be_of_another(log, command.learner_id)
    await must_have_asked(log, command.learner_id, command.run_id)
    conduct = await log.load(Conduct, conduct_stream(command.learner_id, command.run_id))
    conduct.silence(command.until, command.ground, command.words, at=log.context.at)
    return await log.save(conduct)


@dataclass(frozen=True)
class EndSilence:
    """The staff have a person write again before the time is over."""

    learner_id: str
    run_id: str


async def end_silence(command: EndSilence, log: Log) -> Position:
    must_be_of_another(log, command.learner_id)
    conduct = await log.load(Conduct, conduct_stream(command.learner_id, command.run_id))
    conduct.end_silence(at=log.context.at)
    return await log.save(conduct)


@dataclass(frozen=True)
class WriteNote:
    """One of the staff writes something down about a person, for the others."""

    learner_id: str
    run_id: str
    words: str


async def write_note(command: WriteNote, log: Log) -> Position:
    must_be_of_another(log, command.learner_id)
    await must_have_asked(log, command.learner_id, command.run_id)
    conduct = await log.load(Conduct, conduct_stream(command.learner_id, command.run_id))
    conduct.note(command.words)
    return await log.save(conduct)


@dataclass(frozen=True)
class RemoveNote:
    """A note is shown no more."""

    learner_id: str
    run_id: str
    note_no: int


async def remove_note(command: RemoveNote, log: Log) -> Position:
    must_be_of_another(log, command.learner_id)
    conduct = await log.load(Conduct, conduct_stream(command.learner_id, command.run_id))
    conduct.remove_note(command.note_no)
    return await log.save(conduct)
