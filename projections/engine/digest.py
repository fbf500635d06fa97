"""Digests of rows: what two generations, or a read model and the log, are compared by."""

import hashlib

import msgspec

from projections.engine.projection import RowKey

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


def row_digest(row: msgspec.Struct) -> bytes:
    """128 bits that stand for the content of a row, wherever it is kept."""
    plain = _decode(_encode(row))  # all keys text: those that are numbers cannot be sorted
    return hashlib.blake2b(_encode_sorted(plain), digest_size=16).digest()


class ContentDigest:
    """One digest of many rows, whatever their order: the sum of the rows' digests with their table's name."""

    def __init__(self) -> None:
        self.rows = 0
        self._total = 0

    def add(self, key: RowKey, digest: bytes) -> None:
        """Count in a row, by its `row_digest`."""
        keyed = hashlib.blake2b(digest, key=key.table.name.encode()[:64], digest_size=16)
        self._total += int.from_bytes(keyed.digest())
        self.rows += 1

    def hexdigest(self) -> str:
        """The digest in hex."""
        return f"{self._total % 2**128:032x}"
