"""
Carries out the steps of the sample campus, some days at once, and after these what follows from their facts.

What follows is done by the reactor's own functions under the reactor's own keys: the facts have their causes, the
histories do not wait for a reactor, and one that runs finds everything done.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.tasks import cancel_and_wait
from commands.log import Context
from domain.errors import DomainError
from domain.fact import Fact
from domain.progress import BY_HAND, OPENED, WATCHED
from workers.reactions import REACTIONS, Reaction
from workers.reactions.reaction import context_of, is_history, named
from workers.seeding.sample.timetable import Step

SOURCE = "seed"
PAST = "import:sample"
"""The source of facts from which nothing is to follow: jobs of long ago, calls of a provider that knows nothing."""
AT_ONCE = 64  # chains
UNSCORED = (OPENED, BY_HAND, WATCHED)
"""Rules by which units without a score are completed."""


class Player:
    """
    Gives the steps of a campus.

    Attributes:
        refused: what a rule did not allow, as sentences.
    """

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._bus = Bus(log)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._position = 0
        self.refused: list[str] = []

    async def begin(self) -> None:
        """What is in the log already has been reacted to."""
        self._position = await self._log.head()

    async def give(self, steps: Sequence[tuple[int, Step]]) -> int:
        """Carry out the steps of some days, each with its number in the plan; returns how many there were."""
        chains: dict[str, list[tuple[int, Step]]] = defaultdict(list)
        for number, step in steps:
            chains[step.chain].append((number, step))
        await self._follow(chains.pop("", []))
        await _all([self._follow(chain) for chain in chains.values()])
        await self._react()
        return len(steps)

    async def _follow(self, chain: Iterable[tuple[int, Step]]) -> None:
        async with self._places:
            for number, step in chain:
                await self._give(number, step)

    async def _give(self, number: int, step: Step) -> None:
        key = f"sample:{number}"
        context = Context(
            step.actor,
            at=step.at,
            source=PAST if step.is_past else SOURCE,
            correlation_id=key,
            idempotency_key=key,
            fingerprint=hashlib.sha256(repr((step.at, step.actor, step.command)).encode()).hexdigest(),
        )
        try:
            await self._bus.handle(step.command, context)
        except DomainError as error:  # a rule that another learner's luck has brought into play: the others go on
            self.refused.append(f"{type(step.command).__name__}: {error.sentence}")

    async def _react(self) -> None:
        """What follows from the facts since the last time, and from what follows, and so on."""
        while (head := await self._log.head()) > self._position:
            facts = await self._log.read(self._position, head - self._position, REACTIONS)
            self._position = head
            by_key: dict[str, list[Fact]] = defaultdict(list)
            for fact in facts:
                if not is_history(fact):
                    by_key[fact.key].append(fact)
            await _all([self._in_order(of_key) for of_key in by_key.values()])

    async def _in_order(self, facts: Sequence[Fact]) -> None:
        async with self._places:
            for fact in facts:
                for reaction in () if _is_unscored(fact) else REACTIONS[fact.type]:
                    await self._carry_out(fact, reaction)

    async def _carry_out(self, fact: Fact, reaction: Reaction) -> None:
        outcome = reaction.command(fact)
        several: list[Any] | None = outcome if isinstance(outcome, list) else None
        for command in [outcome] if several is None else several:
            if command is None:
                continue
            context = context_of(fact, reaction, outcome="" if several is None else named(reaction.name, command))
            try:
                await self._bus.handle(command, context)
            except DomainError as error:  # the reactor lists it, and tries it again
                self.refused.append(f"{reaction.name}: {error.sentence}")


def _is_unscored(fact: Fact) -> bool:
    """Whether a unit was completed by which no outcome is decided, which would be looked up hundreds of times."""
    return fact.type == "progress.unit_completed" and fact.data["rule"] in UNSCORED


async def _all(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        await cancel_and_wait(tasks)  # if one has failed, the others stop before it is reported
