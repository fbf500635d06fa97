"""
The directory of a witness: who it is, the last checkpoint of each log that it has cosigned, and its alarms.

Every file is replaced in one step and on disk before anything is said to others. One process at a time has the
directory.
"""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Self

from adapters.proofs.files import replace_durably
from domain.proofs.checkpoint import Checkpoint, read_checkpoint
from domain.proofs.note import COSIGNATURE, ML_DSA_44, SEED_SIZE, Note, NoteError, Signer, Verifier, is_name, read_note

IDENTITY, LOGS, ALARMS = "identity.json", "logs", "alarms.jsonl"
KINDS = {"ed25519": COSIGNATURE, "ml_dsa_44": ML_DSA_44}


class StateError(Exception):
    """The directory cannot be used, as a sentence."""


class KnownLog(NamedTuple):
    """
    A log that is witnessed.

    Attributes:
        keys: whose signature counts.
        last: what was cosigned last; None if nothing was.
    """

    origin: str
    keys: tuple[Verifier, ...]
    last: Note | None = None

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The checkpoint in `last`."""
        return read_checkpoint(self.last) if self.last else None


class WitnessState:
    """
    The state of one witness, read when it starts and kept in step with its directory.

    Attributes:
        signers: its keys.
        logs: by their origins.
    """

    def __init__(self, directory: Path, signers: tuple[Signer, ...], lock: int) -> None:
        self.directory = directory
        self.signers = signers
        self._lock = lock
        self.logs: dict[str, KnownLog] = {}
        self.alarms: list[dict[str, Any]] = []

    @classmethod
    def open(cls, directory: Path, name: str | None = None) -> Self:
        """
        Open the directory, or begin one, with new keys.

        Args:
            name: of a witness that begins; a random one if none is given.

        Raises:
            StateError: another process has it, it is damaged, or cannot be written.
        """
        with ExitStack() as stack, _sentences(directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            state = cls(directory, _signers(directory, name), lock)
            state._read()
            stack.pop_all()
        return state

    def close(self) -> None:
        """Let others have the directory."""
        os.close(self._lock)

    def keep(self, log: KnownLog) -> None:
        """Remember a log; on disk when this returns."""
        document = {
            "origin": log.origin,
            "keys": [each.vkey for each in log.keys],
            "last": str(log.last) if log.last else None,
        }
        name = f"{sha256(log.origin.encode()).hexdigest()[:32]}.json"
        replace_durably(self.directory / LOGS / name, json.dumps(document, indent=1))
        self.logs[log.origin] = log

    def alarm(self, alarm: dict[str, Any]) -> None:
        """Keep an alarm, which nothing takes away again; on disk when this returns."""
        with (self.directory / ALARMS).open("a") as file:
            file.write(f"{json.dumps(alarm)}\n")
            file.flush()
            os.fsync(file.fileno())
        self.alarms.append(alarm)

    def _read(self) -> None:
        for path in sorted((self.directory / LOGS).glob("*.json")):
            document = json.loads(path.read_text())
            last = read_note(document["last"]) if document["last"] else None
            log = KnownLog(document["origin"], tuple(map(Verifier.of, document["keys"])), last)
            if (checkpoint := log.checkpoint) is not None and checkpoint.origin != log.origin:
                raise ValueError(f"{path.name} has a checkpoint of another log")
            self.logs[log.origin] = log
        with suppress(FileNotFoundError):
            lines = (self.directory / ALARMS).read_text().splitlines(keepends=True)
            self.alarms = [json.loads(line) for line in lines if line.endswith("\n")]


@contextmanager
def _sentences(directory: Path) -> Iterator[None]:
    """Say in a sentence why the directory cannot be used."""
    try:
        yield
    except BlockingIOError:
        raise StateError(f"another witness uses {directory}: stop it, or take another directory") from None
    except OSError as error:
        raise StateError(f"{directory} cannot be used: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"{directory} is damaged: {error}. Its witness must not sign; begin another one") from error


def _signers(directory: Path, name: str | None) -> tuple[Signer, ...]:
    path = directory / IDENTITY
    if not path.exists():
        if any((directory / LOGS).glob("*")):
            raise StateError(
                f"{directory} has logs and no {IDENTITY}: a witness that has lost its keys begins elsewhere"
            )
        name = name or f"campuslog.invalid/witness/{secrets.token_hex(4)}"
        if not is_name(name):
            raise StateError(f"{name!r} is no name of a key: one word, without a plus")
        seeds = {kind: base64.b64encode(secrets.token_bytes(SEED_SIZE)).decode() for kind in KINDS}
        replace_durably(path, json.dumps({"name": name, **seeds}, indent=1))
    document = json.loads(path.read_text())
    if name not in (None, document["name"]):
        raise StateError(f"the witness of {directory} is called {document['name']}, and keeps its name")
    found = tuple(
        Signer(document["name"], number, base64.b64decode(document[kind], validate=True))
        for kind, number in KINDS.items()
    )
    if any(len(each.seed) != SEED_SIZE for each in found):
        raise NoteError(f"a key in {IDENTITY} has not {SEED_SIZE} bytes")
    return found
