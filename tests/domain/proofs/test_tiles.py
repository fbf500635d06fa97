"""Tiles: their form, their paths, and a tree that grows in pieces."""

import random

import pytest

from domain.proofs.merkle import HASH_SIZE, leaf_hash
from domain.proofs.tiles import (
    TileId,
    Tree,
    bundle,
    edge_of,
    edge_tiles,
    leaf_hashes,
    range_hash,
    read_path,
    tile_path,
    unbundled,
)


def test_the_tiles_of_70000_leaves() -> None:
    """The example of the specification: 273 full tiles and a part of 112, one full above and a part of 17, and one."""
    changed = Tree().add(leaf_hashes(number.to_bytes(4) for number in range(70_000)))
    widths = {tile: len(hashes) // HASH_SIZE for tile, hashes in changed.items()}
    assert [widths[TileId(0, index)] for index in range(274)] == [256] * 273 + [112]
    assert {tile: width for tile, width in widths.items() if tile.level} == {
        TileId(1, 0): 256,
        TileId(1, 1): 17,
        TileId(2, 0): 1,
    }
    assert edge_of(70_000) == [(TileId(0, 273), 112), (TileId(1, 1), 17), (TileId(2, 0), 1)]


def test_a_full_level_has_no_part() -> None:
    """256 leaves are one full tile, and one hash above it."""
    tree = Tree()
    changed = tree.add(leaf_hashes(number.to_bytes(4) for number in range(256)))
    assert {tile: len(hashes) // HASH_SIZE for tile, hashes in changed.items()} == {TileId(0, 0): 256, TileId(1, 0): 1}
    assert edge_of(256) == [(TileId(0, 1), 0), (TileId(1, 0), 1)]
    assert tree.root() == range_hash((0, 256), changed) == changed[TileId(1, 0)]


@pytest.mark.parametrize("seed", range(5))
def test_a_tree_that_grows_in_pieces_is_the_same(seed: int) -> None:
    """However many leaves come at a time, tiles and root are the same; tiles only grow; the edge is enough."""
    chance = random.Random(seed)
    hashes = leaf_hashes(number.to_bytes(4) for number in range(3_000))
    whole = Tree()
    expected = whole.add(hashes)
    tiles: dict[TileId, bytes] = {}
    tree = Tree()
    while tree.size < 3_000:
        count = chance.choice([0, 1, 7, 255, 256, 257, 700])
        for tile, form in tree.add(hashes[tree.size * HASH_SIZE :][: count * HASH_SIZE]).items():
            assert form.startswith(tiles.get(tile, b""))
            tiles[tile] = form
        edge = [tiles.get(tile, b"") if width else b"" for tile, width in edge_of(tree.size)]
        assert edge_tiles(tree.size, edge) == edge_tiles(tree.size, tree.edge)
        tree = Tree(tree.size, edge)  # as after a restart
    assert tiles == expected
    assert tree.root() == whole.root()


@pytest.mark.parametrize(
    ("tile", "width", "entries", "path"),
    [
        (TileId(0, 0), 256, False, "0/000"),
        (TileId(2, 999), 256, False, "2/999"),
        (TileId(0, 1000), 256, False, "0/x001/000"),
        (TileId(0, 1_234_067), 256, False, "0/x001/x234/067"),
        (TileId(63, 5), 3, False, "63/005.p/3"),
        (TileId(0, 273), 112, True, "entries/273.p/112"),
        (TileId(0, 1_234_067), 256, True, "entries/x001/x234/067"),
    ],
)
def test_paths(tile: TileId, width: int, path: str, *, entries: bool) -> None:
    """A tile has one path, and the path names the tile."""
    assert tile_path(tile, width, entries=entries) == path
    assert read_path(path) == (tile, width, entries)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "0",
            "0/0",
            "0/00",
            "00/000",
            "64/000",
            "0/x000/000",
            "0/1000",
            "0/001/000",
            "-1/000",
            "x/000",
            "0/../000",
        ),
        *(
            "0/000.p/",
            "0/000.p/0",
            "0/000.p/01",
            "0/000.p/256",
            "0/000.p/257",
            "entries",
            "entries/000/",
            "0/\u0660" * 3,
        ),
    ],
)
def test_other_paths_are_none(path: str) -> None:
    """What is not the one form of a path is refused, so that nothing is served under two."""
    assert read_path(path) is None


def test_bundles() -> None:
    """A bundle gives back its entries; one that was cut is refused."""
    entries = [b"", b"a", b"b" * 65_535]
    assert list(unbundled(bundle(entries))) == entries
    for cut in (1, 3, 100):
        with pytest.raises(ValueError, match="too early"):
            list(unbundled(bundle(entries)[:-cut]) if cut > 1 else unbundled(b"\0"))
    with pytest.raises(OverflowError):
        bundle([b"c" * 65_536])


def test_a_tile_that_is_too_short_proves_nothing() -> None:
    """Hashes that are missing are an error, never another root."""
    tiles = Tree().add(b"".join(map(leaf_hash, [b"a", b"b", b"c"])))
    with pytest.raises(IndexError):
        range_hash((0, 4), tiles)
    with pytest.raises(KeyError):
        range_hash((0, 300), tiles)
