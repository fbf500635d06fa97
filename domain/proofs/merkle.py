"""
The Merkle tree of RFC 9162: hashes, which parts of a tree prove what, and how a proof is checked.

Nothing here reads a tree: `inclusion` and `consistency` name ranges of leaves, and who has the tree hashes them
(domain/proofs/tiles.py). Sizes and indices are whole numbers without a limit; an index counts from 0.
"""

from collections.abc import Sequence
from hashlib import sha256

HASH_SIZE = 32  # bytes
EMPTY = sha256(b"").digest()
LEAF, NODE = b"\x00", b"\x01"  # before what is hashed

Range = tuple[int, int]
"""Leaves from the first number up to before the second: the hash of such a range is that of a tree of its own."""


class ProofError(ValueError):
    """A proof that proves nothing, as a sentence."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry as a leaf."""
    return sha256(LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(NODE + left + right).digest()


def split(size: int) -> int:
    """The largest power of two that is less than *size*, where a tree is divided; *size* is 2 or more."""
    return 1 << (size - 1).bit_length() - 1


def inclusion(index: int, size: int) -> list[Range]:
    """
    The ranges whose hashes prove that a leaf is in a tree, from the leaf's neighbour up.

    Raises:
        ProofError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of size {size} has no leaf {index}")
    first, end = 0, size
    path: list[Range] = []
    while end - first > 1:
        middle = first + split(end - first)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((first, middle))
            first = middle
    return path[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """
    The ranges whose hashes prove that a tree of size *old* is the beginning of that of size *new*.

    Raises:
        ProofError: *old* is larger than *new*, or a size is negative.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of size {old} cannot be the beginning of one of size {new}")
    if old in (0, new):
        return []
    first, end, whole = 0, new, True
    path: list[Range] = []
    while end != old:
        middle = first + split(end - first)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((first, middle))
            first, whole = middle, False
    return ([] if whole else [(first, end)]) + path[::-1]


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """
    Check that the tree of this *size* and *root* has the hash *leaf* at *index* (RFC 9162, 2.1.3.2).

    Raises:
        ProofError: the proof does not show it.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of size {size} has no leaf {index}")
    _check_hashes([leaf, root, *proof])
    position, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        if position & 1 or position == last:
            found = node_hash(each, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, each)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    if found != root:
        raise ProofError(f"the proof leads to another root: leaf {index} is not in this tree of size {size}")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """
    Check that the tree *old* is the beginning of the tree *new* (RFC 9162, 2.1.4.2).

    Raises:
        ProofError: the proof does not show it.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of size {old} cannot be the beginning of one of size {new}")
    _check_hashes([old_root, new_root, *proof])
    if old in (0, new):
        _check_trivial(old, new, old_root, new_root, proof)
        return
    hashes = list(proof) if old & (old - 1) else [old_root, *proof]
    if not hashes:
        raise ProofError("the proof is too short")
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_found = new_found = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if position & 1 or position == last:
            old_found, new_found = node_hash(each, old_found), node_hash(each, new_found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new_found = node_hash(new_found, each)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    if old_found != old_root or new_found != new_root:
        raise ProofError(f"the tree of size {old} is not the beginning of the tree of size {new}")


def _check_trivial(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Everything begins with nothing, and a tree with itself: no hash is needed for it."""
    if proof:
        raise ProofError("the proof is too long")
    if old_root != (EMPTY if old == 0 else new_root) or (new == 0 and new_root != EMPTY):
        raise ProofError(f"two different trees have the size {old}")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(each) != HASH_SIZE for each in hashes):
        raise ProofError(f"a hash has {HASH_SIZE} bytes")
