"""Signatures by RFC 8032's vectors, and as `cryptography` sees them."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dossier.verifier.ed25519 import L, P, ed25519

VECTORS = """
9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
-
e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b

4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb
72
92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00

c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7
af82
6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a

833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42
ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589
09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704
"""
"""RFC 8032, 7.1, TEST 1, 2, 3 and SHA(abc): secret key, message, both halves of the signature."""


@pytest.mark.parametrize("vector", VECTORS.strip().split("\n\n"))
def test_the_vectors_of_the_rfc(vector: str) -> None:
    """Each signature is right, and not for another message."""
    secret, message, first, second = (bytes.fromhex(line.strip("-")) for line in vector.splitlines())
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    assert ed25519(public, message, first + second)
    assert not ed25519(public, message + b".", first + second)


def by_library(public: bytes, message: bytes, signature: bytes) -> bool:
    """What `cryptography` says."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@settings(max_examples=40)
@given(st.data())
def test_both_say_the_same(data: st.DataObject) -> None:
    """Of random keys and messages, and after a bit of key, message or signature was changed."""
    key = Ed25519PrivateKey.from_private_bytes(data.draw(st.binary(min_size=32, max_size=32)))
    message = data.draw(st.binary(min_size=1, max_size=200))
    parts = [key.public_key().public_bytes_raw(), message, key.sign(message)]
    assert ed25519(*parts)
    which = data.draw(st.integers(0, 2))
    bit = data.draw(st.integers(0, len(parts[which]) * 8 - 1))
    changed = bytearray(parts[which])
    changed[bit // 8] ^= 1 << bit % 8
    parts[which] = bytes(changed)
    assert ed25519(*parts) is by_library(*parts) is False


@settings(max_examples=60)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.binary(max_size=80))
def test_no_bytes_break_it(public: bytes, message: bytes, signature: bytes) -> None:
    """Whatever is given as a key and a signature is answered, as the library answers it."""
    assert ed25519(public, message, signature) is by_library(public, message, signature)
    assert not ed25519(public[:31], message, signature)


def test_one_signature_has_one_form() -> None:
    """A scalar, or a point, in another form than the one of the RFC is refused."""
    key = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"message")
    again = int.from_bytes(signature[32:], "little") + L
    assert ed25519(public, b"message", signature)
    assert not ed25519(public, b"message", signature[:32] + again.to_bytes(32, "little"))
    assert not ed25519((P + 1).to_bytes(32, "little"), b"message", signature)
    assert not ed25519((1 | 1 << 255).to_bytes(32, "little"), b"message", signature)
