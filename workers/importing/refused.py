"""
A file that an import refuses is no fact, but it is known for 90 days who has tried to import which one, and why not.

It stands among the refused commands, beside the log (decisions/0220): the sentence may have a cell of the file in it,
and what is in the log stays for ever.
"""

import asyncio
import hashlib
from pathlib import Path

import structlog

from adapters.postgres.connection import PostgresError, Unavailable, connect
from adapters.postgres.ops.refused_commands import IMPORT, keep_one
from adapters.settings import Settings
from commands.log import Context

DEADLINE = 5.0  # seconds to note it, while the user waits

logger = structlog.get_logger()


def sha256_of(file: Path) -> str:
    """The SHA-256 of what is in a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


async def note_refused(settings: Settings, file: Path, error: Exception, context: Context) -> None:
    """Note that a file was refused, if there is such a file and PostgreSQL can be reached."""
    try:
        sentence = f"{file.name} (SHA-256 {sha256_of(file)}) was not imported: {error}"
    except OSError:  # there is no such file
        return
    try:
        async with asyncio.timeout(DEADLINE), await connect(settings, application="import") as connection:
            await keep_one(connection, IMPORT, context, type(error).__name__, sentence)
    except (PostgresError, OSError, Unavailable) as failure:  # why the import ends is known already
        logger.warning("import.refusal_not_noted", file=file.name, error=str(failure).strip())
