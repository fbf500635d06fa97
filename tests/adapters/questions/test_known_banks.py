"""Banks that a process knows: what came since is read, and nothing else; the answer is that of all facts."""

from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.connection import Connection
from adapters.postgres.log.question_banks import facts_of_bank
from adapters.questions import banks
from adapters.questions.banks import KnownBanks, bank_of
from adapters.settings import Settings
from commands.catalog import CreateCourse
from commands.log import Context
from commands.question_bank import (
    AddQuestion,
    ChangeQuestion,
    CreateQuestionBank,
    MoveQuestionBank,
    RenameQuestionBank,
    RestoreQuestion,
    RetireQuestion,
    ShareQuestionBank,
)
from domain.fact import Fact
from domain.question_bank import BankNotFound
from domain.questions.key import TrueFalseKey
from domain.questions.question import TrueFalse
from domain.questions.sections import Label
from tests.support.appends import opened


def content(number: int, text: str = "?") -> tuple[Any, ...]:
    question = TrueFalse(question_id=f"q{number}", text=text, points="1")
    return "algebra", Label(title=text), question, TrueFalseKey(right=True)


async def test_a_bank_is_carried_on(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """By each change, also of another process; without one no fact is read; others take the place of those before."""
    read: list[int] = []

    async def counted(connection: Connection, bank_id: str, after: int = 0) -> tuple[int, list[Fact]]:
        head, facts = await facts_of_bank(connection, bank_id, after)
        read.append(len(facts))
        return head, facts

    async with opened(settings) as log, opened(settings) as other:
        bus, known = Bus(other), KnownBanks(log)

        async def do(*commands: Any) -> None:
            for command in commands:
                await bus.handle(command, Context("test"))

        with pytest.raises(BankNotFound):
            await known.bank_of("algebra")
        await do(CreateQuestionBank("algebra", "Algebra"), *(AddQuestion(*content(each)) for each in range(5)))
        first = await known.bank_of("algebra")
        assert first == await bank_of(log, "algebra")
        monkeypatch.setattr(banks, "facts_of_bank", counted)
        await do(RenameQuestionBank("algebra", "More"), ChangeQuestion(*content(1, "Other")))
        await do(RetireQuestion("algebra", "q2", "twice"), AddQuestion(*content(9)))
        await do(CreateCourse("geometry", "Geometry"), ShareQuestionBank("algebra", "geometry"))
        seen = await known.bank_of("algebra")
        assert (seen.title, seen.course_id, seen.courses) == ("More", "", {"geometry"})
        changed = read.pop()
        await do(RestoreQuestion("algebra", "q2", "no"), MoveQuestionBank("algebra", "geometry"))
        await do(CreateQuestionBank("other", "Other"))
        assert await known.bank_of("algebra") == await known.bank_of("algebra") == await bank_of(log, "algebra")
        assert (changed, read[:2]) == (6, [2, 0])
        monkeypatch.setattr(banks, "KEPT", 1)
        await known.bank_of("other")
        read.clear()
        assert await known.bank_of("algebra") == await bank_of(log, "algebra")
        assert read[0] == read[1]
