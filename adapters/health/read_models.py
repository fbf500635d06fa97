"""
Are the read models looked after? One check each for what can go wrong without anybody noticing, for `campus doctor`.

Every check names the read model and the segment that fails, and what to do about it.
"""

import asyncio
import time

import psycopg
from prometheus_client.parser import text_string_to_metric_families

from adapters.health.servers import LONGEST_SILENCE, Check, Unhealthy
from adapters.postgres.connection import connect
from adapters.postgres.ops.lag import SegmentCounts, projection_lags, segment_counts
from adapters.postgres.store.audits import audits, findings
from adapters.postgres.store.parking import NEEDS_REBUILD, lost_of, parked_of
from adapters.settings import Settings
from projections.registry import PROJECTIONS

MOST_LAG = 60.0  # seconds that a segment may be behind
NAMED = 5  # of those that fail
LOOKS, LOOK_PAUSE = 3, 1.5  # seconds; what Valkey has is copied to where we look every second

HEARTBEAT = "campus_projection_heartbeat_timestamp_seconds"
METRICS = "SELECT metrics FROM workers WHERE name = 'projector' AND heartbeat_at > now() - interval '30 seconds'"


async def accounted(settings: Settings) -> str:
    """Is every fact of the log accounted for, in every segment?"""
    async with await connect(settings, application="doctor") as connection:
        found = await segment_counts(connection)
    wrong = [each for each in found if not each.adds_up]
    if wrong:
        names = _named([f"{_segment(each)} ({_difference(each)})" for each in wrong])
        first = wrong[0].projection
        raise Unhealthy(
            f"the facts do not add up in {names}",
            f"see what differs with `campus projections verify {first}`, and replace its rows with `… rebuild {first}`",
        )
    return f"{sum(each.events for each in found):,} facts in {len(found)} segments, all accounted for"


async def followed(settings: Settings) -> str:
    """Is every segment followed by a projector that gives signs of life, and not far behind?"""
    async with await connect(settings, application="doctor") as connection:
        live = [each for each in await segment_counts(connection) if each.status == "live"]
        versions = {each.name: each.version for each in await projection_lags(connection) if each.status == "live"}
        beats = await _heartbeats(connection)
    current = {each.name for each in PROJECTIONS if versions.get(each.name) == each.version}
    live = [each for each in live if each.projection in current]  # others wait for a promotion, which is said elsewhere
    silent = [each for each in live if each.owner is None or _silent(each.silent_seconds)]
    if silent:
        waits = not any(_silent(time.time() - beats.get(each.projection, 0.0)) for each in silent)
        raise Unhealthy(
            f"no projector works on {_named([_segment(each) for each in silent])}",
            "restart the campus: its projector was started with another version of the code"
            if waits
            else "start one with `campus worker projector`; see DATA/log/projector.log",
        )
    mute = [name for name in sorted(current) if _silent(time.time() - beats.get(name, 0.0))]
    if mute:
        raise Unhealthy(f"no heartbeat from {_named(mute)}, though its projector lives", "see DATA/log/projector.log")
    late = [each for each in live if each.lag_seconds > MOST_LAG]
    if late:
        behind = [f"{_segment(each)} ({each.lag_events:,} facts, {each.lag_seconds:.0f} s)" for each in late]
        raise Unhealthy(f"far behind the log: {_named(behind)}", "see DATA/log/projector.log, and add a projector")
    return f"{len(live)} segments followed, none more than {MOST_LAG:.0f} s behind"


async def waiting(settings: Settings) -> str:
    """Does anything wait that only a rebuild heals: reference streams, or what a power cut has lost?"""
    async with await connect(settings, application="doctor") as connection:
        served = {each.name: each.generation for each in await projection_lags(connection) if each.status == "live"}
        parked = [
            row for row in await parked_of(connection, list(served)) if row["generation"] == served[row["projection"]]
        ]
        lost = await lost_of(connection)
        for _ in range(LOOKS - 1):
            if lost:
                await asyncio.sleep(LOOK_PAUSE)
                lost &= await lost_of(connection)
    if lost:
        names = sorted({name for name, _ in lost})
        places = _named([f"segment {segment} of {name}" for name, segment in sorted(lost)])
        raise Unhealthy(
            f"parked facts of {places} are missing from the parked list (a power cut?): rows are incomplete",
            _rebuild_command(names),
        )
    common = [row for row in parked if row["needs_rebuild"]]
    if common:
        names = sorted({row["projection"] for row in common})
        keys = _named(sorted({row["key"] for row in common}))
        raise Unhealthy(f"{keys} parked in {_named(names)}, {NEEDS_REBUILD}", _rebuild_command(names))
    return f"{len(parked)} keys parked, all of which a retry can heal" if parked else "nothing is parked"


def _rebuild_command(names: list[str]) -> str:
    return f"`campus projections rebuild {' '.join(names)}`, then `… promote` each"


async def audited(settings: Settings) -> str:
    """Has the auditor found a row that is not what the log says?"""
    async with await connect(settings, application="doctor") as connection:
        found, done = await findings(connection), await audits(connection)
    if found:
        first = found[0]
        key = ":".join(map(str, first.key))
        raise Unhealthy(
            f"{len(found)} rows are not what the log says, such as {first.table} {key} of {first.projection}:"
            f" {first.reason}",
            f"`campus projections repair {first.projection} --key {first.owner}`",
        )
    return f"{sum(each.checked for each in done):,} keys checked, no row wrong"


async def _heartbeats(connection: psycopg.AsyncConnection) -> dict[str, float]:
    """When a follower of each read model last gave a sign of life, as Unix time."""
    beats: dict[str, float] = {}
    for (text,) in await (await connection.execute(METRICS)).fetchall():
        for family in text_string_to_metric_families(text):
            for sample in family.samples if family.name == HEARTBEAT else ():
                name = sample.labels["projection"]
                beats[name] = max(sample.value, beats.get(name, 0.0))
    return beats


def _silent(seconds: float | None) -> bool:
    return seconds is None or seconds > LONGEST_SILENCE


def _segment(account: SegmentCounts) -> str:
    return f"segment {account.segment} of {account.projection} generation {account.generation}"


def _difference(account: SegmentCounts) -> str:
    return f"{abs(account.difference):,} facts {'missing' if account.difference > 0 else 'too many'}"


def _named(failing: list[str]) -> str:
    more = len(failing) - NAMED
    return ", ".join(failing[:NAMED]) + (f" and {more} more" if more > 0 else "")


CHECKS: dict[str, Check] = {"accounts": accounted, "followers": followed, "parked": waiting, "audits": audited}
