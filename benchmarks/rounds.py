"""
How a benchmark measures: ours and the yardstick in turn, several rounds, the median of each and of their ratio.

Machines are noisy and drift; two measurements in the same round meet the same conditions.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from cli.console import progress

Measure = Callable[[], Awaitable[float]]


@dataclass(frozen=True)
class Comparison:
    """
    What a benchmark found.

    Attributes:
        ours: median over the rounds, in *unit*.
        yardstick: the same for the yardstick.
        ratio: median of the ratios ours / yardstick, round by round.
        target: the bound of the ratio.
    """

    name: str
    unit: str
    what: str
    yardstick_is: str
    ours: float
    yardstick: float
    ratio: float
    target: str
    met: bool
    rounds: list[tuple[float, float]]
    details: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The comparison for `--json`."""
        return asdict(self)


@dataclass(frozen=True)
class Subject:
    """What a benchmark compares: names for people, the unit of both figures, and the bound of the ratio."""

    name: str
    unit: str
    what: str
    yardstick_is: str
    at_least: float | None = None
    at_most: float | None = None


async def compare(subject: Subject, ours: Measure, yardstick: Measure, rounds: int) -> Comparison:
    """Measure both *rounds* times in turn, after one warm-up round."""
    found: list[tuple[float, float]] = []
    with progress(f"bench {subject.name}", total=rounds + 1, unit="rounds") as advance:
        for number in range(rounds + 1):
            pair = (await ours(), await yardstick())
            if number:
                found.append(pair)
            advance(1)
    return conclude(subject, found)


def conclude(subject: Subject, found: list[tuple[float, float]], **details: Any) -> Comparison:
    """Medians, ratio and verdict of what was measured."""
    ratio = median(ours / yardstick for ours, yardstick in found)
    met = ratio >= subject.at_least if subject.at_least is not None else ratio <= (subject.at_most or 0)
    return Comparison(
        name=subject.name,
        unit=subject.unit,
        what=subject.what,
        yardstick_is=subject.yardstick_is,
        ours=median(ours for ours, _ in found),
        yardstick=median(yardstick for _, yardstick in found),
        ratio=ratio,
        target=f">= {subject.at_least}" if subject.at_least is not None else f"<= {subject.at_most}",
        met=met,
        rounds=found,
        details=details,
    )
