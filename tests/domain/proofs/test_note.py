"""Signed notes, checkpoints and proofs as text: the examples of the specifications, and what is refused."""

import base64
import random

import pytest

from domain.proofs.checkpoint import Checkpoint, Proof, check_proof, read_checkpoint, read_proof, verified
from domain.proofs.merkle import EMPTY, ProofError, inclusion, leaf_hash
from domain.proofs.note import (
    COSIGNATURE,
    ED25519,
    ML_DSA_44,
    Note,
    NoteError,
    Signer,
    Verifier,
    message,
    read_note,
    read_signatures,
    signed,
    signed_by,
)
from domain.proofs.tiles import Tree, range_hash

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ER"
    "YNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
COSIGNED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE"
    "+xeMcTOAYQ8=\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oy"
    "in1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
LOG = Signer("campuslog/demo/0011223344556677", ED25519, b"\1" * 32)
WITNESSES = [Signer("witness.example/w1", COSIGNATURE, b"\2" * 32), Signer("witness.example/w2", ML_DSA_44, b"\3" * 32)]
ENTRIES = [b"one", b"two", b"three"]
NOW = 1_769_936_400


@pytest.fixture
def checkpoint() -> Checkpoint:
    """The tree of ENTRIES."""
    tree = Tree()
    tree.add(b"".join(map(leaf_hash, ENTRIES)))
    return Checkpoint(LOG.name, tree.size, tree.root())


def test_the_example_of_the_specification() -> None:
    """A note that another program has signed is verified, and written as it was."""
    key, note = Verifier.of(EXAMPLE_KEY), read_note(EXAMPLE_NOTE)
    assert signed_by(note, [key]) == [key]
    assert (key.vkey, str(note), note.text) == (EXAMPLE_KEY, EXAMPLE_NOTE, "This is an example message.\n")


def test_a_cosigned_checkpoint_is_read() -> None:
    """The example of tlog-cosignature: two lines of signatures, the second with the time at which it was made."""
    note = read_note(COSIGNED)
    assert read_checkpoint(note)[:2] == ("example.com/behind-the-sofa", 20_852_163)
    assert [each.name for each in note.signatures] == ["example.com/behind-the-sofa", "witness.example.com/w1"]
    assert int.from_bytes(note.signatures[1].value[:8]) == 1_679_315_147
    assert str(note) == COSIGNED
    assert message(COSIGNATURE, "w", note.text, 1_679_315_147).startswith(
        b"cosignature/v1\ntime 1679315147\nexample.com/"
    )


@pytest.mark.parametrize("signer", [LOG, *WITNESSES], ids=["log", "cosignature", "ML-DSA-44"])
def test_every_bit_counts(signer: Signer, checkpoint: Checkpoint) -> None:
    """Each kind of signature holds for its text and its time; with any bit changed it is wrong, not unknown."""
    note = signed(checkpoint.text, [signer], NOW)
    key = Verifier.of(signer.verifier.vkey)
    assert key.has_signed(read_note(str(note)))
    chance = random.Random(5)
    (signature,) = note.signatures
    for _ in range(30):
        changed = bytearray(signature.value)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        with pytest.raises(NoteError, match="is wrong"):
            key.has_signed(Note(note.text, (signature._replace(value=bytes(changed)),)))
    for value in (signature.value[:-1], signature.value + b"\0", b"\0"):
        with pytest.raises(NoteError, match="is wrong"):
            key.has_signed(Note(note.text, (signature._replace(value=value),)))
    for text in (checkpoint._replace(size=4).text, checkpoint._replace(root=EMPTY).text, f"x{checkpoint.text}"):
        with pytest.raises(NoteError, match="is wrong"):
            key.has_signed(Note(text, note.signatures))


def test_signatures_of_other_keys_say_nothing(checkpoint: Checkpoint) -> None:
    """Unknown keys are passed over; two keys of a log sign while one replaces the other; none known is refused."""
    older = Signer(LOG.name, ED25519, b"\4" * 32)
    note = read_note(str(signed(checkpoint.text, [LOG, older, *WITNESSES], NOW)))
    assert signed_by(note, [older.verifier]) == [older.verifier]
    assert verified(str(note), [LOG.verifier]) == checkpoint
    with pytest.raises(NoteError, match="no known key"):
        signed_by(note, [Signer(LOG.name, ED25519, b"\5" * 32).verifier])
    with pytest.raises(NoteError, match="no known key"):
        verified(str(note), [WITNESSES[0].verifier])  # a witness cannot stand for the log
    with pytest.raises(NoteError, match="not of another"):
        verified(str(note), [LOG.verifier], "another")


def test_a_witness_adds_its_lines(checkpoint: Checkpoint) -> None:
    """What a witness answers is put under the note."""
    note = signed(checkpoint.text, [LOG])
    answer = "".join(f"{each.sign(note.text, NOW).line()}\n" for each in WITNESSES)
    cosigned = Note(note.text, (*note.signatures, *read_signatures(answer)))
    assert len(signed_by(read_note(str(cosigned)), [each.verifier for each in [LOG, *WITNESSES]])) == 3


@pytest.mark.parametrize("vkey", ["", "a+b", "a b+530d903a+Ae", EXAMPLE_KEY[:-1], EXAMPLE_KEY.replace("530d", "530e")])
def test_what_is_no_key(vkey: str) -> None:
    """A key is refused if a character of it is missing or its id is that of another."""
    with pytest.raises(NoteError, match="no verifier key"):
        Verifier.of(vkey)


@pytest.mark.parametrize(
    "text",
    [
        *("", "text\n", "text\n\n", "text\n\n- a b\n", "a\tb\n\n— a b\n", EXAMPLE_NOTE[:-1]),
        *(EXAMPLE_NOTE.replace("=", ""), EXAMPLE_NOTE + EXAMPLE_NOTE.rpartition("\n\n")[2] * 64),
    ],
)
def test_what_is_no_note(text: str) -> None:
    """Text without signatures, with control characters, with another form of base64 or far too many lines."""
    with pytest.raises(NoteError):
        read_note(text)


@pytest.mark.parametrize(
    "text",
    [
        "o\n1\n",
        "o\n01\nroot\n",
        "o\n-1\nroot\n",
        "\n1\nroot\n",
        "o\n1\n\n",
        "o\n1\nAA==\n",
        "o\n0\nroot\n",
        "o\n1\nroot\n\n",
        f"o\n{10**20}\nroot\n",
    ],
)
def test_what_is_no_checkpoint(text: str) -> None:
    """Three lines that are not empty, a size in one form only, 32 bytes of root; an empty tree has one root."""
    with pytest.raises(NoteError):
        read_checkpoint(Note(text.replace("root", base64.b64encode(leaf_hash(b"")).decode()), ()))


def test_a_proof_as_text(checkpoint: Checkpoint) -> None:
    """A proof holds for its entry and no other; with any part changed it is refused."""
    tiles = Tree().add(b"".join(map(leaf_hash, ENTRIES)))
    hashes = tuple(range_hash(each, tiles) for each in inclusion(1, 3))
    proof = Proof(1, hashes, signed(checkpoint.text, [LOG]))
    text = str(proof)
    assert read_proof(text) == proof
    assert check_proof(text, b"two", [LOG.verifier]) == checkpoint
    assert check_proof(text.replace("\nindex", "\nextra AAAA\nindex"), b"two", [LOG.verifier]) == checkpoint
    assert len(text) < 1_500
    lines = text.splitlines(keepends=True)
    others = ["".join(lines[:at] + lines[at + 1 :]) for at in range(len(lines))]
    others += [text.replace("index 1", wrong) for wrong in ("index 0", "index 2", "index 01", "index 3", "index -1")]
    others += [text[:cut] for cut in range(0, len(text), 7)]
    others.append("".join([*lines[:2], lines[3], lines[2], *lines[4:]]))
    for other in others:
        with pytest.raises((NoteError, ProofError)):
            check_proof(other, b"two", [LOG.verifier])
    with pytest.raises(ProofError):
        check_proof(text, b"three", [LOG.verifier])
