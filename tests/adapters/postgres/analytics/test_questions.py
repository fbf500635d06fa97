"""The questions of docs/analytics.md are answered for OULAD, whatever else is in the campus."""

import asyncio
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.analytics import refresh
from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.log import Context
from commands.user import GiveConsent, ProvisionAccount, RequestErasure, WithdrawConsent
from domain.consents import CONTACT, PURPOSES, RESEARCH
from projections.registry import PROJECTIONS
from tests.conftest import migrated
from tests.support.analysts import ask
from tests.support.appends import opened
from tests.support.oulad import SMALL, small, write
from tests.support.servers import Servers
from tests.support.workers import caught_up, projecting
from workers.importing.oulad import import_oulad
from workers.seeding import seed

DOCUMENT = (Path(__file__).parents[4] / "docs" / "analytics.md").read_text()
QUESTIONS = re.findall(r"```sql\n(.+?)```", DOCUMENT, re.DOTALL)


async def fill(settings: Settings, file: Path) -> None:
    """Learners of a seed, and beside them a small OULAD."""
    await seed(settings, 20)
    await consent(settings)
    head = (await import_oulad(settings, file)).position
    async with projecting(settings, PROJECTIONS):
        await caught_up(settings, head, PROJECTIONS)
    async with await connect(settings, application="test") as connection:
        assert await refresh(connection, settings) == []


async def consent(settings: Settings) -> None:
    """Ann consents to studies; Bob, Cleo and Dan do not, no more, and were to be forgotten."""
    async with opened(settings) as log:
        bus, version = Bus(log), PURPOSES[RESEARCH].version
        people = ("ann", "bob", "cleo", "dan")
        for name in people:
            await bus.handle(ProvisionAccount(name, "https://school.example"), at(log, name))
        for name in ("ann", "cleo", "dan"):
            await bus.handle(GiveConsent(name, RESEARCH, version), at(log, name))
        await bus.handle(GiveConsent("bob", CONTACT, PURPOSES[CONTACT].version), at(log, "bob"))
        await bus.handle(GiveConsent("ann", CONTACT, PURPOSES[CONTACT].version), at(log, "ann"))
        await bus.handle(WithdrawConsent("cleo", RESEARCH), at(log, "cleo"))
        await bus.handle(WithdrawConsent("ann", CONTACT), at(log, "ann"))
        await bus.handle(RequestErasure("dan"), at(log, "dan"))


def at(log: PostgresLog, name: str) -> Context:
    """A command of a person, now."""
    return Context(name, at=log.clock.now())


def with_no_deadline() -> dict[str, Any]:
    """The small OULAD, with an assessment that all hand in after the date in the data."""
    return small(
        assessments=[*SMALL["assessments.csv"], ("AAA", "2013J", 5, "CMA", 1, 10)],
        studentAssessment=[*SMALL["studentAssessment.csv"], (5, 11, 9, 0, 85)],
    )


@pytest.fixture(scope="module")
def filled(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A campus that the tests only read."""
    settings = migrated(servers)
    asyncio.run(fill(settings, write(tmp_path_factory.mktemp("oulad") / "small.zip", with_no_deadline())))
    return settings


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        pytest.param(0, [(1, 2)], id="leave"),
        pytest.param(1, [(0, 3, Decimal("33.3")), (1, 2, Decimal("50.0"))], id="early"),
        pytest.param(
            2, [("AAA-2013J", "TMA 1", 2, Decimal("50.0")), ("BBB-2013B", "TMA 1", 1, Decimal("0.0"))], id="late"
        ),
        pytest.param(3, [("ann",)], id="consents"),
    ],
)
def test_the_questions_in_the_document(filled: Settings, number: int, answer: list[tuple[Any, ...]]) -> None:
    """Each runs as it stands; the first three count the learners of OULAD only."""
    assert len(QUESTIONS) == 4
    assert ask(filled, QUESTIONS[number]) == answer
