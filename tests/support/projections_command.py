"""`campus projections …` as people call it, and a small campus to call it on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.postgres.connection import connect
from adapters.settings import PREFIX, Settings
from projections.registry import PROJECTIONS
from tests.support.campus_up import campus
from tests.support.workers import Writer, caught_up, projecting, writer

FIELDS = ("name", "postgres_url", "nats_url", "valkey_url", "token_secret")


def variables(settings: Settings) -> dict[str, str]:
    """The environment in which the command finds the campus of a test."""
    return {PREFIX + field.upper(): str(getattr(settings, field)) for field in FIELDS}


async def projections(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    """Exit code, answer and remarks of `campus projections …`."""
    done = await asyncio.to_thread(campus, "projections", *arguments, env=variables(settings))
    return done.returncode, done.stdout, done.stderr


async def answer(settings: Settings, *arguments: str) -> tuple[int, Any]:
    """Exit code and JSON of `campus projections … --json`."""
    code, out, err = await projections(settings, *arguments, "--json")
    assert out, err
    return code, json.loads(out)


async def done(settings: Settings, *arguments: str) -> None:
    """Have `campus projections …` do something."""
    code, _, err = await projections(settings, *arguments)
    assert code == 0, err


async def refusal(settings: Settings, *arguments: str) -> str:
    """What `campus projections …` says when it cannot be done."""
    code, out, err = await projections(settings, *arguments)
    assert (code, out) == (1, ""), err
    return err


@asynccontextmanager
async def small_campus(settings: Settings, facts: int = 200) -> AsyncIterator[Writer]:
    """So many facts, all read models, and a projector that follows."""
    async with writer(settings) as log, projecting(settings, PROJECTIONS):
        await log.record_many(facts)
        await caught_up(settings, facts, PROJECTIONS)
        yield log


async def execute(settings: Settings, statement: str) -> None:
    """Change something without any record of it."""
    schemas = f"{settings.schema_name},{settings.read_schema}"
    async with await connect(settings, application="test", search_path=schemas) as connection:
        await connection.execute(statement.encode())
