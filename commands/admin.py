"""What those who run and audit a campus do: looks at the records of a learner."""

from dataclasses import dataclass

from commands.log import Log, Position
from domain.admin import Look, Record, record_stream


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
