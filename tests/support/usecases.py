"""A campus to try use cases on, in memory or in PostgreSQL, and what each command has added to its log."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.command_bus.bus import Bus
from adapters.personal.sealing import PersonKey
from adapters.postgres.log.postgres_log import PostgresLog
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.log import Context
from commands.quiz import PublishQuiz
from domain.catalog import Unit
from domain.errors import DomainError
from domain.fact import Fact
from domain.personal import is_sealed, read_words, words_of
from domain.quiz import Item
from domain.registry import FACTS
from domain.streams import key_of
from tests.support.given import Said
from tests.support.memory_log import MemoryBus, MemoryLog
from workers.reactions import REACTIONS

AT = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
START, END = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 6, 30, tzinfo=UTC)
RUN, SMALL, SHUT = "algebra-1", "algebra-small", "algebra-shut"
UNITS = (
    Unit("intro", "page", "Begin here"),
    Unit("q1", "quiz", "Equations", weight=4_000, due_after_days=14),
    Unit("q2", "exam", "Groups", weight=6_000),
)
ITEMS = (Item("i1", "6 x 7?", ["36", "42"]), Item("i2", "6 + 7?", ["13", "42"]))
COURSE = (CreateCourse("algebra", "Algebra"), PublishCourse("algebra", UNITS))
RUNS = (
    ScheduleRun(RUN, "algebra", 1, START, END),
    OpenRun(RUN),
    ScheduleRun(SMALL, "algebra", 1, START, END, capacity=1, seat_offer_hours=None),
    OpenRun(SMALL),
    ScheduleRun(SHUT, "algebra", 1, START, END),
)
LONG = "algebra-long"
LASTING = (
    ScheduleRun(LONG, "algebra", 1, START, END.replace(year=2126), capacity=2, seat_offer_hours=None),
    OpenRun(LONG),
)
"""A run that goes on by the clock of the machine."""
QUIZZES = (
    PublishQuiz("equations", RUN, "q1", "Equations", items=ITEMS, key=[1, 0], attempts_allowed=2),
    PublishQuiz("groups", RUN, "q2", "Groups", kind="exam"),
)

New = list[tuple[str, Said]]


class Campus:
    """One process of a campus."""

    def __init__(self, log: PostgresLog | MemoryLog) -> None:
        self.log = log
        self.bus = Bus(log) if isinstance(log, PostgresLog) else MemoryBus(log)

    async def give(self, *commands: Any) -> int:
        """What has happened before; the position of the last command."""
        position = 0
        for command in commands:
            position = await self.bus.handle(command, Context("test", AT))
        return position

    async def personal_key(self, stream: str) -> PersonKey:
        """The key that opens what is personal in the facts of a stream."""
        if isinstance(self.log, PostgresLog):
            return await self.log.keys.reading(stream)
        return PersonKey(self.log.keys.get(key_of(stream)), stream)

    async def destroy_key(self, learner_id: str) -> None:
        """Destroy the key of a person."""
        if isinstance(self.log, PostgresLog):
            await self.log.keys.destroy(learner_id)
        else:
            self.log.keys[learner_id] = None

    async def facts(self, command: Any, **context: Any) -> list[Fact]:
        """Carry out a command; exactly the facts that came of it, the last of them at the position it answered."""
        head = await self.log.head()
        position = await self.bus.handle(command, Context(**{"actor": "test", "at": AT, **context}))
        facts = await self.log.read(head, 1_000)
        assert not facts or facts[-1].position == position
        return [await self._with_words(fact) for fact in facts]

    async def _with_words(self, fact: Fact) -> Fact:
        """A fact with the words that are sealed in it."""
        fields = words_of(FACTS[fact.type])
        if not any(is_sealed(fact.data[name]) for name in fields):
            return fact
        key = await self.personal_key(fact.stream_id)
        return msgspec.structs.replace(
            fact, data=fact.data | {name: read_words(fact.data[name], key) for name in fields}
        )

    async def new(self, command: Any, **context: Any) -> New:
        """The same, as a test writes them down: the stream, and the fact."""
        return [(fact.stream_id, Said(fact.type, fact.data)) for fact in await self.facts(command, **context)]

    async def refused(self, command: Any, at: datetime = AT, actor: str = "test") -> str:
        """The code with which a command is refused; nothing has happened then."""
        head = await self.log.head()
        try:
            await self.bus.handle(command, Context(actor, at))
        except DomainError as error:
            assert await self.log.head() == head
            return error.code
        raise AssertionError(f"{command} was not refused")

    async def repeats(self, command: Any) -> bool:
        """Whether a command, given once more here and in another process, changes nothing and is answered the same."""
        first = await self.give(command)
        head = await self.log.head()
        answers = {first, await self.give(command), await Campus(self.log).give(command)}
        return answers == {first} and await self.log.head() == head


async def react(campus: Campus, command: Any) -> None:
    """Carry out a command, all that follows from its facts, and what follows from that."""
    facts = await campus.facts(command)
    while facts:
        fact = facts.pop(0)
        for reaction in REACTIONS.get(fact.type, ()):
            said = reaction.command(fact)
            for each in said if isinstance(said, list) else [said] if said is not None else []:
                facts += await campus.facts(each)
