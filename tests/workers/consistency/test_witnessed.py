"""`campus log verify` asks witnesses what they have cosigned: a log that was signed once more is not theirs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.proofs import witnesses
from adapters.proofs.files import ProofFiles
from adapters.proofs.http import TextAnswer
from adapters.proofs.witnesses import WitnessAddress, addresses
from adapters.settings import Settings
from adapters.witness.app import application
from adapters.witness.desk import Witness
from adapters.witness.state import WitnessState
from cli.up.plan import variables
from domain.proofs.checkpoint import Checkpoint
from domain.proofs.note import ED25519, Note, NoteError, Signer, signed
from domain.proofs.tiles import Tree, leaf_hashes
from domain.proofs.witness import AddCheckpoint, WitnessRefusal
from tests.support.campus_up import campus
from tests.support.proofs import beside, entries_of_log, notarising, signed_up_to, tamper, tree_of
from tests.support.witnesses import through
from tests.support.workers import writer
from workers.consistency.kept_checkpoints import Kept, add_witnessed, kept_here
from workers.consistency.log_check import check, head_of

SIZE = 300
URL = "https://witness.example"
THEIRS = WitnessAddress(URL)


@pytest.fixture
async def witness(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Witness]:
    """A campus with signed facts, and a witness that has cosigned them, which answers without a socket."""
    witness = Witness(WitnessState.open(tmp_path / "witness"))
    app = application(witness, None)
    monkeypatch.setattr(witnesses, "ask", lambda url: through(app, url))
    async with writer(settings) as facts:
        await facts.record_many(SIZE)
        async with notarising(beside(settings, tmp_path)):
            origin = (await signed_up_to(settings, SIZE)).origin
    witness.trust([each.verifier for each in ProofFiles(beside(settings, tmp_path)).signers(origin)])
    await witness.add(AddCheckpoint(0, (), await signed_again(settings, tmp_path)))
    yield witness
    witness.state.close()


async def signed_again(settings: Settings, directory: Path) -> Note:
    """The log as it is now under a checkpoint by the notary's key, in its file and the database, tiles included."""
    tree = await tree_of(settings)
    assert tree is not None
    again = Tree()
    tiles = again.add(leaf_hashes(await entries_of_log(settings)))
    files = ProofFiles(beside(settings, directory))
    note = signed(Checkpoint(tree.origin, again.size, again.root()).text, files.signers(tree.origin))
    files.keep_checkpoint(str(note))
    changes = [f"UPDATE proof_tree SET checkpoint = '{note}', size = {again.size}", "DELETE FROM proof_tiles"]
    rows = (f"({each.level}, {each.number}, '\\x{hashes.hex()}')" for each, hashes in tiles.items())
    tamper(settings, *changes, f"INSERT INTO proof_tiles (level, number, hashes) VALUES {', '.join(rows)}")
    return note


async def asked(settings: Settings, directory: Path, address: WitnessAddress, *, must_answer: bool = True) -> Kept:
    """What is kept here and by the witness."""
    kept = await kept_here(beside(settings, directory))
    await add_witnessed(kept, [address], must_answer=must_answer)
    return kept


async def test_what_a_witness_has_cosigned(settings: Settings, tmp_path: Path, witness: Witness) -> None:
    """A log that is as it was fits; one that was rewritten and signed with the stolen key fits all but the witness."""
    kept = await asked(settings, tmp_path, THEIRS)
    found = await check(settings, SIZE, checkpoints=kept.checkpoints)
    assert [(each["source"], each["ok"]) for each in found.checkpoints] == [
        ("the notary", True), ("the database", True), (f"the witness {URL}", True),
    ]  # fmt: skip
    tamper(settings, "UPDATE events SET data = data || ' ' WHERE position = 100")
    forged = await signed_again(settings, tmp_path)
    kept = await asked(settings, tmp_path, THEIRS)
    found = await check(settings, await head_of(settings), checkpoints=kept.checkpoints)
    assert [each["ok"] for each in found.checkpoints] == [True, True, False]
    assert [each["problem"] for each in found.problems] == [
        f"the first {SIZE} facts are not those under the checkpoint of the witness {URL}"
    ]
    with pytest.raises(WitnessRefusal):
        await witness.add(AddCheckpoint(SIZE, (), forged))
    (problem,) = (await asked(settings, tmp_path, THEIRS)).problems
    assert problem.startswith(f"the witness {URL} reports of {kept.checkpoints[0].checkpoint.origin}: two trees of one")


async def test_the_end_is_cut_off(settings: Settings, tmp_path: Path, witness: Witness) -> None:
    """Of the log, of the tree and of the notary's file: the witness has seen more."""
    tamper(settings, "DELETE FROM events WHERE position > 250", "UPDATE log_head SET position = 250")
    await signed_again(settings, tmp_path)
    kept = await asked(settings, tmp_path, THEIRS)
    found = await check(settings, 250, checkpoints=kept.checkpoints)
    (problem,) = found.problems
    assert (problem["position"], problem["problem"].partition(",")[0]) == (251, "the log ends at position 250")


async def test_a_witness_that_says_nothing(settings: Settings, tmp_path: Path, witness: Witness) -> None:
    """It is away, or knows another log: a problem if it was named, else it is said what was not checked."""
    origin = (await asked(settings, tmp_path, THEIRS)).checkpoints[0].checkpoint.origin
    witness.state.logs.clear()
    kept = await asked(settings, tmp_path, THEIRS, must_answer=False)
    assert (len(kept.checkpoints), kept.problems) == (2, [])
    assert kept.away[0].startswith(f"the witness {URL} says nothing: {URL}/checkpoint?origin=")
    assert origin.rpartition("/")[2] in kept.away[0]
    assert len((await asked(settings, tmp_path, THEIRS)).problems) == 1


async def test_a_witness_with_another_key(settings: Settings, tmp_path: Path, witness: Witness) -> None:
    """Where its keys are given, only they count."""
    right = WitnessAddress.of(f"{URL}/ {witness.keys[0].vkey}")
    assert (await asked(settings, tmp_path, right)).problems == []
    another = Signer(witness.keys[0].name, ED25519, b"9" * 32).verifier
    (problem,) = (await asked(settings, tmp_path, WitnessAddress(URL, (another,)))).problems
    assert problem.endswith("is not cosigned by its key")


@pytest.mark.parametrize("text", ["", "nothing", "[1]", '[{"kind": 1}]', "1"])
async def test_answers_that_are_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Whatever a server answers becomes a sentence."""

    async def ask(_url: str) -> TextAnswer:
        return TextAnswer(200, text)

    monkeypatch.setattr(witnesses, "ask", ask)
    with pytest.raises(witnesses.NoAnswer):
        await witnesses.alarms_of(THEIRS, "o")
    with pytest.raises(NoteError):
        await witnesses.cosigned_by(THEIRS, "o", [])


def test_where_witnesses_are() -> None:
    """As the setting has them; one on this machine proves little to others."""
    assert addresses(" https://a.example/ , http://127.0.0.1:7 ,") == [
        WitnessAddress("https://a.example"), WitnessAddress("http://127.0.0.1:7"),
    ]  # fmt: skip
    assert [each.is_here for each in addresses("https://a.example, http://localhost:7")] == [False, True]
    with pytest.raises(NoteError):
        addresses("https://a.example key")


@pytest.mark.processes
async def test_the_command(settings: Settings, tmp_path: Path) -> None:
    """A witness that is named has to answer; one of the settings may be away."""
    running = beside(settings, tmp_path)
    async with writer(settings) as facts:
        await facts.record_many(3)
        async with notarising(running):
            await signed_up_to(settings, 3)
    env = {**variables(running), "CAMPUS_PROOF_WITNESSES": "http://127.0.0.1:9"}
    away = campus("log", "verify", env=env)
    assert (away.returncode, "not checked: the witness http://127.0.0.1:9 says nothing" in away.stdout) == (0, True)
    named = campus("log", "verify", "--witness", "http://127.0.0.1:9", env=env)
    assert (named.returncode, "NOT whole" in named.stdout) == (1, True)
    wrong = campus("log", "verify", "--witness", "http://127.0.0.1:9 key", env=env)
    assert (wrong.returncode, "is no verifier key" in wrong.stderr) == (1, True)
