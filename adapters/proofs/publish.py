"""
The signed tree as files that any web server or CDN can serve: `campus proofs publish`.

Tiles are written first, each in one step, and the checkpoint last: a reader never sees a checkpoint without its tiles,
and the next run goes on where one was stopped. What is written is checked on its way: the tiles of each level have to
be the hashes of those below, and the root that of the checkpoint.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from adapters.postgres.connection import Unavailable
from adapters.postgres.queries.reader import Reader
from adapters.proofs.prove import SignedTree, prove_consistency, signed_tree
from adapters.proofs.tree import read_tiles
from domain.proofs.checkpoint import Checkpoint, read_checkpoint
from domain.proofs.merkle import HASH_SIZE, ProofError, check_consistency
from domain.proofs.note import NoteError, read_note
from domain.proofs.tiles import WIDTH, TileId, edge_of, range_hash, reduced, tile_path

CHECKPOINT, KEYS, TILES = "checkpoint", "keys", "tile"
PAGE = 512  # tiles that are read at once
READABLE = 0o644

Advance = Callable[[int], None]


class PublishError(Exception):
    """The tree cannot be published here, as a sentence."""


class Published(NamedTuple):
    """
    What a run has done.

    Attributes:
        size: facts under the checkpoint.
        tiles: of the tree, whole and in part.
        written: of them, those that were not there.
    """

    directory: str
    origin: str
    size: int
    tiles: int
    written: int


async def publish(reader: Reader, directory: Path, begin: Callable[[int], Advance]) -> Published:
    """
    Bring *directory* up to the newest checkpoint.

    Args:
        begin: called with the number of tiles; gives the function to call with the number done since.

    Raises:
        NoCheckpoint: nothing is signed yet.
        PublishError: *directory* has another tree or a larger one, cannot be written to, or the tiles are wrong.
    """
    with _writing(directory):
        tree = await signed_tree(reader)
        await _must_continue(reader, tree, _published(directory))
        edge = edge_of(tree.checkpoint.size)
        count = sum(tile.number + bool(width) for tile, width in edge)
        advance, written, below = begin(count), 0, None
        last: dict[TileId, bytes] = {}
        for tile, width in edge:
            level = _Level(reader, directory, tile, width, below)
            await level.write(advance)
            written, below = written + level.written, level.above
            last[tile] = level.last
        if range_hash((0, tree.checkpoint.size), last) != tree.checkpoint.root:
            raise PublishError("the tiles do not lead to the root of the checkpoint: `campus log verify` says why")
        _finish(directory, tree)
    return Published(str(directory), tree.checkpoint.origin, tree.checkpoint.size, count, written)


class _Level:
    """
    The tiles of one level.

    Attributes:
        written: how many were not there.
        above: the hash of each whole tile, of which the next level is made.
        last: the tile that is not full, empty if there is none.
    """

    def __init__(self, reader: Reader, directory: Path, tile: TileId, width: int, below: list[bytes] | None) -> None:
        self._reader, self._directory, self._below = reader, directory, below
        self._widths = {TileId(tile.level, number): WIDTH for number in range(tile.number)}
        if width:
            self._widths[tile] = width
        self.written = 0
        self.above: list[bytes] = []
        self.last = b""

    async def write(self, advance: Advance) -> None:
        """Write them, a page at a time."""
        wanted = list(self._widths)
        for page in (wanted[at : at + PAGE] for at in range(0, len(wanted), PAGE)):
            found = await read_tiles(self._reader, {tile: self._widths[tile] for tile in page})
            for tile in page:
                hashes = _checked(found.get(tile, b""), tile, self._widths[tile], self._below)
                self.written += _keep(self._directory, tile, hashes)
                if self._widths[tile] == WIDTH:
                    self.above.append(reduced(hashes))
                else:
                    self.last = hashes
            advance(len(page))


def _checked(hashes: bytes, tile: TileId, width: int, below: list[bytes] | None) -> bytes:
    """The tile, which has to be made of those below it."""
    if len(hashes) != width * HASH_SIZE:
        raise Unavailable("tiles of the tree are being made again of the log: try again in some seconds")
    if below is not None and hashes != b"".join(below[tile.number * WIDTH :][:width]):
        raise PublishError(
            f"the tile {tile_path(tile, width)} is not made of those below: `campus log verify` says more"
        )
    return hashes


def _published(directory: Path) -> Checkpoint | None:
    try:
        return read_checkpoint(read_note((directory / CHECKPOINT).read_text()))
    except FileNotFoundError:
        if any(path.name not in {TILES, KEYS} and not path.name.startswith(".") for path in directory.iterdir()):
            raise PublishError(f"{directory} is not empty and has no checkpoint: choose an empty directory") from None
        return None
    except (NoteError, UnicodeDecodeError) as error:
        raise PublishError(f"{directory / CHECKPOINT} is no checkpoint: {error}") from None


async def _must_continue(reader: Reader, tree: SignedTree, before: Checkpoint | None) -> None:
    """Raise PublishError unless the tree is the one that was published, as large as it was or larger."""
    if before is None:
        return
    now = tree.checkpoint
    if before.origin != now.origin:
        raise PublishError(
            f"the tree {before.origin} was published here, and this is {now.origin}: choose another directory"
        )
    if before.size > now.size:
        raise PublishError(
            f"a checkpoint of {before.size:,} facts was published here, and the newest is of {now.size:,}"
        )
    proof = await prove_consistency(reader, tree, before.size, now.size)
    try:
        check_consistency(before.size, now.size, before.root, now.root, proof.hashes)
    except ProofError as error:
        raise PublishError(f"what was published here is not the beginning of what is signed now: {error}") from None


def _keep(directory: Path, tile: TileId, hashes: bytes) -> bool:
    """Write a tile unless it is there; returns whether it was not."""
    width = len(hashes) // HASH_SIZE
    path = directory / TILES / tile_path(tile, width)
    try:
        if path.read_bytes() == hashes:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, hashes)
    if width == WIDTH:  # readers of its parts are led to the whole by the specification
        shutil.rmtree(path.with_name(f"{path.name}.p"), ignore_errors=True)
    return True


def _finish(directory: Path, tree: SignedTree) -> None:
    _replace(directory / KEYS, "".join(f"{each.vkey}\n" for each in tree.keys).encode())
    os.sync()  # tiles are on disk before the checkpoint that needs them
    _replace(directory / CHECKPOINT, str(tree.note).encode())
    os.sync()


def _replace(path: Path, data: bytes) -> None:
    """Replace a file in one step, readable by the web server."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".new", delete=False) as scratch:
        scratch.write(data)
        os.fchmod(scratch.fileno(), READABLE)
    Path(scratch.name).replace(path)


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    """Keep other runs out of *directory*, and say in a sentence why it cannot be written to."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(descriptor)
    except BlockingIOError:
        raise PublishError(f"another run publishes into {directory}: wait for its end") from None
    except OSError as error:
        raise PublishError(f"{directory} cannot be written to: {error.strerror or error}") from error


def published_tile(directory: Path, tile: TileId) -> bytes:
    """A tile that was published, whole or the longest part of it; empty if there is none."""
    path = directory / TILES / tile_path(tile)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    parts = sorted((int(part.name), part) for part in path.with_name(f"{path.name}.p").glob("[0-9]*"))
    return parts[-1][1].read_bytes() if parts else b""
