"""The reference facts of one read model (courses, runs), and which of them some rows depend on."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from adapters.postgres.connection import Connection, life_of
from adapters.postgres.log.history import reference_facts
from domain.fact import Fact
from domain.registry import REFERENCE_FACTS
from projections.engine.diff.lineage import needs_of
from projections.engine.projection import Projection, RowKey


class ReferenceFacts:
    """The reference facts that *projection* reads, kept for one life of the log and brought up to date by position."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self._types = sorted(projection.handlers.keys() & REFERENCE_FACTS)
        self._reading = asyncio.Lock()
        self._forget("")

    def _forget(self, life: str) -> None:
        self._life = life
        self._position = 0
        self._facts: list[tuple[Fact, set[RowKey]]] = []
        self._needing: defaultdict[RowKey, list[int]] = defaultdict(list)

    async def read(self, connection: Connection, until: int) -> None:
        """Read the facts that are new, up to the position *until* at least; several tasks may call this."""
        async with self._reading:
            if (life := await life_of(connection)) != self._life:
                self._forget(life)
            if until <= self._position or not self._types:
                return
            for fact in await reference_facts(connection, self._types, self._position, until):
                needs = needs_of(self.projection, fact)
                for key in needs:
                    self._needing[key].append(len(self._facts))
                self._facts.append((fact, needs))
            self._position = until

    def relevant_to(self, rows: Iterable[RowKey]) -> list[Fact]:
        """The facts on which some rows depend, directly or through rows that these need, in log order."""
        found: set[int] = set()
        reached, waiting = set(rows), list(rows)
        while waiting:
            for number in self._needing.get(waiting.pop(), ()):
                if number not in found:
                    found.add(number)
                    more = self._facts[number][1] - reached
                    reached |= more
                    waiting += more
        return [self._facts[number][0] for number in sorted(found)]

    def all_rows(self) -> set[RowKey]:
        """Every row that a fact needs."""
        return set(self._needing)

    def rows_of_run(self, run_id: str) -> set[RowKey]:
        """The rows that facts of a run need: its own, and those that name it, such as its quizzes'."""
        found: set[RowKey] = set()
        for fact, needs in self._facts:
            if fact.stream_id == f"run-{run_id}" or fact.data.get("run_id") == run_id:
                found |= needs
        return found
