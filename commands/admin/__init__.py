"""What those who run and audit a campus do: looks at records, disputes about what was signed, imports, failures."""

from dataclasses import dataclass, field
from datetime import datetime

from commands.log import Log, Position
from commands.lookups.catalog import course_of_run, must_have_course
from domain.admin import (
    UNSPECIFIED,
    BreakGlass,
    FailedJob,
    FailedReaction,
    Import,
    ImportedFile,
    ImportedRows,
    Look,
    NamesOfRun,
    ReadModel,
    Record,
    SignedTrees,
    break_glass_stream,
    import_stream,
    job_stream,
    names_stream,
    reaction_stream,
    read_model_stream,
    record_stream,
    trees_stream,
)
from domain.admin.announcements import Announcement, announcement_stream, audience_of
from domain.admin.bulk_jobs import BulkJob, BulkKind, bulk_stream
from domain.admin.settings import CampusSettings, settings_stream


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
class ViewNames:
    """The actor looks at the names of learners of a run."""

    run_id: str


async def view_names(command: ViewNames, log: Log) -> Position:
    stream = names_stream(command.run_id, log.context.actor, log.context.at)
    async with log.serialize(stream):
        names = await log.load(NamesOfRun, stream)
        names.view()
        return await log.save(names)


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
class RetryKey:
    """The facts of a parked key of a read model are to be tried again; of all its keys without one."""

    projection: str
    key: str | None


async def retry_key(command: RetryKey, log: Log) -> Position:
    model = await log.load(ReadModel, read_model_stream(command.projection))
    model.retry(command.key)
    return await log.save(model)


@dataclass(frozen=True)
class SkipFact:
    """A read model is to leave out the fact at which a key fails, as long as its rule has this version."""

    projection: str
    key: str
    position: int
    version: int
    reason: str = field(repr=False)


async def skip_fact(command: SkipFact, log: Log) -> Position:
    model = await log.load(ReadModel, read_model_stream(command.projection))
    model.skip(command.key, command.position, command.version, command.reason)
    return await log.save(model)


@dataclass(frozen=True)
class RetryJob:
    """The job of this name that follows from a fact is to be tried again."""

    event_id: str
    name: str
    position: int


async def retry_job(command: RetryJob, log: Log) -> Position:
    job = await log.load(FailedJob, job_stream(command.event_id, command.name))
    job.retry(command.position)
    return await log.save(job)


@dataclass(frozen=True)
class DismissJob:
    """A job that has failed for good is not to be tried again."""

    event_id: str
    name: str
    position: int
    reason: str = field(repr=False)


async def dismiss_job(command: DismissJob, log: Log) -> Position:
    job = await log.load(FailedJob, job_stream(command.event_id, command.name))
    job.dismiss(command.position, command.reason)
    return await log.save(job)


@dataclass(frozen=True)
class RetryReaction:
    """The reaction of this name to a fact is to be tried again."""

    event_id: str
    name: str
    position: int


async def retry_reaction(command: RetryReaction, log: Log) -> Position:
    reaction = await log.load(FailedReaction, reaction_stream(command.event_id, command.name))
    reaction.retry(command.position)
    return await log.save(reaction)


@dataclass(frozen=True)
class DismissReaction:
    """Nothing is to follow from a fact by this reaction."""

    event_id: str
    name: str
    position: int
    reason: str = field(repr=False)


async def dismiss_reaction(command: DismissReaction, log: Log) -> Position:
    reaction = await log.load(FailedReaction, reaction_stream(command.event_id, command.name))
    reaction.dismiss(command.position, command.reason)
    return await log.save(reaction)


@dataclass(frozen=True)
class PrepareBulkJob:
    """The actor has made a dry run of a bulk job; *undoes* is the job that this one would undo."""

    job_id: str
    kind: BulkKind
    lines: int
    digest: str
    undoes: str | None = None


async def prepare_bulk_job(command: PrepareBulkJob, log: Log) -> Position:
    job = await log.load(BulkJob, bulk_stream(command.job_id))
    job.prepare(command.kind, command.lines, command.digest, command.undoes)
    return await log.save(job)


@dataclass(frozen=True)
class StartBulkJob:
    """The actor has a bulk job carried out that was looked at in a dry run."""

    job_id: str
    reason: str = field(repr=False)


async def start_bulk_job(command: StartBulkJob, log: Log) -> Position:
    job = await log.load(BulkJob, bulk_stream(command.job_id))
    job.start(command.reason)
    return await log.save(job)


@dataclass(frozen=True)
class StopBulkJob:
    """The actor has no further line of a bulk job carried out."""

    job_id: str


async def stop_bulk_job(command: StopBulkJob, log: Log) -> Position:
    job = await log.load(BulkJob, bulk_stream(command.job_id))
    job.stop()
    return await log.save(job)


@dataclass(frozen=True)
class FinishBulkJob:
    """All lines of a bulk job are carried out, or were refused."""

    job_id: str
    done: int
    unchanged: int
    refused: int


async def finish_bulk_job(command: FinishBulkJob, log: Log) -> Position:
    job = await log.load(BulkJob, bulk_stream(command.job_id))
    job.finish(command.done, command.unchanged, command.refused)
    return await log.save(job)


@dataclass(frozen=True)
class ChangeSetting:
    """The actor changes a setting of the campus."""

    name: str
    value: str
    reason: str


async def change_setting(command: ChangeSetting, log: Log) -> Position:
    settings = await log.load(CampusSettings, settings_stream())
    settings.change(command.name, command.value, command.reason)
    return await log.save(settings)


@dataclass(frozen=True)
class PublishAnnouncement:
    """The actor tells something to the campus, to a course or to a run; *scope* as in `domain.admin.announcements`."""

    announcement_id: str
    scope: str
    title: str
    text: str
    until: datetime | None = None


async def publish_announcement(command: PublishAnnouncement, log: Log) -> Position:
    audience = audience_of(command.scope)
    if audience.course_id is not None:
        await must_have_course(log, audience.course_id)
    if audience.run_id is not None:
        await course_of_run(log, audience.run_id)
    announcement = await log.load(Announcement, announcement_stream(command.announcement_id))
    announcement.publish(command.scope, command.title, command.text, command.until)
    return await log.save(announcement)


@dataclass(frozen=True)
class ChangeAnnouncement:
    """The actor has an announcement say something else."""

    announcement_id: str
    title: str
    text: str
    until: datetime | None = None


async def change_announcement(command: ChangeAnnouncement, log: Log) -> Position:
    announcement = await log.load(Announcement, announcement_stream(command.announcement_id))
    announcement.change(command.title, command.text, command.until)
    return await log.save(announcement)


@dataclass(frozen=True)
class WithdrawAnnouncement:
    """The actor has an announcement shown no more."""

    announcement_id: str
    reason: str


async def withdraw_announcement(command: WithdrawAnnouncement, log: Log) -> Position:
    announcement = await log.load(Announcement, announcement_stream(command.announcement_id))
    announcement.withdraw(command.reason)
    return await log.save(announcement)
