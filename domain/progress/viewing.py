"""
Viewing: which parts of a video or a recording a learner has played, and where to go on.

A player keeps what it has played and sends it in batches: when the learner pauses, goes, or is at the end, and every
few minutes. So the log has a fact for each of these, and not one for each second. Batches come twice, late and in
another order, from several devices: each counts once, by its device and the device's own count, and the place to go on
is that of the batch that ended last by the server's clock.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from domain.aggregate import Aggregate, event, stream_id
from domain.progress.errors import BadBatch, TooManyBatches
from domain.progress.watching import Segment, WatchedShare, merged, watched

MOST_SEGMENTS = 200  # of one batch
MOST_MS = 7 * 86_400_000  # the longest media, as domain.catalog.unit_rules has it
MOST_SECONDS = 86_400  # of watching in one batch
MOST_SPEED = 4  # times the media's own
LONGEST_AGO = timedelta(days=30)  # for what was watched without a network
MOST_DEVICES = 32  # that are remembered, the latest ones
BEFORE_PLACE = timedelta(minutes=5)  # that a batch may seem to begin before the learner's place, by a wrong clock
AT_THE_SAME_TIME = 2  # devices on which a film is watched all the time, at most
AT_ONCE, PACE = 60, timedelta(seconds=30)
"""So many batches of one viewing are taken at any time, and one more for each PACE since it began."""


def viewing_stream(learner_id: str, run_id: str, unit_id: str) -> str:
    """The stream of what a learner has watched of a unit on a run."""
    return stream_id("viewing", learner_id, run_id, unit_id)


class Viewing(Aggregate):
    """
    What one learner has played of one video or recording.

    Attributes:
        played: merged segments of the media, by the version of the course that was shown.
        position_ms: where to go on.
        seconds: time that was spent in watching, as the players say.
    """

    category = "viewing"
    ids = ("learner_id", "run_id", "unit")
    keyed_by = "learner_id"
    snapshot_every = 100
    state_version = 2  # began_at is when the first batch began, and not when it ended
    snapshot_fields: ClassVar = {
        "played": dict[int, list[Segment]],
        "position_ms": int,
        "seconds": int,
        "began_at": datetime | None,
        "last_at": datetime | None,
        "batches": dict[str, list[Segment]],
    }

    class Watched(Aggregate.Event):
        """
        One batch of a player: `segments` of the media that were played, in `seconds` of the learner's time that ended
        at `ended_at`, and the place in the media at that time. `client_seq` is the count of the `device`.
        """

        TOPIC = "viewing.watched"
        course_version: int
        device: str
        client_seq: int
        segments: list[Segment]
        position_ms: int
        seconds: int
        ended_at: datetime

    def initial_state(self) -> None:
        self.played: dict[int, list[Segment]] = {}
        self.position_ms = 0
        self.seconds = 0
        self.began_at: datetime | None = None
        self.last_at: datetime | None = None
        self.batches: dict[str, list[Segment]] = {}  # by device, the counts that came: from the first to below the last

    def watch(
        self,
        segments: Sequence[Segment],
        *,
        course_version: int,
        device: str,
        client_seq: int,
        position_ms: int,
        seconds: int,
        ended_at: datetime,
        at: datetime,
        placed_at: datetime | None = None,
    ) -> None:
        """
        Take a batch of a player; one that has come before changes nothing.

        Args:
            placed_at: when the learner got the place, for a batch that `begins_first`; None for any other.

        Raises:
            BadBatch: it says what cannot be.
            TooManyBatches: the player sends them too fast.
        """
        if any(first <= client_seq < last for first, last in self.batches.get(device, ())):
            return
        self._check(segments, position_ms, seconds, at - ended_at)
        self._check_time(ended_at - timedelta(seconds=seconds), seconds, at, placed_at)
        began_at = self.began_at or at
        if self.version >= AT_ONCE + (at - began_at) // PACE:
            raise TooManyBatches(unit_id=self.id_of("unit"), seconds=PACE.seconds)
        self._watched(
            course_version=course_version,
            device=device,
            client_seq=client_seq,
            segments=merged(segments),
            position_ms=position_ms,
            seconds=seconds,
            ended_at=ended_at,
        )

    def _check(self, segments: Sequence[Segment], position_ms: int, seconds: int, ago: timedelta) -> None:
        unit_id = self.id_of("unit")
        if len(segments) > MOST_SEGMENTS:
            raise BadBatch(unit_id=unit_id, problem=f"it has {len(segments)} segments, and {MOST_SEGMENTS} at most")
        for start, end in segments:
            if not 0 <= start < end <= MOST_MS:
                raise BadBatch(unit_id=unit_id, problem=f"no segment goes from {start} ms to {end} ms")
        if not 0 <= position_ms <= MOST_MS:
            raise BadBatch(unit_id=unit_id, problem=f"no media has a place {position_ms} ms after its beginning")
        if not 0 <= seconds <= MOST_SECONDS:
            raise BadBatch(unit_id=unit_id, problem=f"it took {seconds} s, and a batch takes {MOST_SECONDS} s at most")
        if not timedelta() <= ago <= LONGEST_AGO:
            raise BadBatch(unit_id=unit_id, problem=f"it ended {ago} ago, and {LONGEST_AGO.days} days are the longest")
        played = sum(end - start for start, end in segments)
        if played > MOST_SPEED * (seconds + 1) * 1_000:
            problem = f"{played} ms were played in {seconds} s, which is faster than {MOST_SPEED} times"
            raise BadBatch(unit_id=unit_id, problem=problem)

    def begins_first(self, begins_at: datetime) -> bool:
        """Whether a batch that begins then does so before all that came."""
        return self.began_at is None or begins_at < self.began_at

    def _check_time(self, begins_at: datetime, seconds: int, at: datetime, placed_at: datetime | None) -> None:
        """Refuse what cannot have been watched between the place, or the first batch, and now."""
        unit_id = self.id_of("unit")
        if placed_at is not None and begins_at < placed_at - BEFORE_PLACE:
            problem = f"it begins at {begins_at:%Y-%m-%d %H:%M} UTC, and the place at {placed_at:%Y-%m-%d %H:%M} UTC"
            raise BadBatch(unit_id=unit_id, problem=problem)
        first, watched_for = min(begins_at, self.began_at or begins_at), self.seconds + seconds
        if watched_for > AT_THE_SAME_TIME * (at - first + BEFORE_PLACE).total_seconds():
            problem = f"{watched_for} s were watched in all, and the first of them at {first:%Y-%m-%d %H:%M} UTC"
            raise BadBatch(unit_id=unit_id, problem=problem)

    @event(Watched)
    def _watched(
        self,
        course_version: int,
        device: str,
        client_seq: int,
        segments: list[Segment],
        position_ms: int,
        seconds: int,
        ended_at: datetime,
    ) -> None:
        self.played[course_version] = merged([*self.played.get(course_version, ()), *segments])
        self.seconds += seconds
        begins_at = ended_at - timedelta(seconds=seconds)
        self.began_at = begins_at if self.began_at is None else min(self.began_at, begins_at)
        if self.last_at is None or ended_at >= self.last_at:
            self.position_ms, self.last_at = position_ms, ended_at
        self.batches[device] = merged([*self.batches.pop(device, ()), (client_seq, client_seq + 1)])
        while len(self.batches) > MOST_DEVICES:
            del self.batches[next(iter(self.batches))]

    def share(self, versions: Collection[int], seconds: int) -> WatchedShare:
        """
        How much of the media was watched.

        Args:
            versions: those of the course in which the unit has the same media.
            seconds: how long it is.
        """
        return watched((each for version in versions for each in self.played.get(version, ())), seconds)
