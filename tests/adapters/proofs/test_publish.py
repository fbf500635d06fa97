"""The tree as files: complete under its checkpoint whenever a run is stopped, and never that of another log."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.queries.reader import Reader
from adapters.proofs import publish as publishing
from adapters.proofs.publish import Published, PublishError, publish
from adapters.settings import Settings
from cli.up.plan import variables
from domain.proofs.checkpoint import Checkpoint, check_proof, verified
from domain.proofs.errors import NoCheckpoint
from domain.proofs.merkle import HASH_SIZE
from domain.proofs.note import Verifier
from domain.proofs.tiles import range_hash, read_path, tile_path, tiles_of
from tests.support.campus_up import campus
from tests.support.proofs import beside, entries_of_log, notarising, signed_up_to, tamper
from tests.support.workers import Writer, writer


class Died(BaseException):
    """What ends a run in the middle, as a kill would."""


@pytest.fixture
async def facts(settings: Settings, tmp_path: Path) -> AsyncIterator[Writer]:
    """A campus with 600 facts that are signed; more can be recorded."""
    async with writer(settings) as facts:
        await facts.record_many(600)
        await sign(settings, tmp_path, 600)
        yield facts


async def sign(settings: Settings, directory: Path, size: int) -> None:
    """Sign what there is."""
    async with notarising(beside(settings, directory)):
        await signed_up_to(settings, size)


async def published(settings: Settings, directory: Path) -> Published:
    """Publish once."""
    reader = Reader(settings)
    await reader.open()
    try:
        return await publish(reader, directory, lambda _: lambda _: None)
    finally:
        await reader.close()


def checked(directory: Path) -> Checkpoint:
    """The published checkpoint, verified with the published keys and tiles."""
    keys = [Verifier.of(line) for line in (directory / "keys").read_text().splitlines()]
    found = verified((directory / "checkpoint").read_text(), keys)
    whole = (0, found.size)
    tiles = {}
    for tile, width in tiles_of([whole]).items():
        full, part = (directory / "tile" / tile_path(tile, each) for each in (256, width))
        tiles[tile] = full.read_bytes() if full.is_file() else part.read_bytes()
        assert len(tiles[tile]) >= width * HASH_SIZE
    assert range_hash(whole, tiles) == found.root
    return found


async def test_tiles_and_checkpoint_as_files(settings: Settings, tmp_path: Path, facts: Writer) -> None:
    """A second run adds what is new; parts of tiles go when the whole is there; names are those of tlog-tiles."""
    to = tmp_path / "site"
    assert (await published(settings, to))[2:] == (600, 4, 4)
    first = checked(to)
    assert (await published(settings, to)).written == 0
    await facts.record_many(500)
    await sign(settings, tmp_path, 1_100)
    assert (await published(settings, to))[2:] == (1_100, 6, 4)
    assert checked(to).size == 1_100 > first.size
    files = {path.relative_to(to).as_posix() for path in to.rglob("*") if path.is_file()}
    tiles = {f"tile/0/00{number}" for number in range(4)} | {"tile/0/004.p/76", "tile/1/000.p/2", "tile/1/000.p/4"}
    assert files == {"checkpoint", "keys", *tiles}
    assert all(read_path(name.removeprefix("tile/")) for name in tiles)


@pytest.mark.parametrize("step", range(1, 7))
async def test_a_run_dies_at_every_step(
    settings: Settings, tmp_path: Path, facts: Writer, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """What is there afterwards is whole under its checkpoint, old or new, and the next run completes it."""
    to = tmp_path / "site"
    await published(settings, to)
    await facts.record_many(500)
    await sign(settings, tmp_path, 1_100)
    replace, left = publishing._replace, [step]

    def dies(*arguments: Any) -> None:
        left[0] -= 1
        if not left[0]:
            raise Died
        replace(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_replace", dies)
        with pytest.raises(Died):
            await published(settings, to)
    assert checked(to).size == 600
    await published(settings, to)
    assert checked(to).size == 1_100


async def test_what_cannot_be_published(settings: Settings, tmp_path: Path, facts: Writer) -> None:
    """Another tree, a larger one, one that was rewritten, and tiles that do not make the root: in a sentence each."""
    to = tmp_path / "site"
    await published(settings, to)
    note = (to / "checkpoint").read_text()
    origin, size, root = note.splitlines()[:3]
    for old, new, said in (
        (origin, f"{origin}x", "another directory"),
        (size, "601", "the newest is of 600"),
        (root, f"{root[:5]}{'B' if root[5] == 'A' else 'A'}{root[6:]}", "not the beginning"),
        (note, "no checkpoint", "is no checkpoint"),
    ):
        (to / "checkpoint").write_text(note.replace(old, new))
        with pytest.raises(PublishError, match=said):
            await published(settings, to)
    (to / "checkpoint").write_text(note)
    for level, said in ((0, "not made of those below"), (1, "not made of those below")):
        change = "UPDATE proof_tiles SET hashes = set_byte(hashes, 5, 255 - get_byte(hashes, 5))"
        tamper(settings, f"{change} WHERE (level, number) = ({level}, 0)")
        with pytest.raises(PublishError, match=said):
            await published(settings, to)
        tamper(settings, f"{change} WHERE (level, number) = ({level}, 0)")
    tamper(settings, "UPDATE proof_tiles SET hashes = set_byte(hashes, 5, 255 - get_byte(hashes, 5)) WHERE number = 2")
    with pytest.raises(PublishError, match="root of the checkpoint"):
        await published(settings, to)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").write_text("")
    with pytest.raises(PublishError, match="is not empty"):
        await published(settings, tmp_path / "other")
    assert (to / "checkpoint").read_text() == note


async def test_before_the_first_checkpoint(settings: Settings, tmp_path: Path) -> None:
    """There is nothing to publish."""
    with pytest.raises(NoCheckpoint):
        await published(settings, tmp_path / "site")


@pytest.mark.processes
async def test_the_commands(settings: Settings, tmp_path: Path, facts: Writer) -> None:
    """`campus proofs` prints what anyone can check with the keys."""
    env = variables(settings)
    keys = [Verifier.of(line) for line in campus("proofs", "checkpoint", "--keys", env=env).stdout.splitlines()]
    found = verified(campus("proofs", "checkpoint", env=env).stdout, keys)
    proof = campus("proofs", "inclusion", "513", env=env).stdout
    assert check_proof(proof, (await entries_of_log(settings))[512], keys) == found
    shown = campus("proofs", "consistency", "256", "600", env=env)
    assert "is the beginning of that of 600" in shown.stdout
    refused = campus("proofs", "inclusion", "601", env=env)
    assert (refused.returncode, "newest checkpoint is of 600 facts" in refused.stderr) == (1, True)
    done = campus("proofs", "publish", str(tmp_path / "site"), env=env)
    assert (done.returncode, checked(tmp_path / "site")) == (0, found), done.stderr
