"""The tree of RFC 9162: against its recursive definition, against known roots, and proofs that are wrong."""

import random
from functools import cache
from hashlib import sha256

import pytest

from domain.proofs import merkle
from domain.proofs.merkle import (
    EMPTY,
    ProofError,
    Range,
    check_consistency,
    check_inclusion,
    consistency,
    inclusion,
    leaf_hash,
)
from domain.proofs.tiles import HEIGHT, WIDTH, TileId, Tree, range_hash, reduced, tiles_of

LARGEST = 1_100
LEAVES = [b"" if number == 0 else number.to_bytes(4) for number in range(LARGEST)]
KNOWN = {  # the first leaves of the tests of Certificate Transparency, and the root after each
    b"": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    b"\0": "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    b"\x10": "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    b" !": "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    b"01": "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    b"@ABC": "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    b"PQRSTUVW": "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    b"`abcdefghijklmno": "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@cache
def naive(first: int, end: int) -> bytes:
    """The hash of a range of LEAVES, as the RFC defines it."""
    if end - first < 2:
        return sha256(b"\0" + LEAVES[first]).digest() if end > first else EMPTY
    middle = first + 1
    while 2 * (middle - first) < end - first:
        middle = first + 2 * (middle - first)
    return sha256(b"\1" + naive(first, middle) + naive(middle, end)).digest()


@pytest.fixture(scope="module")
def tiles() -> dict[TileId, bytes]:
    """The tiles of the tree of all LEAVES."""
    return Tree().add(b"".join(map(leaf_hash, LEAVES)))


class FarTiles(dict[TileId, bytes]):
    """Tiles of a tree as large as one likes, in which all leaves are the same but one."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index
        self._same, self._with = [leaf_hash(b"same")], [leaf_hash(b"other")]
        for height in range(48):
            pair = (self._same[-1], self._with[-1]) if index >> height & 1 else (self._with[-1], self._same[-1])
            self._with.append(merkle.node_hash(*pair))
            self._same.append(merkle.node_hash(self._same[-1], self._same[-1]))

    def __missing__(self, tile: TileId) -> bytes:
        height = HEIGHT * tile.level
        hashes = [self._same[height]] * WIDTH
        if self._index >> height >> HEIGHT == tile.number:
            hashes[(self._index >> height) % WIDTH] = self._with[height]
        return b"".join(hashes)


def hashes_of(ranges: list[Range], tiles: dict[TileId, bytes]) -> list[bytes]:
    """The hashes of a proof."""
    return [range_hash(each, tiles) for each in ranges]


def wrong_forms(proof: list[bytes], chance: random.Random) -> list[list[bytes]]:
    """A proof with a bit changed, cut off, made longer, swapped, one hash left out or repeated."""
    at, far = chance.randrange(len(proof)), proof[::-1]
    changed = bytearray(proof[at])
    changed[chance.randrange(32)] ^= 1 << chance.randrange(8)
    forms = [
        [*proof[:at], bytes(changed), *proof[at + 1 :]],
        proof[:-1],
        proof[1:],
        [*proof, proof[-1]],
        [proof[0], *proof],
        [*proof, EMPTY],
        [*proof[:at], proof[at][:31], *proof[at + 1 :]],
        [*proof[:at], proof[at] + b"\0", *proof[at + 1 :]],
        *([far] if far != proof else []),
    ]
    return [form for form in forms if form != proof]


def test_known_roots() -> None:
    """A tree has the roots that other programs give it."""
    tree = Tree()
    assert tree.root() == EMPTY
    for leaf, root in KNOWN.items():
        tree.add(leaf_hash(leaf))
        assert tree.root().hex() == root


@pytest.mark.parametrize("sizes", [range(at, min(at + 100, LARGEST + 1)) for at in range(0, LARGEST + 1, 100)])
def test_every_size_as_it_is_defined(sizes: range, tiles: dict[TileId, bytes]) -> None:
    """Root, inclusion and consistency of every size agree with the recursive definition, and their checks take them."""
    chance = random.Random(sizes.start)
    tree = Tree()
    tree.add(b"".join(map(leaf_hash, LEAVES[: sizes.start])))
    for size in sizes:
        root = naive(0, size)
        assert tree.root() == range_hash((0, size), tiles) == root
        for index in {0, size - 1, size // 2, *(chance.randrange(size) for _ in range(5))} if size else ():
            proof = hashes_of(inclusion(index, size), tiles)
            assert proof == [naive(*each) for each in inclusion(index, size)]
            check_inclusion(leaf_hash(LEAVES[index]), index, size, proof, root)
        for old in {0, size, size // 2, *(chance.randint(0, size) for _ in range(5))}:
            proof = hashes_of(consistency(old, size), tiles)
            check_consistency(old, size, naive(0, old), root, proof)
        if size < LARGEST:
            tree.add(leaf_hash(LEAVES[size]))


def test_every_leaf_and_every_pair_of_small_trees(tiles: dict[TileId, bytes]) -> None:
    """In trees up to 40, every leaf is proven, and no proof holds for another leaf, index, size or root."""
    for size in range(1, 41):
        for index in range(size):
            proof = hashes_of(inclusion(index, size), tiles)
            for other in (index - 1, index, index + 1):
                if other == index:
                    check_inclusion(leaf_hash(LEAVES[index]), index, size, proof, naive(0, size))
                    continue
                with pytest.raises(ProofError):
                    check_inclusion(leaf_hash(LEAVES[index]), other, size, proof, naive(0, size))
        for old in range(1, size):
            proof = hashes_of(consistency(old, size), tiles)
            check_consistency(old, size, naive(0, old), naive(0, size), proof)
            for wrong in {old - 1, old + 1} - {0, size}:
                with pytest.raises(ProofError):
                    check_consistency(wrong, size, naive(0, old), naive(0, size), proof)


@pytest.mark.parametrize("seed", range(20))
def test_sizes_up_to_2_to_the_40th(seed: int) -> None:
    """Trees that no one could write down: proofs are short, right, and any change of them is refused."""
    chance = random.Random(seed)
    size = chance.choice([1 << 40, (1 << 40) - 1, chance.randint(2, 1 << chance.randint(2, 40))])
    index, old = chance.randrange(size), chance.randint(1, size - 1)
    tiles = FarTiles(index)
    root, old_root, leaf = range_hash((0, size), tiles), range_hash((0, old), tiles), leaf_hash(b"other")

    proof = hashes_of(inclusion(index, size), tiles)
    check_inclusion(leaf, index, size, proof, root)
    assert len(proof) <= (size - 1).bit_length()
    for form in wrong_forms(proof, chance):
        with pytest.raises(ProofError):
            check_inclusion(leaf, index, size, form, root)

    proof = hashes_of(consistency(old, size), tiles)
    check_consistency(old, size, old_root, root, proof)
    assert len(proof) <= size.bit_length() + 1
    for form in wrong_forms(proof, chance):
        with pytest.raises(ProofError):
            check_consistency(old, size, old_root, root, form)
    for roots in ((root, old_root), (old_root, old_root), (root, root)):
        with pytest.raises(ProofError):
            check_consistency(old, size, *roots, proof)


def test_a_proof_reads_few_tiles() -> None:
    """A proof in a tree of 2^40 leaves reads a tile of each level, and those at the edge."""
    size = (1 << 40) - 12345
    assert len(tiles_of(inclusion(size // 3, size))) <= 10
    assert len(tiles_of(consistency(size // 3, size))) <= 10


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 3), (7, 7)])
def test_no_proof_of_what_there_is_not(index: int, size: int) -> None:
    """A leaf outside of the tree has no proof, and none is taken for it."""
    with pytest.raises(ProofError):
        inclusion(index, size)
    with pytest.raises(ProofError):
        check_inclusion(EMPTY, index, size, [], EMPTY)


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 2)])
def test_a_tree_does_not_shrink(old: int, new: int) -> None:
    """A smaller tree is not the continuation of a larger one."""
    with pytest.raises(ProofError):
        consistency(old, new)
    with pytest.raises(ProofError):
        check_consistency(old, new, EMPTY, EMPTY, [])


def test_trees_of_one_size_are_one_tree() -> None:
    """Two roots of the same size are never consistent, and nothing but nothing is the empty tree."""
    one, other = leaf_hash(b"one"), leaf_hash(b"other")
    check_consistency(1, 1, one, one, [])
    check_consistency(0, 1, EMPTY, one, [])
    for old, new, roots, proof in (
        (1, 1, (one, other), []),
        (0, 0, (EMPTY, one), []),
        (0, 0, (one, one), []),
        (0, 1, (one, one), []),
        (0, 1, (EMPTY, one), [one]),
        (1, 1, (one, one), [one]),
        (2, 3, (one, other), []),
    ):
        with pytest.raises(ProofError):
            check_consistency(old, new, *roots, proof)


def test_a_subtree_of_256_leaves_is_one_hash() -> None:
    """A full tile becomes one hash of the next level."""
    assert reduced(b"".join(map(leaf_hash, LEAVES[:WIDTH]))) == naive(0, WIDTH)
