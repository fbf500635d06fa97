"""Use case of watching: a player sends what was played of a video or a recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from commands.log import Log, Position
from commands.lookups.catalog import Outline, versions_with_media
from commands.lookups.deadlines import must_take_part
from commands.lookups.enrollment import first_placed_at
from commands.lookups.progress import asked_of
from commands.progress.following import followed
from domain.catalog.unit_rules import WATCHED_KINDS
from domain.kinds import plain_kind
from domain.progress import (
    WATCHED,
    CourseProgress,
    NotWatchable,
    Segment,
    UnknownUnit,
    Viewing,
    progress_stream,
    viewing_stream,
)


@dataclass(frozen=True)
class RecordWatched:
    """
    Record a batch of a player: what was played since the batch before.

    Attributes:
        device: an id that the player has made up for itself.
        client_seq: the player's own count of its batches; one that came before changes nothing.
        segments: from where to where it was played, in milliseconds of the media; they may overlap.
        position_ms: where the learner was in the end.
        seconds: how long it took, by the player's clock.
        seconds_ago: how long ago that ended, by the same clock: the clocks of player and server may differ.
    """

    learner_id: str
    run_id: str
    unit_id: str
    device: str
    client_seq: int
    segments: Sequence[Segment]
    position_ms: int
    seconds: int
    seconds_ago: int = 0


async def record_watched(command: RecordWatched, log: Log) -> Position:
    run = await followed(log, command.learner_id, command.run_id)
    unit_id = command.unit_id
    if unit_id not in run.units:
        raise UnknownUnit(unit_id=unit_id, run_id=command.run_id)
    kind = plain_kind(run.units[unit_id].kind)
    if kind not in WATCHED_KINDS:
        raise NotWatchable(unit_id=unit_id, kind=kind)
    await must_take_part(log, command.learner_id, run, command.unit_id)
    at = log.context.at
    ended_at = at - timedelta(seconds=command.seconds_ago)
    viewing = await log.load(Viewing, viewing_stream(command.learner_id, command.run_id, unit_id))
    first = viewing.begins_first(ended_at - timedelta(seconds=command.seconds))
    viewing.watch(
        command.segments,
        course_version=run.course_version,
        device=command.device,
        client_seq=command.client_seq,
        position_ms=command.position_ms,
        seconds=command.seconds,
        ended_at=ended_at,
        at=at,
        placed_at=await first_placed_at(log, command.learner_id, command.run_id) if first else None,
    )
    progress = await log.load(CourseProgress, progress_stream(command.learner_id, command.run_id))
    progress.begin(run.versions)
    progress.must_be_open(unit_id, run.units[unit_id].after)
    progress.open_unit(unit_id)
    if await _is_enough(log, run, viewing, unit_id):
        mark = asked_of(run, unit_id).at_least_bp
        progress.complete_unit(unit_id, run.course_version, WATCHED, at_least_bp=mark, evidence=viewing.id)
    return await log.save(progress, viewing)


async def _is_enough(log: Log, run: Outline, viewing: Viewing, unit_id: str) -> bool:
    """Whether a unit is completed by being watched, and as much of it was as it asks for."""
    unit = run.units[unit_id]
    rule = unit.completion
    if rule is None or rule.rule != WATCHED or rule.at_least_bp is None or unit.seconds is None:
        return False
    return viewing.share(await versions_with_media(log, run, unit_id), unit.seconds).reaches(rule.at_least_bp)
