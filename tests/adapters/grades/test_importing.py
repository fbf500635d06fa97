"""Whose the grades of a file are: all of its people are looked up together."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.grades.importing import GradeImports
from adapters.personal.addresses import Addresses
from adapters.settings import Settings
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.log import Context
from commands.quiz import PublishQuiz
from domain.catalog import Unit
from tests.support.appends import WHEN, opened

PEOPLE = 40


async def test_people_are_looked_up_together(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """By id and by address, in whatever spelling; many of them take no more statements than one does."""
    async with opened(settings) as log:
        bus, context, addresses = Bus(log), Context("test", WHEN), Addresses(log.link, log.keys)
        for command in (
            CreateCourse("algebra", "Algebra"),
            PublishCourse("algebra", [Unit("exam", "exam", "Exam")]),
            ScheduleRun("r", "algebra", 1, WHEN, WHEN + timedelta(days=90)),
            OpenRun("r"),
            PublishQuiz("exam", "r", "exam", "Exam", kind="exam"),
            *(RequestEnrollment(f"l{number}", "r") for number in range(PEOPLE)),
        ):
            await bus.handle(command, context)
        for number in range(PEOPLE):
            await addresses.claim(f"l{number}@example.org", f"l{number}")
        ran: list[int] = []
        run = log.link.run

        async def counted(work: Callable[[Any], Awaitable[Any]]) -> Any:
            ran.append(1)
            return await run(work)

        monkeypatch.setattr(log.link, "run", counted)
        imports = GradeImports(log, bus)
        lines = [f"l{number}," if number % 2 else f",L{number}@example.org" for number in range(PEOPLE)]
        lines += ["x1,", ",x2@example.org", "l1,"]
        content = "learner_id,email,exam\n" + "".join(f"{line},5000\n" for line in lines)
        meant, _ = await imports._meant(content.encode(), "r", 1_000)
        expected = [*(f"l{number}" for number in range(PEOPLE)), "", "", ""]
        assert [getattr(each, "learner_id", "") for each in meant] == expected
        assert len(ran) < PEOPLE // 4
