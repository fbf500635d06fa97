"""
Where witnesses are, as settings and options name them, and what they answer to anyone: checkpoints and alarms.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from adapters.proofs.http import ask
from domain.proofs.checkpoint import Checkpoint, verified
from domain.proofs.note import NoteError, Verifier, read_note

HERE = {"127.0.0.1", "::1", "localhost"}


class NoAnswer(Exception):
    """A witness is away, or has not seen the log yet, as a sentence."""


class WitnessAddress(NamedTuple):
    """
    A witness that can be asked.

    Attributes:
        keys: whose cosignature counts; none for those that it says it has.
    """

    url: str
    keys: tuple[Verifier, ...] = ()

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, as the one for demonstration: who owns this machine can change it, too."""
        return urlsplit(self.url).hostname in HERE

    @classmethod
    def of(cls, text: str) -> "WitnessAddress":
        """Read `URL KEY KEY`; raises NoteError."""
        url, *keys = text.split()
        return cls(url.rstrip("/"), tuple(map(Verifier.of, keys)))


def addresses(setting: str) -> list[WitnessAddress]:
    """Those of CAMPUS_PROOF_WITNESSES; raises NoteError."""
    return [WitnessAddress.of(each) for each in setting.split(",") if each.strip()]


async def cosigned_by(witness: WitnessAddress, origin: str, keys: Sequence[Verifier]) -> Checkpoint:
    """
    The last checkpoint of a tree that a witness has cosigned.

    Args:
        keys: those of the log.

    Raises:
        NoAnswer: it is away, or has cosigned nothing of this tree.
        NoteError: the answer is signed by neither of them as it has to be.
    """
    known = witness.keys or tuple(Verifier.of(line) for line in (await _got(f"{witness.url}/keys")).splitlines())
    text = await _got(f"{witness.url}/checkpoint?origin={quote(origin, safe='')}")
    note = read_note(text)
    if not [each for each in known if each.has_signed(note)]:
        raise NoteError(f"what the witness {witness.url} shows is not cosigned by its key")
    return verified(text, keys, origin)


async def alarms_of(witness: WitnessAddress, origin: str) -> list[dict[str, Any]]:
    """What a witness reports of a tree; raises NoAnswer."""
    text = await _got(f"{witness.url}/alarms")
    try:
        return [each for each in json.loads(text) if each["origin"] == origin]
    except (ValueError, TypeError, KeyError):
        raise NoAnswer(f"{witness.url}/alarms is no list of alarms: {text[:80]!r}") from None


async def _got(url: str) -> str:
    answer = await ask(url)
    if answer.status == 200:
        return answer.text
    said = answer.text.strip()[:200]
    raise NoAnswer(f"{url} answers {answer.status}: {said}" if answer.status else f"no answer of {said}")
