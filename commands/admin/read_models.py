"""What admins and analysts have done with read models: rebuilt, promoted, rolled back, as jobs of a projector."""

from dataclasses import dataclass, field

from commands.log import Log, Position
from domain.admin import Build, ReadModel, Switch, SwitchWanted, read_model_stream


@dataclass(frozen=True)
class RequestRebuild:
    """The actor has a read model rebuilt beside what is served; *from_scratch* deletes what an earlier one has left."""

    projection: str
    job_id: str
    from_scratch: bool
    reason: str = field(repr=False)


async def request_rebuild(command: RequestRebuild, log: Log) -> Position:
    model = await log.load(ReadModel, read_model_stream(command.projection))
    model.request_rebuild(command.job_id, command.reason, from_scratch=command.from_scratch)
    return await log.save(model)


@dataclass(frozen=True)
class RequestSwitch:
    """The actor has the readers of a read model moved to another generation."""

    projection: str
    job_id: str
    wanted: SwitchWanted
    reason: str = field(repr=False)


async def request_switch(command: RequestSwitch, log: Log) -> Position:
    model = await log.load(ReadModel, read_model_stream(command.projection))
    model.request_switch(command.job_id, command.wanted, command.reason)
    return await log.save(model)


@dataclass(frozen=True)
class StopProjectionJob:
    """The actor stops a job of a read model."""

    projection: str
    job_id: str
    reason: str = field(repr=False)


async def stop_projection_job(command: StopProjectionJob, log: Log) -> Position:
    model = await log.load(ReadModel, read_model_stream(command.projection))
    model.stop(command.job_id, command.reason)
    return await log.save(model)


@dataclass(frozen=True)
class RecordBuild:
    """A job has rebuilt a read model."""

    projection: str
    job_id: str
    build: Build


async def record_build(command: RecordBuild, log: Log) -> Position:
    model = await log.load(ReadModel, read_model_stream(command.projection))
    model.finish_rebuild(command.job_id, command.build)
    return await log.save(model)


@dataclass(frozen=True)
class RecordJobFailure:
    """A job of a read model has failed; *cause* is a sentence."""

    projection: str
    job_id: str
    cause: str


async def record_job_failure(command: RecordJobFailure, log: Log) -> Position:
    model = await log.load(ReadModel, read_model_stream(command.projection))
    model.fail(command.job_id, command.cause)
    return await log.save(model)


@dataclass(frozen=True)
class RecordDrop:
    """The actor has the rows of a generation deleted; *version* is that of their rule."""

    projection: str
    generation: int
    version: int
    reason: str = field(repr=False)


async def record_drop(command: RecordDrop, log: Log) -> Position:
    model = await log.load(ReadModel, read_model_stream(command.projection))
    model.drop(command.generation, command.version, command.reason)
    return await log.save(model)


@dataclass(frozen=True)
class RequestRepair:
    """The actor has the rows of a key recomputed from the log."""

    projection: str
    key: str
    reason: str = field(repr=False)


async def request_repair(command: RequestRepair, log: Log) -> Position:
    model = await log.load(ReadModel, read_model_stream(command.projection))
    model.request_repair(command.key, command.reason)
    return await log.save(model)


@dataclass(frozen=True)
class RecordSwitch:
    """
    The actor has moved the readers of a read model to another generation; *back* to the one served before.

    Attributes:
        job_id: of the job that has done it; None for an operator at the command line.
    """

    projection: str
    switch: Switch
    back: bool = False
    job_id: str | None = None


async def record_switch(command: RecordSwitch, log: Log) -> Position:
    model = await log.load(ReadModel, read_model_stream(command.projection))
    if command.job_id is not None:
        model.finish_switch(command.job_id, command.switch, back=command.back)
    elif command.back:
        model.roll_back(command.switch)
    else:
        model.promote(command.switch)
    return await log.save(model)
