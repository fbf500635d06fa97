"""
Makes the dossiers that were asked for over HTTP, one after the other.

Reads     the table dossiers, twice a second; the log, for each.
Writes    progress and file, or why there is none, into the same row.
Runs      with the notary, which has the keys that sign; in a thread, since a dossier is seconds of work in Python. Of
          several notaries each request is one's; another begins again if it dies.
"""

import asyncio

import structlog

from adapters.dossier import requests
from adapters.dossier.errors import TooLarge
from adapters.dossier.make import STEPS, make_dossier
from adapters.dossier.requests import DossierRequest
from adapters.postgres.connection import Link, PostgresError, Unavailable
from adapters.postgres.ops.heartbeat import sentence_of
from adapters.settings import Settings
from domain.errors import DomainError
from projections.registry import PROJECTIONS

POLL_INTERVAL = 0.5  # seconds
SIGN_INTERVAL = 1.0  # seconds between two signs of life
PATIENCE = 10.0  # seconds to wait for a server that has gone

logger = structlog.get_logger()


async def keep_making(settings: Settings) -> None:
    """Make what is asked for until cancelled; a lost server is waited for."""
    link = Link(settings, "dossiers", patience=PATIENCE)
    try:
        while True:
            made = False
            try:
                request = await link.run(requests.take)
                if request is not None:
                    await _make(settings, link, request)
                    made = True
            except (PostgresError, Unavailable) as error:
                logger.warning("dossiers.waiting", error=str(error).strip())
            if not made:
                await asyncio.sleep(POLL_INTERVAL)
    finally:
        await link.close()


async def _make(settings: Settings, link: Link, request: DossierRequest) -> None:
    """Make one, or note why that cannot be done."""
    if request.tries > requests.MOST_TRIES:
        sentence = f"it was begun {requests.MOST_TRIES} times, and never came to its end"
        await link.run(lambda connection: requests.give_up(connection, request.id, "internal_error", sentence))
        return
    done: list[int] = []
    working = asyncio.create_task(asyncio.to_thread(_make_in_thread, settings, request, done))
    try:
        while not (await asyncio.wait([working], timeout=SIGN_INTERVAL))[0]:
            await link.run(lambda connection: requests.tell(connection, request.id, sum(done)))
        file = working.result()
        await link.run(lambda connection: requests.keep(connection, request.id, STEPS, file))
        logger.info("dossier.made", dossier=request.id, position=request.position, bytes=len(file))
    except (PostgresError, Unavailable):
        raise
    except DomainError as error:
        code, sentence = error.code, error.sentence
        await link.run(lambda connection: requests.give_up(connection, request.id, code, sentence))
    except Exception as error:
        said = sentence_of(error)
        logger.exception("dossier.failed", dossier=request.id)
        await link.run(lambda connection: requests.give_up(connection, request.id, "internal_error", said))


def _make_in_thread(settings: Settings, request: DossierRequest, done: list[int]) -> bytes:
    """A loop of its own, so that the notary's goes on; raises as `make_dossier`, and TooLarge."""
    file = asyncio.run(make_dossier(settings, PROJECTIONS, request.learner_id, request.position, done.append))
    if len(file) > requests.LARGEST_FILE:
        raise TooLarge(learner_id=request.learner_id, bytes=len(file), most=requests.LARGEST_FILE)
    return file
