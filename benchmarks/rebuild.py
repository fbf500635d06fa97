"""
`campus bench rebuild`: a read model from nothing to ready, against the library's runner and a bare COPY.

On a throw-away PostgreSQL and Valkey with a synthetic log (synthetic.py). In each round, one after the other: the
`eventsourcing` library's ProjectionRunner, the whole log through a bare COPY and a binary one, and our `overview` with
one process and with two. The bench compares the rate of the replay: facts of the log, by the seconds from the first
page that is read until all rows are written by COPY. It also prints the time of the whole rebuild and of each step.
    rebuild_yardsticks  the library, COPY, a second core     rebuild_ours  the log, our command, the campus meanwhile
"""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Self

from adapters.settings import Settings
from benchmarks import rebuild_yardsticks as yardsticks
from benchmarks.campus import running_stores
from benchmarks.rebuild_ours import ALL, Live, TimedRebuild, fill_log, measure_live, rebuild
from benchmarks.synthetic import rows
from cli.console import progress
from projections.registry import PROJECTIONS

SUBJECT = "overview"
SIZES = (1_000_000, 3_000_000)  # facts; intermediate lengths of the log
RUNNER_LEARNERS = 200  # whose events, fifty each, the library projects in a round
MOST_MEMORY = 1_024  # MiB of any process
LEAST_RATE_KEPT = 2 / 3
LONGEST_LAG = 1_000.0  # milliseconds


@dataclass(frozen=True)
class Target:
    """
    One target.

    Attributes:
        figure: what was measured; None if this run could not measure it.
        target: the bound, as text.
    """

    name: str
    figure: float | None
    unit: str
    target: str
    met: bool | None

    @classmethod
    def at_least(cls, name: str, figure: float | None, bound: float, unit: str = "x") -> Self:
        """A figure that must not be lower."""
        return cls(name, _rounded(figure), unit, f">= {bound:,.4g}", None if figure is None else figure >= bound)

    @classmethod
    def at_most(cls, name: str, figure: float | None, bound: float, unit: str) -> Self:
        """A figure that must not be higher."""
        return cls(name, _rounded(figure), unit, f"<= {bound:,.4g}", None if figure is None else figure <= bound)


@dataclass(frozen=True)
class Findings:
    """All targets, with the detailed figures."""

    name: str
    targets: list[Target]
    details: dict[str, Any]

    @property
    def met(self) -> bool:
        """Whether no target was missed; one that was not measured is not missed."""
        return all(target.met is not False for target in self.targets)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True)
class Round:
    """
    Facts a second of the library's runner and of both COPYs, and our rebuilds with one process and with two.

    Attributes:
        second_core: how many times faster two processes do a plain loop than one.
    """

    facts: int
    second_core: float
    runner: float
    copy: float
    binary_copy: float
    one: TimedRebuild
    two: TimedRebuild

    @property
    def rate(self) -> float:
        """Facts a second of our replay, one process."""
        return self.facts / self.one.replay

    @property
    def speed_up(self) -> float:
        """How many times faster two processes are."""
        return self.one.replay / self.two.replay


async def bench(events: int, seconds: float, rounds: int) -> Findings:
    """Measure up to a log of that many *events*; *seconds* for each figure of the living campus."""
    async with running_stores() as settings:
        found: list[list[Round]] = []
        alone: dict[str, Any] = {}
        log = rows()
        for before, facts in _steps(events):
            await fill_log(settings, log, facts - before)
            found.append(await _rounds(settings, facts, rounds))
            alone = alone or await _each(settings, facts)
        together = await rebuild(settings, ALL, 1)
    live = await measure_live(events, seconds, rounds)
    details = {
        "sizes": [_figures(each) for each in found],
        "facts_per_second_alone": alone,
        "all_in_one_pass": _figures_of_all(together, events),
        "live": live.as_dict(),
    }
    return Findings("rebuild", [*_targets(found, together), *_live_targets(live)], details)


def _steps(events: int) -> Iterator[tuple[int, int]]:
    """The lengths of the log to measure at, in ascending order."""
    lengths = [size for size in SIZES if size < events] + [events]
    yield from zip([0, *lengths], lengths, strict=False)


async def _rounds(settings: Settings, facts: int, rounds: int) -> list[Round]:
    """The measured rounds, after one warm-up round."""
    found = []
    with progress(f"bench rebuild, {facts:,} facts", total=rounds + 1, unit="rounds") as advance:
        for number in range(rounds + 1):
            round_ = await _round(settings, facts)
            if number:
                found.append(round_)
            advance(1)
    return found


async def _round(settings: Settings, facts: int) -> Round:
    env = yardsticks.variables(settings.postgres_owner_url)
    second_core = await asyncio.to_thread(yardsticks.gain_of_second_core)
    runner = await asyncio.to_thread(yardsticks.runner_rate, env, RUNNER_LEARNERS)
    copy = facts / await asyncio.to_thread(yardsticks.copy_seconds, settings, yardsticks.BARE)
    binary = facts / await asyncio.to_thread(yardsticks.copy_seconds, settings, yardsticks.BINARY)
    one, two = await rebuild(settings, SUBJECT, 1), await rebuild(settings, SUBJECT, 2)
    return Round(facts, second_core, runner, copy, binary, one, two)


async def _each(settings: Settings, facts: int) -> dict[str, Any]:
    """The rate of the replay of every read model alone, with one process."""
    rates = {}
    with progress("bench rebuild, each alone", total=len(PROJECTIONS), unit="rebuilds") as advance:
        for each in PROJECTIONS:
            rates[each.name] = round(facts / (await rebuild(settings, each.name, 1)).replay)
            advance(1)
    return rates


def _figures(found: list[Round]) -> dict[str, Any]:
    """The medians at one length of the log; rates in facts a second."""
    return {
        "facts": found[0].facts,
        "second_core": round(median(each.second_core for each in found), 2),
        "runner": round(median(each.runner for each in found)),
        "copy": round(median(each.copy for each in found)),
        "binary_copy": round(median(each.binary_copy for each in found)),
        "one_process": round(median(each.rate for each in found)),
        "two_processes": round(median(each.facts / each.two.replay for each in found)),
        "whole_seconds_one_process": round(median(each.one.whole for each in found), 1),
        "whole_seconds_two_processes": round(median(each.two.whole for each in found), 1),
        "steps_one_process": _steps_of(found[-1].one),
        "steps_two_processes": _steps_of(found[-1].two),
        "largest_mib": max(max(each.one.largest_mib, each.two.largest_mib) for each in found),
    }


def _steps_of(rebuilt: TimedRebuild) -> dict[str, float]:
    """Seconds of each step, for people."""
    return {step: round(seconds, 2) for step, seconds in rebuilt.steps.items()}


def _figures_of_all(together: TimedRebuild, facts: int) -> dict[str, Any]:
    """Cost of a rebuild of all read models in one pass over the whole log, with one process."""
    return {
        "facts_per_second": round(facts / together.replay),
        "whole_seconds": round(together.whole, 1),
        "steps": _steps_of(together),
        "largest_mib": together.largest_mib,
    }


def _targets(found: list[list[Round]], together: TimedRebuild) -> list[Target]:
    """The targets of the rebuild itself, at the longest log; every ratio is the median over the rounds."""
    last = found[-1]
    linear = median(each.rate for each in last) / median(each.rate for each in found[0]) if len(found) > 1 else None
    share = median(each.speed_up / each.second_core for each in last)
    largest = max(together.largest_mib, *(_figures(each)["largest_mib"] for each in found))
    return [
        Target.at_least("one process / library's runner", median(each.rate / each.runner for each in last), 150),
        Target.at_least("one process / bare COPY", median(each.rate / each.copy for each in last), 0.3),
        Target.at_least("two processes / one", median(each.speed_up for each in last), 1.7),
        Target.at_least("that / what the second core gives to a plain loop", share, 0.9),
        Target.at_least("rate on the longest log / on the shortest", linear, 0.8),
        Target.at_most("largest process", largest, MOST_MEMORY, "MiB"),
    ]


def _live_targets(live: Live) -> list[Target]:
    """The targets of the campus during a rebuild."""
    return [
        Target.at_least("commands/s during a rebuild / without", live.rate_kept, LEAST_RATE_KEPT),
        Target.at_most("p99 of the dashboards' lag meanwhile", median(live.lag_beside), LONGEST_LAG, "ms"),
    ]


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 3)
