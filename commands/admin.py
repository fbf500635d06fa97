"""What those who run and audit a campus do: looks at the records of a learner, disputes about what was signed."""

from dataclasses import dataclass

from commands.log import Log, Position
from domain.admin import Look, Record, SignedTrees, record_stream, trees_stream


@dataclass(frozen=True)
class ViewRecord:
    """The actor looks at what is recorded about another person."""

    learner_id: str
    look: Look


async def view_record(command: ViewRecord, log: Log) -> Position:
    stream = record_stream(command.learner_id, log.context.at)
    async with log.serialize(stream):
        record = await log.load(Record, stream)
        record.view(log.context.actor, command.look)
        return await log.save(record)


@dataclass(frozen=True)
class ResolveDispute:
    """The log is not what was signed under this origin, and the actor has found out why."""

    origin: str
    reason: str


async def resolve_dispute(command: ResolveDispute, log: Log) -> Position:
    trees = await log.load(SignedTrees, trees_stream())
    trees.resolve(command.origin, command.reason)
    return await log.save(trees)
