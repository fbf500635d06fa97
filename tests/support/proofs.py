"""A notary in the test's own process, and what no append would do to the log behind its back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

from adapters.postgres.connection import connect
from adapters.postgres.log.pages import read_head, read_rows
from adapters.proofs.files import ProofFiles
from adapters.proofs.tree import StoredTree, load_tree, stored_tree, tiles_of
from adapters.settings import Settings
from domain.proofs.checkpoint import Checkpoint, verified
from domain.proofs.leaf import entry_of
from domain.proofs.note import Verifier
from domain.proofs.tiles import Tree, leaf_hashes
from tests.support.polling import guard, until
from tests.support.roles import as_process
from workers import notary


def beside(settings: Settings, directory: Path) -> Settings:
    """The settings of a campus whose notary keeps its files in this directory."""
    return settings.model_copy(update={"data_dir": directory})


@asynccontextmanager
async def notarising(settings: Settings) -> AsyncIterator[notary.Notary]:
    """A notary, until the block ends or the notary dies; how it died comes out of the block."""
    running = notary.Notary(as_process(settings, "relay"))
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        if not task.done():
            task.cancel()
        async with guard():
            await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def signed_up_to(settings: Settings, position: int) -> Checkpoint:
    """Wait until a checkpoint shows this position to readers; returns it, verified."""
    found: list[Checkpoint] = []

    async def shown() -> bool:
        tree = await tree_of(settings)
        if tree is not None:
            found[:] = [verified(tree.checkpoint, [Verifier.of(each) for each in tree.keys.splitlines()])]
        return bool(found) and found[0].size >= position

    await until(shown)
    return found[0]


async def tree_of(settings: Settings) -> StoredTree | None:
    """What PostgreSQL says of the tree."""
    async with await connect(settings, application="test") as connection:
        return await stored_tree(connection)


async def assert_tree_of_the_log(settings: Settings, directory: Path) -> Checkpoint:
    """Tiles, checkpoint and file are those of a tree that is made of the log at once; returns the checkpoint."""
    async with await connect(settings, application="test") as connection:
        head = await read_head(connection)
        whole = Tree()
        expected = whole.add(leaf_hashes(map(entry_of, await read_rows(connection, 0, head))))
        kept = await tiles_of(connection, dict.fromkeys(expected, 256))
        count = await (await connection.execute("SELECT count(*) FROM proof_tiles")).fetchone()
        assert (await load_tree(connection)).root() == whole.root()
    assert {tile: len(each) for tile, each in kept.items()} == {tile: len(each) for tile, each in expected.items()}
    assert kept == expected
    assert count == (len(expected),)
    checkpoint = await signed_up_to(settings, head)
    assert checkpoint[1:] == (head, whole.root())
    tree = await tree_of(settings)
    assert tree is not None
    assert ProofFiles(beside(settings, directory)).checkpoint() == tree.checkpoint
    return checkpoint


def tamper(settings: Settings, *statements: str) -> None:
    """Change the log as its owner, who can switch off what keeps others from it."""
    with psycopg.connect(settings.postgres_owner_url) as owner:
        owner.execute(f"SET search_path TO {settings.schema_name}".encode())
        owner.execute("ALTER TABLE events DISABLE TRIGGER events_append_only")
        for statement in statements:
            owner.execute(statement.encode())
        owner.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER events_append_only")


async def entries_of_log(settings: Settings) -> list[bytes]:
    """The entries of all facts, made of the log."""
    async with await connect(settings, application="test") as connection:
        return [entry_of(row) for row in await read_rows(connection, 0, await read_head(connection))]
