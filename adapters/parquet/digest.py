"""
One digest of what an export holds, which does not depend on how the facts are cut into pages and files.

The log is cut at fixed positions into blocks. A block's digest is the SHA-256 of five SHA-256 digests: of its records,
stream ids, types, data and meta (`source.Rows`). The digest of the content is a chain: SHA-256 of the digest of all
before the block, 32 zero bytes at first, and the block's. The last block may be incomplete.

To continue takes the digest of all before the last block, and reads that block again, which also shows whether the
log is the one that was exported.
"""

from hashlib import sha256

from adapters.parquet.source import FactBuffers

BLOCK = 1 << 16  # positions
NOTHING = bytes(32)
PARTS = 5


class Content:
    """
    The digest of all facts up to a position.

    Args:
        position: a multiple of `BLOCK`; the facts after it will be added.
        before: digest of everything up to there.
    """

    def __init__(self, position: int = 0, before: bytes = NOTHING) -> None:
        self.position = position
        self.before = before
        self._parts = [sha256() for _ in range(PARTS)]
        self._fresh = True

    @property
    def digest(self) -> bytes:
        """Of all facts up to the position."""
        if self._fresh:
            return self.before
        return sha256(self.before + sha256(b"".join(part.digest() for part in self._parts)).digest()).digest()

    def add(self, rows: FactBuffers) -> None:
        """Add the facts after the position, which must belong to one block."""
        if not self._fresh and self.position % BLOCK == 0:
            self.before = self.digest
            self._parts = [sha256() for _ in range(PARTS)]
        for part, values in zip(self._parts, rows[1:], strict=True):
            part.update(values)
        self._fresh = False
        self.position += rows.facts


def block_start(position: int) -> int:
    """The position after which the block of *position* begins."""
    return max(position - 1, 0) // BLOCK * BLOCK


def block_end(after: int) -> int:
    """The last position of the block of the position that follows *after*."""
    return (after // BLOCK + 1) * BLOCK
