"""
The source of the rules that decide: of commands and reactions, kept as those of read models are (rule_sources.py).

A command is decided by the API, one that follows from a fact by the reactor. What they decide are facts, which no code
folds into others later; but by which rule it was decided must be found years later, too. Both run all of these modules
as they are deployed together, so they stand under one name, which no read model can have.
"""

import asyncio
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import structlog

from adapters.postgres.connection import Connection, Link, PostgresError, Unavailable
from adapters.postgres.store.rule_sources import keep_texts, note_served

DECIDING = "commands-and-reactions"
PACKAGES = ("domain", "commands", "workers.reactions", "adapters.command_bus")
NO_GENERATION = 0  # nor a version: there are no rows
RETRY_INTERVAL = 5.0  # seconds, while PostgreSQL is away

logger = structlog.get_logger()


@cache
def deciding_texts() -> Mapping[str, str]:
    """The modules by which commands and reactions are decided, and their texts, as they are when it is first asked."""
    return dict(sorted(each for package in PACKAGES for each in _texts(package).items()))


def _texts(package: str) -> dict[str, str]:
    spec = find_spec(package)
    where = Path(next(iter(spec.submodule_search_locations or ()), "")) if spec is not None else Path()
    found = {}
    for file in where.rglob("*.py"):
        parts = [package, *file.relative_to(where).with_suffix("").parts]
        found[".".join(part for part in parts if part != "__init__")] = file.read_text("utf-8")
    return found


async def note_deciding(connection: Connection, by: str) -> None:
    """Keep the source of the rules that decide in this process, and note since when; *by* names the kind of process."""
    rule = await keep_texts(connection, await asyncio.to_thread(deciding_texts))
    await note_served(connection, DECIDING, NO_GENERATION, NO_GENERATION, rule[:32], rule, by)


async def note_deciding_when_possible(link: Link, by: str) -> None:
    """The same as soon as PostgreSQL is there."""
    while True:
        try:
            await link.run(lambda connection: note_deciding(connection, by))
        except (Unavailable, PostgresError) as error:
            logger.warning("rules.not_noted", error=str(error).strip())
            await asyncio.sleep(RETRY_INTERVAL)
        else:
            return
