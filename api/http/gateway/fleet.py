"""
The instances that a gateway knows, by their contexts, and which one gets the next request.

It goes to the instance with the fewest requests under way; of several with as few, each gets its turn. One whose
circuit is open, or that has failed this request before, is left out. One that ends says so first: it gets nothing more,
and what is under way there goes on to its end.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import count
from time import monotonic

from adapters.nats.instances import InstanceInfo
from api.http.gateway.circuit import Circuit

FORGOTTEN_AFTER = 30.0  # seconds without a word over NATS and without an answer over HTTP


@dataclass(eq=False)
class Instance:
    """
    A process that serves contexts.

    Attributes:
        heard_at: when it has last said over NATS that it is there, or answered over HTTP.
        turn: of the last request that it got; smaller is longer ago.
    """

    url: str
    contexts: frozenset[str]
    heard_at: float
    under_way: int = 0
    turn: int = 0
    circuit: Circuit = field(default_factory=Circuit)


class Fleet:
    """The instances of one campus."""

    def __init__(self) -> None:
        self._instances: dict[str, Instance] = {}
        self._turns = count(1)

    def __iter__(self) -> Iterator[Instance]:
        return iter(list(self._instances.values()))

    def heard(self, info: InstanceInfo) -> None:
        """An instance says that it is there."""
        known = self._instances.get(info.url)
        if known is None:
            known = self._instances[info.url] = Instance(info.url, info.contexts, monotonic())
        known.heard_at, known.contexts = monotonic(), info.contexts

    def left(self, url: str) -> None:
        """An instance has said that it ends: it gets nothing more, and what is under way goes on."""
        self._instances.pop(url, None)

    def forget(self) -> None:
        """Forget those that have been silent for long."""
        now = monotonic()
        self._instances = {url: it for url, it in self._instances.items() if now - it.heard_at < FORGOTTEN_AFTER}

    def choose(self, context: str | None, without: Collection[str]) -> Instance | None:
        """An instance for a request of *context* (None: of any) that is none of *without*; None if there is none."""
        now = monotonic()
        fitting = [
            instance
            for instance in self._instances.values()
            if (context is None or context in instance.contexts)
            and instance.url not in without
            and instance.circuit.is_closed(now)
        ]
        if not fitting:
            return None
        chosen = min(fitting, key=lambda instance: (instance.under_way, instance.turn))
        chosen.turn = next(self._turns)
        chosen.circuit.asked(now)
        return chosen

    def served(self) -> dict[str, list[str]]:
        """The instances of each context that may be asked now."""
        now = monotonic()
        found: dict[str, list[str]] = {}
        for instance in self._instances.values():
            if instance.circuit.is_closed(now):
                for context in instance.contexts:
                    found.setdefault(context, []).append(instance.url)
        return found
