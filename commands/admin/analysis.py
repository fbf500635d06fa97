"""What analysts do with SQL: what they ask is recorded, and queries are saved."""

from dataclasses import dataclass, field

from commands.log import Log, Position
from domain.admin.analysis import Analysis, Question, SavedQuery, SavedText, analysis_stream, saved_query_stream


@dataclass(frozen=True)
class RecordQuestion:
    """The actor has asked the views of analysts."""

    question: Question = field(repr=False)
    answered_rows: int | None


async def record_question(command: RecordQuestion, log: Log) -> Position:
    stream = analysis_stream(log.context.actor, log.context.at)
    async with log.serialize(stream):
        analysis = await log.load(Analysis, stream)
        analysis.ask(command.question, command.answered_rows, await log.words_key(stream))
        return await log.save(analysis)


@dataclass(frozen=True)
class SaveQuery:
    """A person saves a query, or another version of it."""

    owner_id: str
    query_id: str
    query: SavedText = field(repr=False)
    shared: bool


async def save_query(command: SaveQuery, log: Log) -> Position:
    saved = await log.load(SavedQuery, saved_query_stream(command.owner_id, command.query_id))
    saved.save(command.query, shared=command.shared)
    return await log.save(saved)


@dataclass(frozen=True)
class RemoveQuery:
    """A saved query is to be shown no more."""

    owner_id: str
    query_id: str


async def remove_query(command: RemoveQuery, log: Log) -> Position:
    saved = await log.load(SavedQuery, saved_query_stream(command.owner_id, command.query_id))
    saved.remove()
    return await log.save(saved)
