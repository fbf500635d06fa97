"""The rule of a witness: a checkpoint is taken only as the continuation of the last one."""

import random

import pytest

from domain.proofs.checkpoint import Checkpoint
from domain.proofs.merkle import EMPTY, consistency, leaf_hash
from domain.proofs.note import ED25519, Note, Signer, signed
from domain.proofs.tiles import TileId, Tree, range_hash
from domain.proofs.witness import AddCheckpoint, WitnessRefusal, admit, read_request

LOG = Signer("campuslog.invalid/demo/0011223344556677", ED25519, b"\1" * 32)
LEAVES = [leaf_hash(number.to_bytes(4)) for number in range(600)]


def tree(size: int, leaves: list[bytes] | None = None) -> tuple[Checkpoint, dict[TileId, bytes]]:
    """The checkpoint of the first leaves, and tiles."""
    grown = Tree()
    tiles = grown.add(b"".join((leaves or LEAVES)[:size]))
    return Checkpoint(LOG.name, size, grown.root()), tiles


def request(old: int, new: int, leaves: list[bytes] | None = None) -> AddCheckpoint:
    """A request that is right if *old* was cosigned."""
    checkpoint, tiles = tree(new, leaves)
    hashes = tuple(range_hash(each, tiles) for each in consistency(old, new)) if old <= new else ()
    return AddCheckpoint(old, hashes, signed(checkpoint.text, [LOG]))


def refused(asked: AddCheckpoint, last: int | None, keys: list[Signer] | None = None) -> WitnessRefusal:
    """Why a request is refused after *last* was cosigned."""
    known = [each.verifier for each in ([LOG] if keys is None else keys)]
    with pytest.raises(WitnessRefusal) as caught:
        admit(asked, known, None if last is None else tree(last)[0])
    return caught.value


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (0, 600), (1, 2), (255, 256), (300, 600), (600, 600)])
def test_what_continues_is_taken(old: int, new: int) -> None:
    """From nothing, from a smaller tree, and once more for the same one; a request is read as it was written."""
    asked = read_request(str(request(old, new)))
    assert asked == request(old, new)
    assert admit(asked, [LOG.verifier], tree(old)[0]) == tree(new)[0]
    assert old or admit(asked, [LOG.verifier], None) == tree(new)[0]


def test_what_does_not_continue_is_refused() -> None:
    """With the status of the specification, and what the log did if that is signed."""
    other = [*LEAVES[:100], leaf_hash(b"other"), *LEAVES[101:]]
    for asked, last, status, size, kind in (
        (request(300, 600), 200, 409, 200, ""),
        (request(300, 600), None, 409, 0, ""),
        (request(0, 600), 300, 409, 300, ""),
        (request(200, 250), 300, 409, 300, ""),
        (request(300, 250), 300, 400, None, ""),
        (request(300, 600, other), 300, 422, None, "rewritten"),
        (request(300, 600)._replace(hashes=()), 300, 422, None, "rewritten"),
        (request(300, 300, other), 300, 409, None, "forked"),
        (request(0, 300)._replace(hashes=(EMPTY,)), None, 422, None, "rewritten"),
    ):
        refusal = refused(asked, last)
        assert (refusal.status, refusal.size, refusal.kind) == (status, size, kind), str(refusal)


def test_who_signs() -> None:
    """An unknown log is 404, an unknown key 403, and so is a wrong signature; keys of other logs do not count."""
    asked = request(0, 300)
    assert refused(asked, None, []).status == 404
    assert refused(asked, None, [Signer("another", ED25519, b"\1" * 32)]).status == 404
    assert refused(asked, None, [Signer(LOG.name, ED25519, b"\2" * 32)]).status == 403
    (signature,) = asked.note.signatures
    wrong = signature._replace(value=bytes([signature.value[0] ^ 1]) + signature.value[1:])
    assert refused(asked._replace(note=Note(asked.note.text, (wrong,))), None).status == 403


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("old 300\n", "old 0300\n"),
        ("old 300\n", "old -1\n"),
        ("old 300\n", "old 3e2\n"),
        ("old 300\n", f"old {10**30}\n"),
        ("old 300\n", "300\n"),
        ("old 300\n", ""),
        ("old 300\n", "old 300\n" + 64 * "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
        ("old 300\n", "old 300\nAAAA\n"),
        ("\n\n", "\n"),
        ("—", "-"),
        ("\n600\n", "\n0600\n"),
    ],
)
def test_what_is_no_request(before: str, after: str) -> None:
    """Is 400, and says what a request is."""
    text = str(request(300, 600)).replace(before, after)
    with pytest.raises(WitnessRefusal) as caught:
        admit(read_request(text), [LOG.verifier], tree(300)[0])
    assert caught.value.status == 400


def test_no_change_of_a_request_is_taken() -> None:
    """A character taken out, put in or changed anywhere: what is taken all the same is what was signed."""
    text, chance = str(request(300, 600)), random.Random(3)
    for _ in range(400):
        at = chance.randrange(len(text))
        put = chance.choice(["", chr(chance.randint(32, 122)), text[at] * 2, "\n"])
        try:
            found = admit(read_request(text[:at] + put + text[at + 1 :]), [LOG.verifier], tree(300)[0])
        except WitnessRefusal:
            continue
        assert found == tree(600)[0]
