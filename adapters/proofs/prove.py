"""
Proofs from the stored tree, as readers get them: of what the newest checkpoint has signed, and never of more.

A use case that needs proofs for many facts asks for them together: `signed_tree`, then one `prove_inclusion` for all
positions, which reads all tiles in one statement, and gives proofs that lead to the same checkpoint.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from adapters.postgres.connection import Unavailable
from adapters.postgres.log.postgres_log import COLUMNS
from adapters.postgres.queries.reader import Reader
from adapters.proofs.tree import read_tiles, read_tree
from domain.proofs.checkpoint import Checkpoint, Proof, read_checkpoint
from domain.proofs.errors import BadSizes, NoCheckpoint, NoSuchTile, NotSignedYet
from domain.proofs.leaf import entry_of
from domain.proofs.merkle import HASH_SIZE, Range, consistency, inclusion
from domain.proofs.note import Note, Verifier, read_note
from domain.proofs.tiles import HEIGHT, WIDTH, TileId, range_hash, tile_path
from domain.proofs.tiles import tiles_of as tiles_of_ranges

LONGEST_SIGNATURE = 128  # bytes; a proof leaves out longer ones (ML-DSA), which the checkpoint itself has
ENTRIES = f"SELECT {COLUMNS} FROM events WHERE position > %(after)s AND position <= %(until)s ORDER BY position"
ROWS_AT = f"SELECT {COLUMNS} FROM events WHERE position = ANY(%(positions)s)"


class SignedTree(NamedTuple):
    """
    The tree as far as it is signed.

    Attributes:
        note: the checkpoint as it was signed.
        cosigned: the newest checkpoint that a witness has cosigned; None if there is none.
        keys: what signs it, as this campus says; a reader who does not trust it gets them in another way.
        witnesses: the keys of the cosignatures, as this campus says, too.
    """

    checkpoint: Checkpoint
    note: Note
    keys: tuple[Verifier, ...]
    cosigned: Note | None = None
    witnesses: tuple[Verifier, ...] = ()

    def covering(self, size: int) -> "SignedTree":
        """As its witnesses have seen it, if that is of *size* facts or more; else as it was signed last."""
        if self.cosigned is None or (seen := read_checkpoint(self.cosigned)).size < size:
            return self
        return self._replace(checkpoint=seen, note=self.cosigned)

    @property
    def short_note(self) -> Note:
        """The checkpoint without signatures that would make a proof long."""
        return Note(
            self.note.text, tuple(each for each in self.note.signatures if len(each.value) <= LONGEST_SIGNATURE)
        )


class Consistency(NamedTuple):
    """That one tree is the beginning of another: both roots, and the hashes between them."""

    first_root: bytes
    second_root: bytes
    hashes: tuple[bytes, ...]


async def signed_tree(reader: Reader) -> SignedTree:
    """The newest checkpoint; raises NoCheckpoint."""
    stored = await read_tree(reader)
    if stored is None:
        raise NoCheckpoint
    note = read_note(stored.checkpoint)
    keys = tuple(map(Verifier.of, stored.keys.splitlines()))
    witnesses = tuple(map(Verifier.of, stored.witness_keys.splitlines()))
    cosigned = read_note(stored.cosigned) if stored.cosigned else None
    return SignedTree(read_checkpoint(note), note, keys, cosigned, witnesses)


async def prove_inclusion(reader: Reader, tree: SignedTree, positions: Iterable[int]) -> list[Proof]:
    """
    A proof for each of these positions of the log, which begin at 1; all lead to one checkpoint, cosigned if possible.

    Raises:
        NotSignedYet: a position is above the checkpoint.
    """
    wanted = list(positions)
    tree = tree.covering(max(wanted, default=0))
    size = tree.checkpoint.size
    for position in wanted:
        if not 0 < position <= size:
            raise NotSignedYet(size=size, asked=f"position {position}")
    paths = [inclusion(position - 1, size) for position in wanted]
    hashes = await _hashes(reader, paths)
    return [Proof(at - 1, found, tree.short_note) for at, found in zip(wanted, hashes, strict=True)]


async def prove_consistency(reader: Reader, tree: SignedTree, first: int, second: int) -> Consistency:
    """
    That the tree of the first facts, *first* in number, is the beginning of that of *second*.

    Raises:
        BadSizes: *first* is larger.
        NotSignedYet: *second* is above the checkpoint.
    """
    if first > second:
        raise BadSizes(first=first, second=second)
    if second > tree.checkpoint.size:
        raise NotSignedYet(size=tree.checkpoint.size, asked=f"a tree of {second}")
    roots: list[list[Range]] = [[(0, first)], [(0, second)]]
    (first_root,), (second_root,), between = await _hashes(reader, [*roots, consistency(first, second)])
    return Consistency(first_root, second_root, between)


async def signed_tile(reader: Reader, tree: SignedTree, tile: TileId, width: int) -> bytes:
    """The first *width* hashes of a tile; raises NoSuchTile if the signed tree has fewer."""
    check_tile(tree, tile, width)
    hashes = (await read_tiles(reader, {tile: width})).get(tile, b"")
    if len(hashes) != width * HASH_SIZE:
        raise _incomplete()
    return hashes


async def signed_entries(reader: Reader, tree: SignedTree, number: int, width: int) -> list[bytes]:
    """The entries of the first *width* leaves of a tile of level 0; raises NoSuchTile, as `signed_tile`."""
    check_tile(tree, TileId(0, number), width, entries=True)
    rows = await reader.rows(ENTRIES, {"after": number * WIDTH, "until": number * WIDTH + width})
    return [entry_of(row) for row in rows]


def check_tile(tree: SignedTree, tile: TileId, width: int, *, entries: bool = False) -> None:
    """Raise NoSuchTile if a tile of the signed tree has fewer hashes than *width*."""
    size = tree.checkpoint.size
    if tile.number * WIDTH + width > size >> HEIGHT * tile.level:
        raise NoSuchTile(path=tile_path(tile, width, entries=entries), size=size)


async def _hashes(reader: Reader, paths: Sequence[Sequence[Range]]) -> list[tuple[bytes, ...]]:
    """The hashes of some lists of ranges, from the tiles of all of them."""
    tiles = await read_tiles(reader, tiles_of_ranges(each for path in paths for each in path))
    try:
        return [tuple(range_hash(each, tiles) for each in path) for path in paths]
    except (KeyError, IndexError):
        raise _incomplete() from None


def _incomplete() -> Unavailable:
    return Unavailable("tiles of the tree are being made again of the log: ask again in some seconds")
