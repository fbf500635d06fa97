"""A dossier from a running campus, as a zip file."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from adapters.dossier.assemble import assemble, signing_keys, zipped
from adapters.dossier.gather import STEPS as STEPS_OF_GATHER
from adapters.dossier.gather import Gathered, Sources, gather
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries.reader import Reader
from adapters.settings import Settings
from domain.proofs.note import Signer
from projections.engine.projection import Projection

ASSEMBLING = threading.Lock()  # it parses sources, which CPython 3.11 cannot do in two threads at once (gh-106905)
STEPS = STEPS_OF_GATHER + 1  # that `make_dossier` tells of


async def make_dossier(
    settings: Settings,
    projections: Sequence[Projection],
    learner_id: str,
    known_at: int | datetime | None,
    advance: Callable[[int], Any] = lambda _: None,
) -> bytes:
    """
    The zip file about a learner as of a position or a time, signed with the campus's keys.

    Raises:
        MomentAhead, NoCheckpoint, NotSignedYet: the moment is yet to come, or no checkpoint covers it.
        NothingRecorded, TooManyFacts: there is nothing, or too much.
        KeysElsewhere: the campus's keys are not here.
        Unavailable: PostgreSQL is away.
    """
    log, reader = await PostgresLog.open(settings), Reader(settings)
    try:
        await reader.open()
        gathered = await gather(Sources(log, reader, projections), learner_id, known_at, advance)
        signers = signing_keys(settings, gathered)
        made = await asyncio.to_thread(_assembled, gathered, signers)
        advance(1)
        return made
    finally:
        await reader.close()
        await log.close()


def _assembled(gathered: Gathered, signers: Sequence[Signer]) -> bytes:
    with ASSEMBLING:
        return zipped(assemble(gathered, signers))
