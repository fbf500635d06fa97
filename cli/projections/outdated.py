"""Is what is served of the read models followed, or was it built by another version of the code? For `doctor`."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from adapters.postgres.ops.lag import SegmentCounts
    from adapters.settings import Settings

SILENT = 5.0  # seconds; a projector gives a sign of life every second


class Outdated(NamedTuple):
    """A live generation that is not of the version of the code on disk; `sentence` says what to do."""

    name: str
    followed: bool
    sentence: str


async def outdated(settings: "Settings") -> list[Outdated]:
    """Every live generation that was built by another version of the code."""
    from adapters.postgres.connection import connect
    from adapters.postgres.ops.lag import segment_counts
    from adapters.postgres.store.generations import generations, live
    from cli.projections.code_change import to_do
    from projections.registry import PROJECTIONS

    found = []
    async with await connect(settings, application="doctor") as connection:
        segments = [each for each in await segment_counts(connection) if each.status == "live"]
        for projection in PROJECTIONS:
            served = await live(connection, projection.name)
            if served is None or served.version == projection.version:
                continue
            followed = any(is_followed(each) for each in segments if each.projection == projection.name)
            built = await generations(connection, projection.name)
            sentence = to_do(projection, built, served, followed=followed) or ""
            found.append(Outdated(projection.name, followed, sentence))
    return found


def is_followed(segment: "SegmentCounts") -> bool:
    """Whether a process that is alive works on a segment."""
    return segment.owner is not None and segment.silent_seconds is not None and segment.silent_seconds < SILENT
