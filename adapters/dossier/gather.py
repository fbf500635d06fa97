"""
What belongs into a learner's dossier as of a position.

own      every fact of every stream that is keyed by the learner
named    facts of other streams that name the learner in a field or a tag: a place in a queue, a coupon, a receipt
rules    every fact of the reference streams on which the learner's documents depend: courses, runs, quizzes; of the
         imports that have brought facts of the learner, and of promotions of the read models

With each fact its place in the tree, and with all of them the documents, folded by the handlers that fold them live.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from adapters.dossier.errors import NothingRecorded, TooManyFacts
from adapters.postgres.as_of.folder import KeyFolder, KeyRows
from adapters.postgres.as_of.moments import moment_at
from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import LogRow, meta_of
from adapters.postgres.log.learner_history import NAMING
from adapters.postgres.log.postgres_log import COLUMNS, HISTORY, PostgresLog
from adapters.postgres.queries.reader import Reader
from adapters.postgres.trace.imported import import_streams
from adapters.proofs.prove import SignedTree, prove_inclusion, signed_tree
from domain.admin import read_model_stream
from domain.proofs.errors import NotSignedYet
from domain.proofs.merkle import Range, inclusion
from domain.streams import is_reference
from domain.tags import tag
from projections.engine.moment import Moment
from projections.engine.projection import Projection

MOST_FACTS = 50_000
PROVEN_AT_ONCE = 200  # facts; the loop does nothing else meanwhile
WAIT = 5.0  # seconds for the notary, which signs what was just recorded
POLL_INTERVAL = 0.1  # seconds
STEPS = 4  # that `gather` tells of

IN_EVENTS = f"SELECT {COLUMNS} FROM events WHERE position <= %(until)s"
NAMED = f"{IN_EVENTS} AND {NAMING}"
TAGGED = f"{IN_EVENTS} AND position IN (SELECT position FROM event_tags WHERE tag = %(tag)s)"
OF_STREAMS = f"{IN_EVENTS} AND stream_id = ANY(%(streams)s)"
OF_IMPORTS = f"{IN_EVENTS} AND stream_id = ANY(%(imports)s)"


class Gathered(NamedTuple):
    """
    What a dossier is made of.

    Attributes:
        position, recorded_at: of the last fact that the log held.
        rows: the stored rows of the facts, in the order of the log.
        own, rules: how many facts each stream has; *named*: the numbers of facts of other streams.
        nodes: the hashes of ranges of leaves that prove the facts, each once.
        documents: the learner's rows of each read model that has any of learners.
    """

    learner_id: str
    position: int
    recorded_at: datetime
    rows: Sequence[LogRow]
    own: dict[str, int]
    named: dict[str, list[int]]
    rules: dict[str, int]
    tree: SignedTree
    nodes: dict[Range, bytes]
    documents: dict[str, tuple[Projection, KeyRows]]


class Sources(NamedTuple):
    """Where a dossier is gathered from."""

    log: PostgresLog
    reader: Reader
    projections: Sequence[Projection]


async def gather(
    sources: Sources, learner_id: str, known_at: int | datetime | None, advance: Callable[[int], Any] = lambda _: None
) -> Gathered:
    """
    Everything about a learner that the log held at a position or a time; None for all that it holds.

    Args:
        advance: is called with 1 after each of STEPS steps.

    Raises:
        MomentAhead, NotSignedYet: the moment is yet to come, or no checkpoint covers it.
        NothingRecorded, TooManyFacts: there is nothing, or too much.
    """
    log = sources.log
    at = (await moment_at(log, known_at, None)).position
    tree = await _signed(sources.reader, at)
    moment = await moment_at(log, at, None)
    folders = [folder for each in sources.projections if (folder := KeyFolder(log.link, each)).own_tables]
    streams = await _rule_streams(folders, learner_id, moment)
    advance(1)
    found = await log.link.run(lambda connection: _rows(connection, learner_id, at, streams))
    if not found.rows:
        raise NothingRecorded(learner_id=learner_id, position=at)
    advance(1)
    nodes = await _nodes(sources.reader, tree, [row[0] for row in found.rows])
    advance(1)
    documents = {each.projection.name: (each.projection, await each.rows(learner_id, moment)) for each in folders}
    advance(1)
    recorded_at = moment.known_at or moment.now
    return Gathered(learner_id, at, recorded_at, *found, tree, nodes, documents)


async def _signed(reader: Reader, position: int) -> SignedTree:
    """
    The signed tree that has a position, which the notary may just be about to sign; as witnesses have seen it if they
    have. Raises NotSignedYet.
    """
    deadline = time.monotonic() + WAIT
    while (tree := await signed_tree(reader)).checkpoint.size < position:
        if time.monotonic() >= deadline:
            raise NotSignedYet(size=tree.checkpoint.size, asked=f"position {position}")
        await asyncio.sleep(POLL_INTERVAL)
    seen = tree.covering(position)
    by_all = all(key.has_signed(seen.note) for key in tree.keys)  # not so where a key has come since
    return (seen if by_all else tree)._replace(cosigned=None)


class _Found(NamedTuple):
    rows: Sequence[LogRow]
    own: dict[str, int]
    named: dict[str, list[int]]
    rules: dict[str, int]


async def _rule_streams(folders: Sequence[KeyFolder], learner_id: str, moment: Moment) -> list[str]:
    """The reference streams whose facts the learner's rows need, and those of promotions of the read models."""
    found: set[str] = {read_model_stream(folder.projection.name) for folder in folders}
    for folder in folders:
        facts = await folder.facts(learner_id, moment)
        found |= {fact.stream_id for fact in facts if is_reference(fact.stream_id)}
    return sorted(found)


async def _rows(connection: Connection, learner_id: str, until: int, streams: Sequence[str]) -> _Found:
    """The stored rows, and how the streams stand."""
    values = {"key": learner_id, "until": until, "streams": list(streams), "imports": list[str]()}
    values["tag"] = tag("learner", learner_id)
    rows: dict[int, LogRow] = {}
    kinds: dict[str, str] = {}
    for kind, query in (
        *(("own", HISTORY), ("rules", OF_STREAMS), ("named", NAMED), ("named", TAGGED)),
        ("rules", OF_IMPORTS),  # those that have brought what was found
    ):
        cursor = await connection.execute(query.encode(), values, binary=True)
        for row in await cursor.fetchall():
            if kinds.setdefault(row[1], kind) == kind:
                rows[row[0]] = row
        values["imports"] = sorted(import_streams(meta_of(row[7]) for row in rows.values()))
        if len(rows) > MOST_FACTS:
            raise TooManyFacts(facts=len(rows), learner_id=learner_id, most=MOST_FACTS)
    versions: dict[str, dict[str, list[int]]] = {kind: defaultdict(list) for kind in ("own", "named", "rules")}
    for _, row in sorted(rows.items()):
        versions[kinds[row[1]]][row[1]].append(row[2])
    about = bool(versions["own"] or versions["named"])
    own, rules = ({stream: max(each) for stream, each in sorted(versions[kind].items())} for kind in ("own", "rules"))
    return _Found(
        [rows[at] for at in sorted(rows)] if about else [], own, dict(sorted(versions["named"].items())), rules
    )


async def _nodes(reader: Reader, tree: SignedTree, positions: Sequence[int]) -> dict[Range, bytes]:
    """The hashes that prove the facts at these positions, by their ranges."""
    nodes: dict[Range, bytes] = {}
    for first in range(0, len(positions), PROVEN_AT_ONCE):
        for proof in await prove_inclusion(reader, tree, positions[first : first + PROVEN_AT_ONCE]):
            nodes.update(zip(inclusion(proof.leaf, tree.checkpoint.size), proof.hashes, strict=True))
    return dict(sorted(nodes.items()))
