"""What those who run and audit a campus do: looks at records, disputes about what was signed, imports, promotions."""

from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position
from domain.admin import (
    UNSPECIFIED,
    BreakGlass,
    Import,
    ImportedFile,
    ImportedRows,
    Look,
    ReadModel,
    Record,
    SignedTrees,
    Switch,
    break_glass_stream,
    import_stream,
    read_model_stream,
    record_stream,
    trees_stream,
)


@dataclass(frozen=True)
class ViewRecord:
    """The actor looks at what is recorded about another person."""

    learner_id: str
    look: Look


async def view_record(command: ViewRecord, log: Log) -> Position:
    stream = record_stream(command.learner_id, log.context.at)
    async with log.serialize(stream):
        record = await log.load(Record, stream)
        has_reason = command.look.reason != UNSPECIFIED
        key = await log.words_key(stream) if has_reason else None
        record.view(log.context.actor, command.look, key)
        return await log.save(record)


@dataclass(frozen=True)
class OpenNames:
    """The actor has to see who a learner is, for some time and a reason: a break-glass request."""

    learner_id: str
    until: datetime
    reason: str


async def open_names(command: OpenNames, log: Log) -> Position:
    glass = await log.load(BreakGlass, break_glass_stream(command.learner_id, log.context.actor))
    glass.open(command.until, command.reason, log.context.at)
    return await log.save(glass)


@dataclass(frozen=True)
class ResolveDispute:
    """The log is not what was signed under this origin, and the actor has found out why."""

    origin: str
    reason: str


async def resolve_dispute(command: ResolveDispute, log: Log) -> Position:
    trees = await log.load(SignedTrees, trees_stream())
    trees.resolve(command.origin, command.reason)
    return await log.save(trees)


@dataclass(frozen=True)
class BeginImport:
    """The actor brings data from elsewhere into the log."""

    source: str
    number: int
    what: ImportedFile


async def begin_import(command: BeginImport, log: Log) -> Position:
    imported = await log.load(Import, import_stream(command.source, command.number))
    imported.begin(command.what)
    return await log.save(imported)


@dataclass(frozen=True)
class FinishImport:
    """All that was to be imported is in the log."""

    source: str
    number: int
    rows: list[ImportedRows]
    appended: int
    found: int
    irregular_by_rule: dict[str, int]


async def finish_import(command: FinishImport, log: Log) -> Position:
    imported = await log.load(Import, import_stream(command.source, command.number))
    imported.finish(command.rows, command.appended, command.found, command.irregular_by_rule)
    return await log.save(imported)


@dataclass(frozen=True)
class InterruptImport:
    """An import has ended before its time."""

    source: str
    number: int
    reason: str


async def interrupt_import(command: InterruptImport, log: Log) -> Position:
    imported = await log.load(Import, import_stream(command.source, command.number))
    imported.interrupt(command.reason)
    return await log.save(imported)


@dataclass(frozen=True)
class RecordSwitch:
    """The actor has moved the readers of a read model to another generation; *back* to the one served before."""

    projection: str
    switch: Switch
    back: bool = False


async def record_switch(command: RecordSwitch, log: Log) -> Position:
    read_model = await log.load(ReadModel, read_model_stream(command.projection))
    if command.back:
        read_model.roll_back(command.switch)
    else:
        read_model.promote(command.switch)
    return await log.save(read_model)
