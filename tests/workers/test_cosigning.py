"""The notary has its checkpoints cosigned: a witness that has seen more than the log shows refuses, and it is said."""

import base64
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.embedded.secrets import free_port
from adapters.proofs.files import ProofFiles
from adapters.proofs.http import ask
from adapters.settings import Settings
from adapters.witness.app import application
from adapters.witness.desk import Witness
from adapters.witness.state import WitnessState
from api.app import build
from domain.proofs.checkpoint import check_proof, read_checkpoint
from domain.proofs.note import COSIGNATURE, ED25519, ML_DSA_44, Note, Verifier, read_note, signed_by
from tests.support.api import served
from tests.support.campus_up import CAMPUS, environment
from tests.support.polling import until
from tests.support.proofs import beside, entries_of_log, notarising, signed_up_to, tamper, tree_of
from tests.support.witnesses import through
from tests.support.workers import writer
from workers import cosigning, notary


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A witness that has failed is asked again at once."""
    for module, name in ((cosigning, "PAUSE"), (cosigning, "AWAY_PAUSE"), (notary, "REFUSED_PAUSE")):
        monkeypatch.setattr(module, name, 0.05)


@pytest.fixture
async def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Witness]:
    """A witness that answers the notary without a socket."""
    witness = Witness(WitnessState.open(tmp_path / "witness"))
    app = application(witness, None)
    monkeypatch.setattr(cosigning, "ask", lambda url, body=None: through(app, url, body))
    yield witness
    witness.state.close()


def witnessed(settings: Settings, directory: Path, url: str = "http://witness") -> Settings:
    """A campus with a witness."""
    return beside(settings, directory).model_copy(update={"proof_witnesses": url})


async def cosigned_up_to(settings: Settings, position: int) -> Note:
    """The newest cosigned checkpoint, once it covers a position."""
    found: list[Note] = []

    async def is_there() -> bool:
        tree = await tree_of(settings)
        found[:] = [read_note(tree.cosigned)] if tree is not None and tree.cosigned else []
        return bool(found) and read_checkpoint(found[0]).size >= position

    await until(is_there)
    return found[0]


def trust(witness: Witness, running: Settings, origin: str) -> list[Verifier]:
    """Let the witness know the log's keys."""
    keys = [each.verifier for each in ProofFiles(running).signers(origin)]
    witness.trust(keys)
    return keys


async def test_what_is_signed_is_cosigned(settings: Settings, tmp_path: Path, witness: Witness) -> None:
    """With the checkpoint, and in each proof; a witness that knows more than the notary says where to begin."""
    running = witnessed(settings, tmp_path)
    async with writer(settings) as facts:
        await facts.record_many(300)
        async with notarising(running):
            origin = (await signed_up_to(settings, 300)).origin
            keys = trust(witness, running, origin)
            note = await cosigned_up_to(settings, 300)
            kinds = [each.kind for each in signed_by(note, [*keys, *witness.keys])]
            assert kinds == [ED25519, COSIGNATURE, ML_DSA_44]
        await facts.record_many(400)
        async with notarising(running):
            await cosigned_up_to(settings, 700)
    async with served(build(settings)) as client:
        shown = await client.get("/v1/proofs/checkpoint")
        older = await client.get("/v1/proofs/checkpoint", params={"cosigned": "true"})
        assert shown.text == older.text
        assert len(signed_by(read_note(shown.text), [*keys, *witness.keys])) == 3
        proof = await client.get("/v1/proofs/inclusion", params={"position": 513})
        check_proof(proof.text, (await entries_of_log(settings))[512], keys)
        ours = [each for each in witness.keys if each.kind == COSIGNATURE]
        assert signed_by(read_note(proof.text.partition("\n\n")[2]), ours) == ours
        assert len(proof.content) <= 1_500


async def test_a_log_that_went_back_with_all_that_is_beside_it(
    settings: Settings, tmp_path: Path, witness: Witness
) -> None:
    """Database and files of yesterday: the notary sees nothing, the witness does, and is heard."""
    running = witnessed(settings, tmp_path)
    async with writer(settings) as facts:
        await facts.record_many(300)
        async with notarising(running):
            origin = (await signed_up_to(settings, 300)).origin
            trust(witness, running, origin)
            await cosigned_up_to(settings, 300)
        yesterday = await tree_of(settings)
        assert yesterday is not None
        await facts.record_many(40)
        async with notarising(running):
            await cosigned_up_to(settings, 340)
    ProofFiles(running).keep_checkpoint(yesterday.checkpoint)
    tamper(
        settings,
        "DELETE FROM events WHERE position > 300",
        "UPDATE log_head SET position = 300",
        f"UPDATE proof_tree SET size = 300, checkpoint = '{yesterday.checkpoint}', cosigned = ''",
        "UPDATE proof_tiles SET hashes = substr(hashes, 1, 44 * 32) WHERE (level, number) = (0, 1)",
    )
    async with notarising(running) as going:
        await until(lambda: "went back" in going.witness_trouble)
        assert "has cosigned 340 facts, and 300 are signed here" in going.witness_trouble
    async with writer(settings) as facts:
        for number in range(60):
            await facts.record((f"another-{number}", "click", 1))
    async with notarising(running) as going:
        await until(lambda: "answers 422" in going.witness_trouble)
    assert [alarm["kind"] for alarm in witness.state.alarms] == ["rewritten"]


async def test_a_witness_that_is_away_or_strange(settings: Settings, tmp_path: Path, witness: Witness) -> None:
    """The notary goes on signing, and says so after some failures; with keys of a setting others do not count."""
    other = WitnessState.open(tmp_path / "other")
    setting = f"http://witness {other.signers[0].verifier.vkey}"
    async with writer(settings) as facts:
        await facts.record_many(20)
        for url, said in (("http://witness", "is not known here"), (setting, "with other keys than its own")):
            running = witnessed(settings, tmp_path, url)
            async with notarising(running) as going:
                origin = (await signed_up_to(settings, 20)).origin
                await until(lambda going=going, said=said: said in going.witness_trouble)  # type: ignore[misc]
            trust(witness, running, origin)
    tree = await tree_of(settings)
    assert tree is not None
    assert tree.cosigned == ""


@pytest.mark.processes
async def test_a_witness_in_a_process_of_its_own(settings: Settings, tmp_path: Path) -> None:
    """`campus witness` answers over HTTP as the specification has it; a second one with its directory is refused."""
    async with writer(settings) as facts:
        await facts.record_many(30)
    async with notarising(beside(settings, tmp_path)):
        origin = (await signed_up_to(settings, 30)).origin
    (key,) = [each.verifier.vkey for each in ProofFiles(beside(settings, tmp_path)).signers(origin)]
    port = free_port()
    command = [
        *CAMPUS,
        "witness",
        "--state",
        str(tmp_path / "w"),
        "--key",
        key,
        "--port",
        str(port),
        "--name",
        "w.test/1",
    ]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, env=environment({})) as process:  # noqa: ASYNC220
        try:
            await until(lambda: _answers(url))
            second = subprocess.run(command, env=environment({}), capture_output=True, text=True, check=False)  # noqa: ASYNC221
            assert (second.returncode, "another witness uses" in second.stderr) == (1, True)
            for body, status in (("old 7\n\nx", 400), ("", 400), (base64.b64encode(bytes(9)).decode(), 400)):
                assert (await ask(f"{url}/add-checkpoint", body)).status == status
            async with notarising(witnessed(settings, tmp_path, url)):
                note = await cosigned_up_to(settings, 30)
            keys = [Verifier.of(line) for line in (await ask(f"{url}/keys")).text.splitlines()]
            assert [each.name for each in signed_by(note, keys)] == ["w.test/1", "w.test/1"]
            assert (await ask(f"{url}/checkpoint?origin={origin}")).text.startswith(note.text)
            assert (await ask(f"{url}/alarms")).text == "[]"
        finally:
            process.terminate()


async def _answers(url: str) -> Any:
    return (await ask(f"{url}/keys")).status == 200
