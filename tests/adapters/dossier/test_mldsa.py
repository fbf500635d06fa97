"""Signatures by ML-DSA-44 as `cryptography` sees them."""

import random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from adapters.dossier.verifier.mldsa import ml_dsa_44


def by_library(public: bytes, message: bytes, signature: bytes) -> bool:
    """What `cryptography` says."""
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@pytest.mark.parametrize("seed", range(12))
def test_both_say_the_same(seed: int) -> None:
    """Of random keys and messages, and after a bit of key, message, challenge, vector or hint was changed."""
    chance = random.Random(seed)
    key = MLDSA44PrivateKey.from_seed_bytes(chance.randbytes(32))
    message = chance.randbytes(chance.randrange(1, 200))
    whole = [key.public_key().public_bytes_raw(), message, key.sign(message)]
    assert ml_dsa_44(*whole)
    spans = [
        (0, 0, len(whole[0])),
        (1, 0, len(message)),
        (2, 0, 32),
        (2, 32, 2_336),
        (2, 2_336, 2_416),
        (2, 2_416, 2_420),
    ]
    for which, first, end in spans:
        parts = whole[:]
        bit = chance.randrange(8 * first, 8 * end)
        changed = bytearray(parts[which])
        changed[bit // 8] ^= 1 << bit % 8
        parts[which] = bytes(changed)
        assert ml_dsa_44(*parts) is by_library(*parts) is False


def test_no_bytes_break_it() -> None:
    """Whatever is given as a key and a signature is answered, as the library answers it."""
    chance = random.Random(7)
    for size in (0, 1, 31, 2_419, 2_420, 2_421):
        public, message, signature = chance.randbytes(1_312), b"message", chance.randbytes(size)
        assert ml_dsa_44(public, message, signature) is by_library(public, message, signature) is False
        assert not ml_dsa_44(public[:-1], message, signature)
    zeros = bytes(2_420)
    assert ml_dsa_44(bytes(1_312), b"", zeros) is by_library(bytes(1_312), b"", zeros) is False
