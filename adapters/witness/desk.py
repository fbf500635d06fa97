"""
What a witness does with a checkpoint that is brought to it, and with the log that it looks at by itself.

One thing at a time: from the comparison with what was cosigned before until the new checkpoint is on disk. Only then
does the signature leave, so that whatever a kill interrupts, no two histories have it.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from adapters.proofs.http import ask
from adapters.witness.state import KnownLog, WitnessState
from domain.proofs.checkpoint import Checkpoint, hash_of, verified
from domain.proofs.note import Note, NoteError, Signature, Verifier, read_note
from domain.proofs.witness import AddCheckpoint, WitnessRefusal, admit, origin_of

POLL = 5.0  # seconds between two looks at the log
PAUSE = 1.0  # seconds until a log is asked again that has not answered
KINDS = {
    "forked": "two trees of one size are signed",
    "rewritten": "what was cosigned is not the beginning of what is signed now",
    "rolled back": "the log shows less than what was cosigned",
    "replaced": "another tree is shown in place of the one that was cosigned",
}


def _now() -> datetime:
    return datetime.now(UTC)


class Witness:
    """One witness; *now* is a clock that tests can move."""

    def __init__(self, state: WitnessState, now: Callable[[], datetime] = _now) -> None:
        self.state = state
        self._now = now
        self._turn = asyncio.Lock()

    @property
    def keys(self) -> list[Verifier]:
        """Its verifier keys."""
        return [each.verifier for each in self.state.signers]

    def trust(self, keys: Sequence[Verifier]) -> None:
        """Count signatures of these keys, which name their logs, from now on."""
        for origin in dict.fromkeys(each.name for each in keys):
            known = self.state.logs.get(origin, KnownLog(origin, ()))
            new = [each for each in keys if each.name == origin and each not in known.keys]
            if new:
                self.state.keep(known._replace(keys=(*known.keys, *new)))

    async def add(self, request: AddCheckpoint) -> str:
        """
        Cosign a checkpoint; returns the lines of the signatures.

        Raises:
            WitnessRefusal: it is not the continuation of the last one.
        """
        async with self._turn:
            log = self.state.logs.get(origin_of(request), KnownLog("", ()))
            try:
                admit(request, log.keys, log.checkpoint)
            except WitnessRefusal as refusal:
                if refusal.kind:
                    self._alarm(refusal.kind, log.origin, log.last, request.note, str(refusal))
                raise
            seconds = int(self._now().timestamp())
            signatures = tuple(each.sign(request.note.text, seconds) for each in self.state.signers)
            cosigned = Note(request.note.text, (*_of(request.note, log.keys), *signatures))
            await asyncio.to_thread(self.state.keep, log._replace(last=cosigned))
            return "".join(f"{each.line()}\n" for each in signatures)

    async def watch(self, url: str) -> None:
        """Look at the log at *url* until cancelled; the keys of one that is seen first are taken as they are."""
        while True:
            try:
                await self.look(url)
                pause = POLL
            except (NoteError, WitnessRefusal, ValueError, KeyError) as error:
                structlog.get_logger().warning("witness.cannot_look", log=url, error=str(error))
                pause = PAUSE
            await asyncio.sleep(pause)

    async def look(self, url: str) -> None:
        """
        Hold what the log shows to everyone against what was cosigned, and cosign it if it goes on from there.

        Raises:
            NoteError, WitnessRefusal, ValueError, KeyError: the log shows nothing that can be checked.
        """
        before = dict(self.state.logs)
        text = await _got(f"{url}/checkpoint")
        origin = text.partition("\n")[0]
        if origin not in before:
            if before:
                self._alarm("replaced", origin, next(iter(before.values())).last, read_note(text), url)
                return
            self.trust([Verifier.of(line) for line in (await _got(f"{url}/keys")).splitlines()])
            before = dict(self.state.logs)
        log = before[origin]
        shown, last = verified(text, log.keys), log.checkpoint or Checkpoint(origin, 0, b"")
        if shown.size < last.size:
            self._alarm("rolled back", origin, log.last, read_note(text), f"{shown.size} after {last.size}")
        elif shown.size > last.size or shown.root != last.root:
            await self._go_on(url, last.size, shown.size, read_note(text))

    async def _go_on(self, url: str, old: int, new: int, note: Note) -> None:
        hashes: list[bytes] = []
        if 0 < old < new:
            proof = json.loads(await _got(f"{url}/consistency?from={old}&to={new}"))
            hashes = [hash_of(each) for each in proof["hashes"]]
        try:
            await self.add(AddCheckpoint(old, tuple(hashes), note))
        except WitnessRefusal as refusal:
            if refusal.size is None and not refusal.kind:  # else it was brought meanwhile, or is an alarm already
                raise

    def _alarm(self, kind: str, origin: str, cosigned: Note | None, shown: Note, detail: str) -> None:
        """Report what the log did, with both signed checkpoints as evidence; once for each pair of them."""
        evidence = {"cosigned": str(cosigned) if cosigned else "", "shown": str(shown)}
        if any(evidence.items() <= each.items() for each in self.state.alarms):
            return
        at = self._now().isoformat()
        self.state.alarm({"at": at, "kind": kind, "origin": origin, "what": KINDS[kind], "detail": detail, **evidence})
        structlog.get_logger().error("witness.alarm", kind=kind, origin=origin, what=KINDS[kind], detail=detail)


async def _got(url: str) -> str:
    answer = await ask(url)
    if answer.status != 200:
        raise ValueError(f"{url} answers {answer.status or 'nothing'}: {answer.text[:200]}")
    return answer.text


def _of(note: Note, keys: Sequence[Verifier]) -> tuple[Signature, ...]:
    """The signatures of known keys; those of others say nothing, and are not passed on."""
    return tuple(each for each in note.signatures if any((key.name, key.key_id) == each[:2] for key in keys))
