"""
Faults: what goes wrong on purpose, by chance from a seed, or the next so many times.

On requests: `error_500` (refused before anything happens) and `broken_500` (carried out, but answered with 500), both
given again under the key, `drop_answer` (carried out, but the connection is closed without the answer),
`latency` (seconds, not a chance), `down` (nothing answers and nothing is delivered).
On webhooks: `duplicate`, `reorder`, `delay` (by hours of the clock), `two_signatures`, and copies that a receiver must
refuse: `forge` (a changed body under a wrong signature), `stale` and `future` (signed for a time 10 minutes away).
`foreign`: events of objects that are not the campus's, and of types that it does not know.
"""

import random
from dataclasses import dataclass, field
from typing import Any

REQUEST_MODES = ("error_500", "broken_500", "drop_answer")
WEBHOOK_MODES = ("duplicate", "reorder", "delay", "two_signatures", "forge", "stale", "future", "foreign")
MODES = (*REQUEST_MODES, *WEBHOOK_MODES)
COPIES_OF = ("forge", "stale", "future")
"""Copies of an event that a receiver must refuse; they are sent once, whatever it answers."""
ANOTHER_SHOP = {"shop": "another", "basket": "1"}
"""The metadata of foreign objects."""
USUAL = 0.1  # the chance of each mode in `all`
REORDER = 5.0  # seconds by which an event may arrive later than its successors
DELAY = (1, 48)  # hours
OFF = 600  # seconds by which a stale or future timestamp is wrong
DUPLICATE_AFTER = 10.0  # seconds at most


class UnknownFault(ValueError):
    """A mode that paysim does not have."""


@dataclass
class Faults:
    """Which faults are on."""

    seed: int = 0
    chances: dict[str, float] = field(default_factory=dict)
    """Mode to its chance, 0 to 1."""
    next: dict[str, int] = field(default_factory=dict)
    """Mode to how many of the next occasions have it, whatever the chance."""
    latency: float = 0.0
    """Seconds that every request waits before it is carried out."""
    down: bool = False
    draws: int = 0
    """How often chance was asked; part of each draw, so that a seed gives the same faults to the same traffic."""

    def strikes(self, mode: str) -> bool:
        """Whether *mode* happens now."""
        left = self.next.get(mode, 0)
        if left:
            self.next[mode] = left - 1
            return True
        chance = self.chances.get(mode, 0.0)
        return chance > 0.0 and self.draw(mode) < chance

    def draw(self, what: str) -> float:
        """The next number from 0 to 1."""
        self.draws += 1
        return random.Random(f"{self.seed} {self.draws} {what}").random()  # noqa: S311 - repeatable on purpose

    def change(self, asked: dict[str, Any]) -> None:
        """Take over what a control request or the command line says; what it does not name stays."""
        modes = asked.get("modes", {})
        unknown = sorted({*modes, *asked.get("next", {})} - {*MODES, "all"})
        if unknown:
            raise UnknownFault(f"unknown fault {unknown[0]}: known are {', '.join(MODES)} and all")
        for mode, chance in modes.items():
            self.chances |= dict.fromkeys(MODES if mode == "all" else (mode,), float(chance))
        self.next |= {mode: int(count) for mode, count in asked.get("next", {}).items()}
        self.seed = int(asked.get("seed", self.seed))
        self.latency = float(asked.get("latency", self.latency))
        self.down = bool(asked.get("down", self.down))

    def modes_off(self) -> None:
        """Nothing goes wrong any more."""
        self.chances, self.next, self.latency, self.down = {}, {}, 0.0, False

    def shown(self) -> dict[str, Any]:
        """What is on."""
        return {
            "seed": self.seed, "modes": self.chances, "next": {mode: n for mode, n in self.next.items() if n},
            "latency": self.latency, "down": self.down,
        }  # fmt: skip


def parse(text: str) -> dict[str, float]:
    """`all`, or `duplicate=0.2,forge`: the modes of the command line with their chances."""
    pairs = (part.partition("=") for part in text.split(",") if part)
    return {mode.strip(): float(chance) if chance else USUAL for mode, _, chance in pairs}
