"""The verdict of `bench rebuild`: every target, the measured figure, and whether it is reached."""

from dataclasses import asdict, dataclass
from typing import Any, Self


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


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 3)
