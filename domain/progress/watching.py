"""How much of a video or a recording was watched, computed in one place: segments in, the share that is true out."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from domain.score import FULL, rounded_bp

Segment = tuple[int, int]
"""From where to where something was played, in milliseconds of the media; the second is later than the first."""

JOIN_MS = 1_000
"""Segments that are nearer to each other, or to an end of the media, were played in one: players tell the time four
times a second, and an author writes a length in whole seconds."""


class WatchedShare(NamedTuple):
    """The part of the media that was played, at any speed and however often: *ms* of *of_ms*."""

    ms: int
    of_ms: int

    @property
    def bp(self) -> int:
        """The share in basis points, rounded half up; FULL only where nothing is missing."""
        if self.ms == self.of_ms:
            return FULL
        return min(rounded_bp(self.ms, self.of_ms), FULL - 1)

    def reaches(self, mark_bp: int) -> bool:
        """Whether it is at least *mark_bp* basis points of the media; nothing is rounded."""
        return self.ms * FULL >= mark_bp * self.of_ms


def merged(segments: Iterable[Segment]) -> list[Segment]:
    """The same without what overlaps or touches, in order: each moment of the media is in one segment at most."""
    found: list[Segment] = []
    for start, end in sorted(segments):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def watched(segments: Iterable[Segment], seconds: int) -> WatchedShare:
    """
    How much of media of this length was watched.

    Args:
        segments: all that was played, in any order, with what overlaps; what is beyond the end counts for nothing.
        seconds: length of the media, more than 0.
    """
    length = seconds * 1_000
    within = merged((start, min(end, length)) for start, end in segments if start < length)
    return WatchedShare(sum(end - start for start, end in _joined(within, length)), length)


def _joined(segments: Sequence[Segment], length: int) -> list[Segment]:
    """Merged segments without gaps below JOIN_MS, at the ends as well."""
    found: list[Segment] = []
    for start, end in segments:
        last = found[-1][1] if found else 0
        if start - last < JOIN_MS:
            found[-1:] = [(found[-1][0] if found else 0, end)]
        else:
            found.append((start, end))
    if found and length - found[-1][1] < JOIN_MS:
        found[-1] = found[-1][0], length
    return found
