"""Commands in any order, after which rows are asked as a recount of the facts says, at each position of the log."""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from adapters.postgres.as_of.folder import KeyRows
from adapters.postgres.as_of.reader import AsOfReader
from adapters.postgres.queries.reader import Reader
from adapters.settings import Settings
from commands.log import Context
from domain.errors import DomainError
from domain.fact import Fact
from projections.engine.moment import Moment
from projections.engine.projection import Projection, Table
from tests.support.facts import History, fold
from tests.support.memory_log import MemoryLog
from tests.support.usecases import AT, Campus


class Recounted(RuleBasedStateMachine):
    """
    A machine whose rules do commands, and whose queries are compared at every new position.

    Attributes:
        folded: the read models, with the tables that queries see of each.
        harmless: codes of refusals that are no failure.
        begin_with: commands before the first rule, whose positions are not compared.
    """

    runner: asyncio.Runner
    reader: Reader
    folded: ClassVar[Sequence[tuple[type[Projection], Sequence[Table]]]]
    harmless: ClassVar[Collection[str]]
    begin_with: ClassVar[Sequence[object]]

    def __init__(self) -> None:
        super().__init__()
        self.log = MemoryLog()
        self.campus = Campus(self.log)
        self.clock = AT
        self.run(self.campus.give(*self.begin_with))
        self.prepare()
        self.checked = self.run(self.log.head())

    def prepare(self) -> None:
        """What is done before positions are compared."""

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it in the loop of the reader."""
        return self.runner.run(work)

    def do(self, command: object) -> None:
        """Carry out a command a second after the one before, or see it refused by a rule."""
        self.clock += timedelta(seconds=1)
        try:
            self.run(self.campus.bus.handle(command, Context("test", self.clock)))
        except DomainError as error:
            assert error.code in self.harmless  # noqa: PT017 - a rule of the domain, and no other failure

    @invariant()
    def rows_are_as_a_recount_says(self) -> None:
        """At each position that is new."""
        head = self.run(self.log.head())
        if head == self.checked:
            return
        facts = self.run(self.log.read(0, head))
        for position in range(self.checked + 1, head + 1):
            self.run(self.compare(self._as_of(facts[:position]), facts[:position]))
        self.checked = head

    def _as_of(self, facts: Sequence[Fact]) -> AsOfReader:
        history, rows = History(), list[tuple[Table, KeyRows]]()
        history.facts = list(facts)
        for projection, tables in self.folded:
            kept = fold(projection, history)
            rows += [(table, KeyRows(kept, [])) for table in tables]
        return AsOfReader(self.reader, Moment(len(facts), AT), rows, tuple(table for table, _ in rows))

    async def compare(self, reader: AsOfReader, facts: Sequence[Fact]) -> None:
        """Compare what queries answer with a recount of the facts."""
        raise NotImplementedError


def run_recounted(machine: type[Recounted], settings: Settings, examples: int) -> None:
    """Run a machine, which asks the PostgreSQL of *settings*."""
    with asyncio.Runner() as runner:
        reader = Reader(settings)
        runner.run(reader.open())
        machine.runner, machine.reader = runner, reader
        try:
            run_state_machine_as_test(
                machine,
                settings=hypothesis(
                    max_examples=examples,
                    stateful_step_count=20,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(reader.close())
