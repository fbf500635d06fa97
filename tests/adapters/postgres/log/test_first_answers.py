"""First answers to requests of the API are kept for some days; the keys of commands that may come again, for ever."""

from datetime import timedelta

import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.connection import connect
from adapters.postgres.log import first_answers
from adapters.postgres.log.first_answers import KEPT, forget_old
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from api.http.openapi import IDEMPOTENCY_KEY
from commands.catalog import CreateCourse
from commands.log import Context


async def test_answers_are_forgotten_after_a_week(settings: Settings) -> None:
    """Those of the API, and as many as there are; the description of the API says after how long."""
    log = await PostgresLog.open(settings)
    for number, key in enumerate(("api:ann:1", "api:bob:1", "reaction:7", "seed:1", "apis")):
        await Bus(log).handle(CreateCourse(f"c{number}", "Course"), Context("admin", idempotency_key=key))
    async with await connect(settings, application="test") as connection:
        assert await forget_old(connection) == 0
        assert await forget_old(connection, timedelta()) == 2
    assert await log.first_answer("api:ann:1") is None
    for key in ("reaction:7", "seed:1", "apis"):
        assert await log.first_answer(key) is not None, key
    await log.close()
    assert f"for {KEPT.days} days" in str(IDEMPOTENCY_KEY["description"])


async def test_many_old_answers_are_forgotten_in_passes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dispatcher does its other work between two of them, and goes on until all are forgotten."""
    monkeypatch.setattr(first_answers, "AT_ONCE", 2)
    log = await PostgresLog.open(settings)
    for number in range(5):
        context = Context("admin", idempotency_key=f"api:ann:{number}")
        await Bus(log).handle(CreateCourse(f"c{number}", "Course"), context)
    await log.close()
    async with await connect(settings, application="test") as connection:
        assert [await forget_old(connection, timedelta()) for _ in range(4)] == [2, 2, 1, 0]
