"""Which read models stand still, by what this process has seen at its looks."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

STANDING = 30.0  # seconds for which a read model may stay at its checkpoint although there are facts after it


class Stand(NamedTuple):
    """Where a read model stood, and at which moment it was first seen there."""

    generation: int
    position: int
    since: float


class Moves:
    """Remembers where each read model was first seen with facts after its checkpoint."""

    def __init__(self) -> None:
        self._seen: dict[str, Stand] = {}

    def standing(self, late: Iterable[tuple[str, int, int]], now: float) -> Mapping[str, float]:
        """
        The read models that stand still, and for how many seconds.

        Args:
            late: name, generation and checkpoint of each read model that has facts to fold.
            now: by a clock that is never set back.
        """
        before, self._seen = self._seen, {}
        for name, generation, position in late:
            seen = before.get(name)
            is_there = seen is not None and seen[:2] == (generation, position)
            self._seen[name] = seen if seen and is_there else Stand(generation, position, now)
        return {name: now - seen.since for name, seen in self._seen.items() if now - seen.since > STANDING}
