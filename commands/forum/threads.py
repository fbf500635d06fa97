"""What the staff of a run decide about its threads."""

from dataclasses import dataclass

from commands.forum.loading import must_have_unit, thread_of
from commands.log import Log, Position
from domain.forum import CloseGround


@dataclass(frozen=True)
class PinThread:
    """The staff show a thread before all others, or no longer."""

    run_id: str
    thread_id: str
    pinned: bool


async def pin_thread(command: PinThread, log: Log) -> Position:
    thread = await thread_of(log, command.run_id, command.thread_id)
    thread.pin(pinned=command.pinned)
    return await log.save(thread)


@dataclass(frozen=True)
class CloseThread:
    """The staff take no more posts in a thread."""

    run_id: str
    thread_id: str
    ground: CloseGround


async def close_thread(command: CloseThread, log: Log) -> Position:
    thread = await thread_of(log, command.run_id, command.thread_id)
    thread.close(command.ground)
    return await log.save(thread)


@dataclass(frozen=True)
class ReopenThread:
    """The staff take posts in a closed thread again."""

    run_id: str
    thread_id: str


async def reopen_thread(command: ReopenThread, log: Log) -> Position:
    thread = await thread_of(log, command.run_id, command.thread_id)
    thread.reopen()
    return await log.save(thread)


@dataclass(frozen=True)
class MoveThread:
    """The staff tie a thread to another unit of the run, or to none."""

    run_id: str
    thread_id: str
    unit_id: str | None


async def move_thread(command: MoveThread, log: Log) -> Position:
    await must_have_unit(log, command.run_id, command.unit_id)
    thread = await thread_of(log, command.run_id, command.thread_id)
    thread.move(command.unit_id)
    return await log.save(thread)
