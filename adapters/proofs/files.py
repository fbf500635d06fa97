"""
What the notary keeps outside of PostgreSQL: its keys, and the newest checkpoint that it has signed.

A database that is put back to yesterday takes its own tables back, too. This file is not part of it, so the notary sees
that it has signed more than the log has.
"""

import base64
import binascii
import os
import secrets
from pathlib import Path

from adapters.settings import Settings
from domain.proofs.note import ED25519, SEED_SIZE, Signer

KEYS, CHECKPOINT = "keys", "checkpoint"


class BadKeys(Exception):
    """The keys of the notary cannot be used, as a sentence."""


class ProofFiles:
    """
    The files of one campus, in `DATA/proofs/CAMPUS`.

    Attributes:
        directory: where they are.
    """

    def __init__(self, settings: Settings) -> None:
        self.directory = settings.data_dir / "proofs" / settings.name
        self._given = settings.proof_keys
        self._read_of: os.stat_result | None = None  # the file of the keys as it was read last
        self._seeds: list[bytes] = []
        self._signers: dict[str, list[Signer]] = {}

    @property
    def has_keys(self) -> bool:
        """Whether keys are here; `seeds` makes one if not."""
        return bool(self._given) or (self.directory / KEYS).exists()

    def seeds(self) -> list[bytes]:
        """
        The private keys, the newest first: those of the settings, else of the file, which is made if it is missing.

        The file is read again when it was replaced or has changed.

        Raises:
            BadKeys: a line is no key.
        """
        if self._given:
            return _read(self._given.replace(",", "\n"), "CAMPUS_PROOF_KEYS")
        path = self.directory / KEYS
        if not path.exists():
            self._write_seeds([secrets.token_bytes(SEED_SIZE)])
        now = path.stat()
        if self._read_of is None or _version_of(now) != _version_of(self._read_of):
            self._seeds, self._read_of = _read(path.read_text(), str(path)), now
        return self._seeds

    def signers(self, origin: str) -> list[Signer]:
        """What signs the checkpoints of a tree: every key, so that one can be replaced while both are known."""
        seeds = self.seeds()
        if [each.seed for each in self._signers.get(origin, [])] != seeds:
            self._signers[origin] = [Signer(origin, ED25519, seed) for seed in seeds]
        return self._signers[origin]

    def add_key(self) -> None:
        """Make another key, which signs beside those that there are."""
        self._write_seeds([secrets.token_bytes(SEED_SIZE), *self.seeds()])

    def retire_keys(self) -> int:
        """Forget all keys but the newest; returns how many that were."""
        newest, *older = self.seeds()
        self._write_seeds([newest])
        return len(older)

    def checkpoint(self) -> str | None:
        """The newest checkpoint that was signed here; None if there is none."""
        try:
            return (self.directory / CHECKPOINT).read_text()
        except FileNotFoundError:
            return None

    def keep_checkpoint(self, note: str) -> None:
        """Remember what was signed; on disk when this returns."""
        replace_durably(self.directory / CHECKPOINT, note)

    def put_aside(self, origin: str) -> None:
        """Keep what was signed last under another name, since it proves what was signed; on disk when this returns."""
        if (note := self.checkpoint()) is not None:
            replace_durably(self.directory / f"{CHECKPOINT}.{origin.rpartition('/')[2]}", note)

    def _write_seeds(self, seeds: list[bytes]) -> None:
        if self._given:
            raise BadKeys("the keys are those of CAMPUS_PROOF_KEYS: change them there")
        replace_durably(self.directory / KEYS, "".join(f"{base64.b64encode(seed).decode()}\n" for seed in seeds))


def replace_durably(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only, and on disk when this returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.new")
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 - has no mode
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _version_of(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(text: str, where: str) -> list[bytes]:
    try:
        seeds = [base64.b64decode(line, validate=True) for line in text.split()]
    except binascii.Error:
        seeds = []
    if not seeds or any(len(seed) != SEED_SIZE for seed in seeds):
        raise BadKeys(f"{where} has no keys: each is {SEED_SIZE} random bytes in base64 (`openssl rand -base64 32`)")
    return seeds
