"""
The notary: keeps the Merkle tree over the log (docs/proofs.md), and signs what it is after each batch of facts.

Reads     the log by position, a few times a second.
Writes    proof_tiles and proof_tree; what it signs stands in a file beside its keys before any reader sees it. And the
          dossiers that are asked for over HTTP (workers/notarising/dossiers.py).
Refuses   to sign where the log is not the continuation of what it has signed before, until a person resolves it.
Active    one per campus, by an advisory lock; another takes over within 2 s, or within 10 s if the active one hangs.
"""

import asyncio
import secrets

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from adapters.postgres.connection import Connection
from adapters.postgres.log.pages import read_head
from adapters.postgres.ops.heartbeat import WorkerState, keep_beating, sentence_of
from adapters.postgres.ops.lease import acquire, session
from adapters.proofs.files import ProofFiles
from adapters.proofs.leaves import read_leaves
from adapters.proofs.tree import (
    begin_tree,
    forget_tiles,
    given_up,
    keep_tiles,
    load_tree,
    publish,
    stored_tree,
    tiles_of,
)
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait, wait_for_stop_or_failure
from domain.proofs.checkpoint import Checkpoint, verified
from domain.proofs.merkle import EMPTY, HASH_SIZE
from domain.proofs.note import NoteError, signed
from domain.proofs.tiles import TileId, Tree, range_hash
from domain.proofs.tiles import tiles_of as tiles_of_ranges
from workers.cosigning import Cosigning
from workers.notarising.dossiers import keep_making

BATCH = 1_000  # facts that are read in one statement: 3 ms of work, in which the loop does nothing else
MOST_UNKEPT = 8_000  # facts whose tiles are stored in one statement; the last tile of each level is stored once for all
MOST_UNSIGNED = 20_000  # facts after which a checkpoint is signed also while more are coming
PAUSE = 0.2  # seconds between two looks at the log
MANY = 1_000  # facts in one look, after which the pause is longer: fewer flushes of the disk beside those of appends
LONG_PAUSE = 0.4  # seconds
RETRY_PAUSE = 1.0  # seconds after a failure
REFUSED_PAUSE = 5.0  # seconds until it is looked again whether a person has resolved it

REGISTRY = CollectorRegistry()
ADDED = Counter("campus_notary_facts", "Facts added to the tree.", registry=REGISTRY)
SIZE = Gauge("campus_notary_size", "Size of the newest signed checkpoint.", registry=REGISTRY)
CHECKPOINTS = Counter("campus_notary_checkpoints", "Checkpoints signed.", registry=REGISTRY)


class Refused(Exception):
    """The log is not the continuation of what was signed: nothing more is signed until a person resolves it."""


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Add and sign until *stop* is set."""
    notary = Notary(settings)
    beating = keep_beating(settings, "notary", notary.state, REGISTRY)
    tasks = [asyncio.create_task(each) for each in (notary.run(), beating, keep_making(settings))]
    try:
        await wait_for_stop_or_failure(stop, tasks)
    finally:
        await cancel_and_wait(tasks)


class Notary:
    """
    One notary process.

    Attributes:
        active: whether this process holds the lock; it stands by if not.
        position: that of the last fact under a signed checkpoint.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._files = ProofFiles(settings)
        self._cosigning = Cosigning(settings)
        self._trouble = ""
        self._made_again = False
        self.active = False
        self.position = 0

    def state(self) -> WorkerState:
        """How this process is, for its heartbeat."""
        return WorkerState(self.active, self.position, self._trouble)

    @property
    def witness_trouble(self) -> str:
        """Why witnesses give no cosignature; empty if they do."""
        return self._cosigning.trouble

    async def run(self) -> None:
        """Add and sign until cancelled; begin again after every failure."""
        log = structlog.get_logger()
        while True:
            pause = RETRY_PAUSE
            try:
                # Tiles that a crash of PostgreSQL takes back are made again.
                async with session(self._settings, "notary", synchronous_commit="off") as connection:
                    await acquire(connection, self._settings, "notary")
                    self.active = True
                    await self._sign_while_active(connection)
            except Exception as error:  # noqa: BLE001 - it shares a process with the relay, which nothing in the log may stop
                if (said := sentence_of(error)) != self._trouble:
                    log.warning("notary.interrupted", position=self.position, error=str(error).strip())
                self._trouble = said
                pause = REFUSED_PAUSE if isinstance(error, Refused) else RETRY_PAUSE
            self.active = False
            await asyncio.sleep(pause)

    async def _sign_while_active(self, connection: Connection) -> None:
        signed_before = await self._signed_before(connection)
        growing = GrowingTree(connection, signed_before.origin, await load_tree(connection))
        if not await growing.continues(signed_before) and not self._made_again:
            self._made_again = True  # once: the tiles may be what is wrong, and the log right
            structlog.get_logger().warning("notary.tiles_are_made_again", size=growing.tree.size)
            await forget_tiles(connection)
            growing.tree = Tree()
        await growing.must_continue(signed_before)
        await self._sign(growing)  # with the keys of now; and what a crash has kept from readers is shown to them
        await self._show(connection, growing.origin)
        structlog.get_logger().info("notary.active", origin=growing.origin, size=growing.tree.size)
        cosigning = asyncio.create_task(self._cosigning.run())
        try:
            await self._keep_signing(connection, growing)
        finally:
            await cancel_and_wait([cosigning])

    async def _keep_signing(self, connection: Connection, growing: "GrowingTree") -> None:
        while True:
            self._trouble, self._made_again = "", False
            more = await growing.grow(growing.tree.size + MOST_UNSIGNED)
            added = growing.tree.size - self.position
            if added:
                await self._sign(growing)
                await self._show(connection, growing.origin)
            if not more:
                await asyncio.sleep(LONG_PAUSE if added >= MANY else PAUSE)

    async def _signed_before(self, connection: Connection) -> Checkpoint:
        """
        What this notary has signed last; the beginning of a tree if it never has.

        Raises:
            Refused: the keys are not those that have signed, or the tree is not the one that was signed.
        """
        kept, stored, ended = self._files.checkpoint(), await stored_tree(connection), await given_up(connection)
        known = kept if kept is not None else stored.checkpoint if stored else ""
        if not known or origin_of(known) in ended:
            known = self._begin(origin_of(known))
        found = self._verified(known)
        if stored is None or (stored.origin != found.origin and stored.origin in ended):
            await begin_tree(connection, found.origin, known, self._keys(found.origin))
        elif stored.origin != found.origin:
            raise Refused(f"the database has the tree {stored.origin}, and {found.origin} was signed")
        return found

    def _begin(self, given_up: str) -> str:
        """Sign the beginning of a tree, whose name no other one has; what was signed of the one before is kept."""
        if given_up:
            self._files.put_aside(given_up)
            structlog.get_logger().warning("notary.tree_given_up", origin=given_up)
        origin = f"campuslog.invalid/{self._settings.name}/{secrets.token_hex(8)}"
        note = str(signed(Checkpoint(origin, 0, EMPTY).text, self._files.signers(origin)))
        self._files.keep_checkpoint(note)
        return note

    def _verified(self, note: str) -> Checkpoint:
        origin = origin_of(note)
        try:
            return verified(note, [each.verifier for each in self._files.signers(origin)])
        except NoteError as error:
            raise Refused(f"the newest checkpoint of {origin} is not signed by a key that is here: {error}") from None

    def _keys(self, origin: str) -> str:
        return "".join(f"{each.verifier.vkey}\n" for each in self._files.signers(origin))

    async def _sign(self, growing: "GrowingTree") -> None:
        """Sign the tree as it is; on disk before any reader can see it, and the relay does not wait for the disk."""
        checkpoint = Checkpoint(growing.origin, growing.tree.size, growing.tree.root())
        note = str(signed(checkpoint.text, self._files.signers(growing.origin)))
        await asyncio.to_thread(self._files.keep_checkpoint, note)
        self.position = checkpoint.size
        SIZE.set(checkpoint.size)
        CHECKPOINTS.inc()

    async def _show(self, connection: Connection, origin: str) -> None:
        await publish(connection, origin, self._files.checkpoint() or "", self._keys(origin))


def origin_of(note: str) -> str:
    """The origin in the text of a checkpoint, which nothing has checked yet."""
    return note.partition("\n")[0]


class GrowingTree:
    """The tree *origin*, as it is stored, and its growth with the log."""

    def __init__(self, connection: Connection, origin: str, tree: Tree) -> None:
        self._connection = connection
        self.origin = origin
        self.tree = tree

    async def grow(self, size: int) -> bool:
        """Add facts until the tree has this size or the log ends; returns whether the log has more."""
        head = await read_head(self._connection)
        end = min(head, size)
        while (before := self.tree.size) < end:
            changed: dict[TileId, bytes] = {}
            while (after := self.tree.size) < min(end, before + MOST_UNKEPT):
                changed |= self.tree.add(await self._leaves(after, min(after + BATCH, end)))
            await keep_tiles(self._connection, self.origin, before, self.tree.size, changed)
            ADDED.inc(self.tree.size - before)
        return self.tree.size < head

    async def continues(self, signed_before: Checkpoint) -> bool:
        """Whether the stored tree is of the log that is there, as far as its last tile, and has what was signed."""
        size = self.tree.size
        if size > await read_head(self._connection):
            return False
        newest = self.tree.edge[0] if size else b""
        return newest == await self._leaves(size - len(newest) // HASH_SIZE, size) and (
            size < signed_before.size or await self._root(signed_before.size) == signed_before.root
        )

    async def must_continue(self, signed_before: Checkpoint) -> None:
        """Grow the tree to what was signed; raise Refused unless that is what was signed."""
        size = signed_before.size
        await self.grow(size)
        if self.tree.size < size:
            raise Refused(
                f"the log went back: it ends at position {self.tree.size:,}, and a checkpoint was signed for {size:,}"
            )
        if await self._root(size) != signed_before.root:
            raise Refused(f"the log was rewritten: a checkpoint was signed for {size:,} facts, and they are others")

    async def _root(self, size: int) -> bytes:
        whole = (0, size)
        try:
            return range_hash(whole, await tiles_of(self._connection, tiles_of_ranges([whole])))
        except (KeyError, IndexError):
            return b""

    async def _leaves(self, after: int, until: int) -> bytes:
        """The leaves of these facts, of which there has to be one for each position."""
        leaves = await read_leaves(self._connection, after, until)
        if not leaves.is_whole:
            raise Refused(f"the log has no fact for each position from {after + 1} to {until}")
        return leaves.hashes
