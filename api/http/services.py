"""
Everything that the routes use, opened when the process starts and closed when it ends.

Nothing here waits for a server: the API starts while all of them are away, and finds each one when it comes.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from adapters import open_files
from adapters.announcements import KnownAnnouncements
from adapters.at_risk import RunsAtRisk
from adapters.attempt_files import AttemptFiles
from adapters.auth.grants import Grants
from adapters.auth.people import People
from adapters.command_bus.bus import Bus
from adapters.contents import Contents, PostgresContents
from adapters.documents import Documents, served_documents
from adapters.lti.platform import Platform
from adapters.nats.connection import Nats
from adapters.nats.hint import Hints
from adapters.postgres.analytics.table import Questioners
from adapters.postgres.as_of.folder import KeyFolder
from adapters.postgres.as_of.sums import Sums
from adapters.postgres.as_of.turns import Turns
from adapters.postgres.as_of.waiting import FoldWaiter
from adapters.postgres.as_of.whole import WholeTables
from adapters.postgres.connection import Link
from adapters.postgres.log.postgres_log import PATIENCE, PostgresLog
from adapters.postgres.ops.refused_commands import RefusalKeeper
from adapters.postgres.queries.overview import Overviews
from adapters.postgres.queries.reader import Reader
from adapters.postgres.store.deciding_rules import note_deciding_when_possible
from adapters.questions.banks import KnownBanks
from adapters.refund_claims import OpenClaims
from adapters.run_names import NameSearches
from adapters.settings import Settings
from adapters.study import KnownStudy
from adapters.tasks import cancel_and_wait
from adapters.valkey.client import Valkey
from adapters.valkey.client import connect as connect_valkey
from api.http import metrics
from api.http.changes import Changes
from api.http.jwt_verifier import JwtVerifier
from api.http.moves import Moves
from api.http.places import StreamPlaces
from api.http.policy.whereabouts import Whereabouts
from api.http.reads import ReadsOfOthers
from api.http.truth import Truth
from api.http.unread_counts import UnreadCounts
from projections.engine.projection import Projection


@dataclass(frozen=True)
class Services:
    """
    What one process of the API holds.

    Attributes:
        projections: every read model that is served.
        folders: fold single keys of each read model, as of any moment; by the name of the read model.
        whole_tables: tables of read models as of any moment; *fold_waiter* says how far their folds are.
        documents: of each read model in Valkey, by the name of the read model.
    """

    settings: Settings
    tokens: JwtVerifier
    log: PostgresLog
    bus: Bus
    people: People
    grants: Grants
    whereabouts: Whereabouts
    reader: Reader
    valkey: Valkey
    nats: Nats
    projections: Sequence[Projection]
    folders: Mapping[str, KeyFolder]
    whole_tables: WholeTables
    fold_waiter: FoldWaiter
    documents: Mapping[str, Documents]
    changes: Changes
    places: StreamPlaces
    truth: Truth
    moves: Moves
    overviews: Overviews
    at_risk: RunsAtRisk
    name_searches: NameSearches
    unread_counts: UnreadCounts
    sums: Sums
    announcements: KnownAnnouncements
    refund_claims: OpenClaims
    study: KnownStudy
    contents: Contents
    attempt_files: AttemptFiles
    question_banks: KnownBanks
    reads: ReadsOfOthers
    platform: Platform
    questioners: Questioners


@asynccontextmanager
async def services(settings: Settings, projections: Sequence[Projection]) -> AsyncIterator[Services]:
    """Open them, and close them in the opposite order."""
    log = await PostgresLog.open(settings)
    reader, nats, valkey = Reader(settings), Nats(settings, "api"), connect_valkey(settings)
    folding, content_link = (Link(settings, name, patience=PATIENCE) for name in ("as-of", "contents"))
    turns, waiter = Turns(), FoldWaiter(folding)
    folders = {projection.name: KeyFolder(folding, projection, turns) for projection in projections}
    documents = served_documents(valkey, settings, log, folders.values())
    changes, hints, bus = Changes(truth := Truth(reader, documents)), Hints(settings, nats), Bus(log)
    people, reads, refusals = People(log, bus, settings), ReadsOfOthers(log, bus), RefusalKeeper(log.link)
    grants, platform = Grants(log, people.changes), Platform(log, people, settings)
    bus.on_refused, log.appender.on_commit, log.appender.on_batch = refusals.note, hints.send, metrics.appended
    changes.start(settings, nats)
    await reader.open()
    refusals.start()
    reads.start()
    noting = asyncio.create_task(note_deciding_when_possible(log.link, "api"))
    try:
        yield Services(
            settings,
            JwtVerifier(settings.token_secret),
            log,
            bus,
            people,
            grants,
            Whereabouts(log),
            reader,
            valkey,
            nats,
            projections,
            folders,
            WholeTables(folding, projections, turns, waiter),
            waiter,
            documents,
            changes,
            StreamPlaces(open_files.streams(settings), settings.api_streams_per_user),
            truth,
            Moves(),
            Overviews(reader),
            RunsAtRisk(reader, log),
            NameSearches(reader, log.keys),
            UnreadCounts(reader, changes),
            Sums(folding, waiter),
            KnownAnnouncements(log),
            OpenClaims(log),
            KnownStudy(log),
            PostgresContents(content_link),
            AttemptFiles(content_link, log.keys),
            KnownBanks(log),
            reads,
            platform,
            Questioners(),
        )
    finally:
        await cancel_and_wait([noting])
        for each in (reads, people, grants, refusals, changes, truth):
            await each.stop()
        await valkey.aclose()
        for held in (platform, nats, reader, folding, content_link, log):
            await held.close()


def get_services(request: Request) -> Services:
    """The services of the process that answers *request*."""
    found: Services = request.app.state.services
    return found


async def _services(request: Request) -> Services:
    return get_services(request)  # as a coroutine, since FastAPI would call a function in a thread


ServicesDep = Annotated[Services, Depends(_services)]
