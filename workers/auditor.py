"""
The auditor: recomputes the rows of random keys (learners, mostly) from the log, and compares them with what is served.

Finds     a row that is other than the log says: a line in its log, a metric, and a finding that `campus doctor` shows.
Never     gives a false alarm: it checks a row that differs again, at later moments, before it reports it.
Repairs   nothing by itself; `campus projections repair` does.
Folds     read models as of a moment for those who ask for it, and takes snapshots of them (workers/as_of).
Costs     little: a twentieth of a core, two keys a second at most, at a low priority.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from adapters.postgres.connection import Connection, ForeignKeyViolation, UndefinedTable
from adapters.postgres.log.pages import read_head
from adapters.postgres.log.postgres_log import STREAM_AT
from adapters.postgres.log.reference_facts import ReferenceFacts
from adapters.postgres.ops.heartbeat import WorkerState, keep_beating, sentence_of
from adapters.postgres.ops.lag import segment_counts
from adapters.postgres.store.audits import Finding, findings, note_checked, note_findings
from adapters.postgres.store.generations import Generation, Generations, live
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait, wait_for_stop_or_failure
from adapters.valkey.client import Valkey
from domain.streams import is_reference, key_of
from projections.engine.distribution import partitioned_tables
from projections.engine.live import Fenced
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS
from workers.as_of.folding import Folding, start_fork_server
from workers.consistency.metrics import CHECKED, CHECKED_AT, DIFFERENCE, FOUND, REGISTRY, SECONDS, WRONG
from workers.consistency.row_check import RowChecker, WrongRow
from workers.support.session import open_session

IN_BACKGROUND = True  # at a low priority
REST = 20.0  # times as long as the check of a key took
LEAST, MOST = 0.025, 0.25  # seconds that a check counts for
ATTEMPTS = 10  # to find a fact of a key
AGAIN = 3  # looks at a row before it is called wrong
AGAIN_PAUSE = 0.5  # seconds between them
KNOWN_SHARE = 0.2  # of the audits that go to keys with a known wrong row
NOTE_INTERVAL = 5.0  # seconds between two notes of how much was checked
ACCOUNTS_INTERVAL = 30.0  # seconds between two looks at the accounts
RETRY_INTERVAL = 1.0  # seconds, after a server was lost

logger = structlog.get_logger()


def before_giving_way() -> None:
    """Start what does not give way with this process: folds for which people wait."""
    start_fork_server()


async def run(
    settings: Settings, stop: asyncio.Event, projections: Sequence[Projection] = PROJECTIONS, rest: float = REST
) -> None:
    """Audit until *stop* is set, with pauses of *rest* times what a key took; a lost server is waited for."""
    auditor = Auditor(settings, projections, rest)
    beating = keep_beating(settings, "auditor", lambda: WorkerState(True, auditor.position, auditor.trouble), REGISTRY)
    tasks = [asyncio.create_task(part) for part in (auditor.run(), beating, Folding(settings, projections).run())]
    try:
        await wait_for_stop_or_failure(stop, tasks)
    finally:
        await cancel_and_wait(tasks)


class Auditor:
    """
    Audits the read models that are divided by key.

    Attributes:
        position: of the head of the log when it last looked.
        trouble: why it does not get on; empty once it has.
    """

    def __init__(self, settings: Settings, projections: Sequence[Projection], rest: float) -> None:
        self.position = 0
        self.trouble = ""
        self._settings = settings
        self._projections = [projection for projection in projections if partitioned_tables(projection)]
        self._rest = rest
        self._chance = random.Random()  # noqa: S311 - not a secret
        self._checked: Counter[tuple[str, int]] = Counter()
        self._wrong: Counter[tuple[str, int]] = Counter()

    async def run(self) -> None:
        """Audit until cancelled."""
        while True:
            try:
                async with open_session(self._settings, "learners", "audit") as (connection, valkey):
                    await self._audit(connection, valkey)
            except Exception as error:  # a lost server comes as more than one kind of error
                self.trouble = sentence_of(error)
                logger.exception("auditor.interrupted", error=str(error).strip())
            await asyncio.sleep(RETRY_INTERVAL)

    async def _audit(self, connection: Connection, valkey: Valkey) -> None:
        """One key after the other, as long as the connection lives."""
        audit = KeyAuditor(connection, valkey, self._settings)
        noted = counted = 0.0
        while True:
            started = time.monotonic()
            key = await self._choose(connection)
            for projection in self._projections if key else ():
                await self._check(audit, projection, str(key))
            took = time.monotonic() - started
            if time.monotonic() - noted > NOTE_INTERVAL:
                await self._note(connection)
                noted = time.monotonic()
            if time.monotonic() - counted > ACCOUNTS_INTERVAL:
                await _measure_accounts(connection)
                counted = time.monotonic()
            self.trouble = ""
            await asyncio.sleep(self._rest * min(max(took, LEAST), MOST))

    async def _choose(self, connection: Connection) -> str | None:
        """The key of a random fact, or one with a known wrong row; None in an empty campus."""
        known = await findings(connection)
        FOUND.set(len(known))
        if known and self._chance.random() < KNOWN_SHARE:
            return self._chance.choice(known).owner
        self.position = await read_head(connection)
        for _ in range(ATTEMPTS if self.position else 0):
            at = self._chance.randint(1, self.position)
            row = await (await connection.execute(STREAM_AT, [at], prepare=True)).fetchone()
            if row is not None and not is_reference(row[0]):
                return key_of(row[0])
        return None

    async def _check(self, audit: "KeyAuditor", projection: Projection, owner: str) -> None:
        started = time.monotonic()
        try:
            found = await audit.check(projection, owner)
        except (Fenced, UndefinedTable):
            return  # the generation was dropped: the next look is at another one
        if found is None:
            return
        SECONDS.labels(projection.name).observe(time.monotonic() - started)
        generation, wrong = found
        CHECKED.labels(projection.name).inc()
        CHECKED_AT.labels(projection.name).set_to_current_time()
        WRONG.labels(projection.name).inc(bool(wrong))
        self._checked[projection.name, generation] += 1
        self._wrong[projection.name, generation] += bool(wrong)

    async def _note(self, connection: Connection) -> None:
        for (name, generation), checked in self._checked.items():
            wrong = self._wrong[name, generation]
            await note_checked(connection, name, generation, checked=checked, wrong=wrong)
        self._checked.clear()
        self._wrong.clear()


class KeyAuditor:
    """Checks keys over a connection of its own."""

    def __init__(self, connection: Connection, valkey: Valkey, settings: Settings) -> None:
        self._connection = connection
        self._valkey = valkey
        self._settings = settings
        self._lookings: dict[str, RowChecker] = {}  # by read model, at the generation that is served
        self._known: dict[tuple[str, int, str], set[tuple[Any, ...]]] = {}

    async def check(self, projection: Projection, owner: str) -> tuple[int, int] | None:
        """
        The generation that is served, and how many rows of a key in it are wrong, which are kept as findings.

        None if nothing is served that this code has built.
        """
        served = await live(self._connection, projection.name)
        if served is None or (served.version, served.segments) != (projection.version, projection.segments):
            return None
        looking = self._looking(projection, served)
        try:
            wrong = await looking.check(owner)
            for _ in range(AGAIN - 1):
                if not wrong:
                    break
                await asyncio.sleep(AGAIN_PAUSE)
                before = {each.key for each in wrong}
                wrong = [each for each in await looking.check(owner, *before) if each.key in before]
            found = [_finding(projection.name, served.number, owner, each) for each in wrong]
        except msgspec.MsgspecError as error:
            reason = f"a row cannot be read: {error}"
            found = [Finding(projection.name, served.number, owner, "?", [owner], None, reason)]
        await self._keep(found, projection.name, served.number, owner)
        return served.number, len(found)

    def _looking(self, projection: Projection, served: Generation) -> RowChecker:
        """What looks at a generation, and caches the reference facts."""
        looking = self._lookings.get(projection.name)
        if looking is None or looking.generation.number != served.number:  # that of before is served no more
            generations = Generations(self._connection, self._valkey, self._settings, projection)
            looking = RowChecker(self._connection, generations, served, ReferenceFacts(projection))
            self._lookings[projection.name] = looking
        return looking

    async def _keep(self, found: Sequence[Finding], name: str, generation: int, owner: str) -> None:
        place = name, generation, owner
        known = self._known.pop(place, set())
        for each in found:
            if (each.table, *each.key) not in known:  # it was logged before, and is seen by `campus doctor`
                logger.error("auditor.row_is_wrong", **msgspec.structs.asdict(each))
        if found:
            self._known[place] = {(each.table, *each.key) for each in found}
        with suppress(ForeignKeyViolation):  # the generation was dropped meanwhile
            await note_findings(self._connection, name, generation, owner, found)


def _finding(name: str, generation: int, owner: str, wrong: WrongRow) -> Finding:
    table, key = wrong.key
    fact = wrong.divergence.fact
    position = fact.position if fact else None
    return Finding(name, generation, owner, table.name, list(key), position, wrong.divergence.reason)


async def _measure_accounts(connection: Connection) -> None:
    """How many facts of each segment of what is served are not accounted for."""
    for each in await segment_counts(connection):
        if each.status == "live":
            DIFFERENCE.labels(each.projection, each.segment).set(each.difference)
