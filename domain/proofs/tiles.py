"""
A tree in tiles (C2SP tlog-tiles): tile *n* of level *l* has up to 256 hashes, each of a whole subtree of 256^l leaves.

A tile that is not full is a beginning of the full one, so who keeps the newest form of each tile can give every form.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

from domain.proofs.merkle import EMPTY, HASH_SIZE, NODE, Range, leaf_hash, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT  # hashes in a full tile
TILE_SIZE = WIDTH * HASH_SIZE  # bytes of a full tile
LEVELS = 64
ENTRIES = "entries"

_PATH = re.compile(r"(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class TileId(NamedTuple):
    """Which tile: its level, and its number in it."""

    level: int
    number: int


Tiles = Mapping[TileId, bytes]
"""Hashes of tiles, one after the other."""


class Tree:
    """
    A tree to which leaves are added: its size, and at each level the tile that is not full yet.

    Attributes:
        size: how many leaves it has.
        edge: the last tile of each level, without its end; empty where all tiles of the level are full.
    """

    def __init__(self, size: int = 0, edge: Iterable[bytes] = ()) -> None:
        self.size = size
        self.edge = list(edge)

    def add(self, hashes: bytes) -> dict[TileId, bytes]:
        """Add leaves, by their hashes one after the other; returns the tiles that have changed, in their new form."""
        changed = self._extend(0, self.size, hashes)
        self.size += len(hashes) // HASH_SIZE
        return changed

    def root(self) -> bytes:
        """The root."""
        return range_hash((0, self.size), edge_tiles(self.size, self.edge))

    def _extend(self, level: int, count: int, hashes: bytes) -> dict[TileId, bytes]:
        """Add hashes to a level that has had *count* of them, and what becomes full to the next one."""
        if level == len(self.edge):
            self.edge.append(b"")
        changed: dict[TileId, bytes] = {}
        index, pending = count // WIDTH, self.edge[level] + hashes
        full = len(pending) // TILE_SIZE
        for number in range(full):
            changed[TileId(level, index + number)] = pending[number * TILE_SIZE : (number + 1) * TILE_SIZE]
        self.edge[level] = pending[full * TILE_SIZE :]
        if self.edge[level] and hashes:
            changed[TileId(level, index + full)] = self.edge[level]
        if full:
            above = b"".join(reduced(changed[TileId(level, index + number)]) for number in range(full))
            changed |= self._extend(level + 1, index, above)
        return changed


def edge_of(size: int) -> list[tuple[TileId, int]]:
    """For each level of a tree, its last tile and how many hashes that has; 0 where all of its tiles are full."""
    levels = max(1, -(-size.bit_length() // HEIGHT))
    return [(TileId(each, size >> HEIGHT * (each + 1)), size >> HEIGHT * each & WIDTH - 1) for each in range(levels)]


def edge_tiles(size: int, edge: Iterable[bytes]) -> dict[TileId, bytes]:
    """The tiles of `Tree.edge`, by their ids."""
    return {tile: hashes for (tile, _), hashes in zip(edge_of(size), edge, strict=False)}


def reduced(hashes: bytes) -> bytes:
    """The root of a whole subtree, whose leaves are a power of two of *hashes*."""
    while len(hashes) > HASH_SIZE:
        pairs = range(0, len(hashes), 2 * HASH_SIZE)
        hashes = b"".join([sha256(NODE + hashes[at : at + 2 * HASH_SIZE]).digest() for at in pairs])
    return hashes


def subtrees(leaves: Range) -> Iterator[tuple[int, int]]:
    """The whole subtrees that make up a range, from the left, as height and number at this height."""
    first, end = leaves
    while first < end:
        height = (end - first).bit_length() - 1
        yield height, first >> height
        first += 1 << height


def tiles_of(ranges: Iterable[Range]) -> dict[TileId, int]:
    """The tiles that `range_hash` of these ranges reads, and how many hashes it needs of each."""
    needed: dict[TileId, int] = {}
    for leaves in ranges:
        for height, number in subtrees(leaves):
            tile, _, end = _place(height, number)
            needed[tile] = max(end, needed.get(tile, 0))
    return needed


def range_hash(leaves: Range, tiles: Tiles) -> bytes:
    """
    The hash of a range of leaves that `merkle` names.

    Raises:
        KeyError, IndexError: a tile is missing, or has too few hashes.
    """
    parts = []
    for height, number in subtrees(leaves):
        tile, first, end = _place(height, number)
        hashes = tiles[tile][first * HASH_SIZE : end * HASH_SIZE]
        if len(hashes) != (end - first) * HASH_SIZE:
            raise IndexError(f"tile {tile_path(tile)} has fewer than {end} hashes")
        parts.append(reduced(hashes))
    if not parts:
        return EMPTY
    found = parts.pop()
    while parts:
        found = node_hash(parts.pop(), found)
    return found


def _place(height: int, number: int) -> tuple[TileId, int, int]:
    """In which tile a whole subtree is, and where in it: from the first hash to before the last number."""
    level, above = divmod(height, HEIGHT)
    first = number << above
    return TileId(level, first // WIDTH), first % WIDTH, first % WIDTH + (1 << above)


def tile_path(tile: TileId, width: int = WIDTH, *, entries: bool = False) -> str:
    """Where a tile is served, after `tile/`."""
    number = f"{tile.number:03}"
    number = number.zfill(-(-len(number) // 3) * 3)
    parts = [number[at : at + 3] for at in range(0, len(number), 3)]
    path = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"{ENTRIES if entries else tile.level}/{path}{'' if width == WIDTH else f'.p/{width}'}"


def read_path(path: str) -> tuple[TileId, int, bool] | None:
    """Which tile, how many hashes of it, and whether its entries; None if that is no such path."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level, number, width = found.groups()
    tile = TileId(0 if level == ENTRIES else int(level), int(number.replace("x", "").replace("/", "")))
    asked = tile, int(width or WIDTH), level == ENTRIES
    one_form = tile_path(asked[0], asked[1], entries=asked[2]) == path
    return asked if one_form and tile.level < LEVELS and asked[1] <= WIDTH else None


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries, each after its length in 16 bits."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def unbundled(data: bytes) -> Iterator[bytes]:
    """The entries of a bundle; raises ValueError where its end is missing."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2])
        entry = data[at + 2 : at + 2 + length]
        if len(entry) != length or at + 2 > len(data):
            raise ValueError("a bundle of entries that ends too early")
        yield entry
        at += 2 + length


def leaf_hashes(entries: Iterable[bytes]) -> bytes:
    """The hashes of entries as leaves, one after the other."""
    return b"".join(map(leaf_hash, entries))
