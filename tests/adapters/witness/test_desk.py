"""A witness with its directory: killed at any step it never signs two histories, and reports what a log does."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.proofs.http import TextAnswer
from adapters.witness import desk
from adapters.witness import state as states
from adapters.witness.desk import Witness
from adapters.witness.state import StateError, WitnessState
from domain.proofs.checkpoint import hash_lines, read_checkpoint
from domain.proofs.note import COSIGNATURE, ML_DSA_44, Note, read_note, read_signatures, signed_by
from domain.proofs.witness import AddCheckpoint, WitnessRefusal
from tests.domain.proofs.test_witness import LEAVES, LOG, request, tree

OTHER = [*LEAVES[:50], LEAVES[51], LEAVES[50], *LEAVES[52:]]


class Died(BaseException):
    """What ends a witness in the middle, as a kill would."""


def opened(directory: Path) -> Witness:
    """A witness that trusts the log."""
    witness = Witness(WitnessState.open(directory))
    witness.trust([LOG.verifier])
    return witness


async def add(witness: Witness, asked: AddCheckpoint) -> None:
    """Have a checkpoint cosigned by both keys of the witness, verified."""
    note = Note(asked.note.text, read_signatures(await witness.add(asked)))
    assert [each.kind for each in signed_by(note, witness.keys)] == [COSIGNATURE, ML_DSA_44]


async def test_it_remembers_what_it_has_cosigned(tmp_path: Path) -> None:
    """Also after a restart, under the same name and keys; the same checkpoint is cosigned once more."""
    witness = opened(tmp_path)
    await add(witness, request(0, 100))
    await add(witness, request(100, 300))
    keys = witness.keys
    witness.state.close()
    again = opened(tmp_path)
    assert again.keys == keys
    await add(again, request(300, 300))
    with pytest.raises(WitnessRefusal, match="of 300, not of 100"):
        await again.add(request(100, 300, OTHER))
    with pytest.raises(WitnessRefusal):
        await again.add(request(300, 600, OTHER))
    assert [alarm["kind"] for alarm in again.state.alarms] == ["rewritten"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["_write", "replace", "fsync", "fsync of the directory"])
async def test_it_dies_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, when: str) -> None:
    """Whatever it had done: it goes on, and nothing that contradicts what it may have signed is signed."""
    witness = opened(tmp_path)
    await add(witness, request(0, 100))
    left = [2 if "directory" in step else 1]

    def dying(original: Callable[..., Any]) -> Callable[..., Any]:
        def dies(*arguments: Any, **more: Any) -> Any:
            left[0] -= 1
            result = original(*arguments, **more) if left[0] or when == "after" else None
            if not left[0]:
                raise Died
            return result

        return dies

    where: tuple[Any, str] = {
        "_write": (states, "replace_durably"),
        "replace": (Path, "replace"),
    }.get(step, (os, "fsync"))
    with monkeypatch.context() as patched:
        patched.setattr(*where, dying(getattr(*where)))
        with pytest.raises(Died):
            await witness.add(request(100, 300))
    witness.state.close()
    again = opened(tmp_path)
    last = again.state.logs[LOG.name].checkpoint
    assert last in (tree(100)[0], tree(300)[0])
    with pytest.raises(WitnessRefusal):
        await again.add(request(last.size, 400, OTHER))
    await add(again, request(last.size, 300))


async def test_requests_at_once(tmp_path: Path) -> None:
    """One of two that begin at the same size is taken, the other has to begin again."""
    witness = opened(tmp_path)
    await add(witness, request(0, 100))
    asked = [witness.add(request(100, size)) for size in (300, 200, 400)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(each, str) for each in found] == [True, False, False]
    assert witness.state.logs[LOG.name].checkpoint == tree(300)[0]


async def test_one_process_at_a_time_has_the_directory(tmp_path: Path) -> None:
    """Two witnesses with one state would sign two histories."""
    witness = opened(tmp_path)
    with pytest.raises(StateError, match="another witness uses"):
        WitnessState.open(tmp_path)
    witness.state.close()
    WitnessState.open(tmp_path).close()


async def test_a_directory_that_is_damaged(tmp_path: Path) -> None:
    """It signs nothing: a file that is cut off, of another log, and keys that are gone or wrong."""
    witness = opened(tmp_path)
    await add(witness, request(0, 100))
    witness.state.close()
    (log,) = (tmp_path / "logs").glob("*.json")
    kept, identity = log.read_text(), (tmp_path / "identity.json").read_text()
    for path, text, said in (
        (log, kept[:-40], "damaged"),
        (log, kept.replace("0011223344556677", "0011223344556678", 1), "damaged"),
        (tmp_path / "identity.json", "", "damaged"),
        (tmp_path / "identity.json", identity.replace('"ed25519": "', '"ed25519": "AA'), "damaged"),
    ):
        before = path.read_text()
        path.write_text(text)
        with pytest.raises(StateError, match=said):
            WitnessState.open(tmp_path)
        path.write_text(before)
    (tmp_path / "identity.json").unlink()
    with pytest.raises(StateError, match="lost its keys"):
        WitnessState.open(tmp_path)
    with pytest.raises(StateError, match="cannot be used"):
        WitnessState.open(log)
    with pytest.raises(StateError, match="no name of a key"):
        WitnessState.open(tmp_path / "new", "a+b")


class Shown:
    """What a log shows to everyone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.note = self.keys = ""
        self.hashes: list[str] = []
        monkeypatch.setattr(desk, "ask", self.ask)

    def show(self, size: int, leaves: list[bytes] | None = None, old: int = 0) -> None:
        """Show a checkpoint, with the proof that it continues *old*."""
        asked = request(old, size, leaves)
        self.note, self.keys, self.hashes = str(asked.note), f"{LOG.verifier.vkey}\n", hash_lines(asked.hashes)

    async def ask(self, url: str) -> TextAnswer:
        """As over HTTP."""
        name = url.removeprefix("http://campus/v1/proofs/").partition("?")[0]
        proof = json.dumps({"hashes": self.hashes})
        return TextAnswer(200, {"checkpoint": self.note, "keys": self.keys, "consistency": proof}[name])


async def test_it_looks_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log's keys are taken at first sight; what it shows is held against the last; a misdeed is reported once."""
    shown = Shown(monkeypatch)
    witness = Witness(WitnessState.open(tmp_path))
    for size, leaves, old, kinds in (
        (100, None, 0, []),
        (300, None, 100, []),
        (300, None, 300, []),
        (200, None, 0, ["rolled back"]),
        (200, None, 0, ["rolled back"]),
        (300, OTHER, 0, ["rolled back", "forked"]),
        (400, OTHER, 300, ["rolled back", "forked", "rewritten"]),
        (600, None, 300, ["rolled back", "forked", "rewritten"]),
    ):
        shown.show(size, leaves, old)
        await witness.look("http://campus/v1/proofs")
        assert [alarm["kind"] for alarm in witness.state.alarms] == kinds, size
    last = witness.state.logs[LOG.name].last
    assert last is not None
    assert read_checkpoint(last) == tree(600)[0]
    assert len(last.signatures) == 3
    for alarm in witness.state.alarms:
        assert signed_by(read_note(alarm["cosigned"]), witness.keys)
        assert signed_by(read_note(alarm["shown"]), [LOG.verifier])
    witness.state.close()
    assert len(WitnessState.open(tmp_path).alarms) == 3


async def test_another_tree_in_place_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its keys are not taken by themselves: a person names them, if it is right so."""
    shown = Shown(monkeypatch)
    witness = Witness(WitnessState.open(tmp_path))
    shown.show(100)
    await witness.look("http://campus/v1/proofs")
    shown.note = shown.note.replace("0011223344556677", "9911223344556677")
    await witness.look("http://campus/v1/proofs")
    assert ([alarm["kind"] for alarm in witness.state.alarms], list(witness.state.logs)) == (["replaced"], [LOG.name])
