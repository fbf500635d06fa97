"""Dossiers of a campus that teaches and sells."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.dossier.errors import KeysElsewhere, NothingRecorded
from adapters.dossier.refold import differences
from adapters.dossier.verifier.checks import KEYS, check
from adapters.postgres.as_of.moments import MomentAhead
from adapters.postgres.connection import connect
from adapters.proofs.tree import keep_cosigned, stored_tree
from adapters.settings import Settings
from cli.up.plan import variables
from domain.proofs.errors import NotSignedYet
from domain.proofs.note import COSIGNATURE, ML_DSA_44, Signer, read_note
from domain.streams import is_reference, key_of
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.campus_up import campus as command
from tests.support.dossiers import dossier, laid_out, signed_campus, unzipped
from tests.support.proofs import beside, signed_up_to
from tests.support.workers import writer

pytestmark = pytest.mark.processes


async def test_a_dossier_from_a_campus_to_a_stranger(settings: Settings, tmp_path: Path) -> None:
    """For every learner, now and as of before: right, the same twice, alone in a directory, and folded again."""
    async with signed_campus(settings, tmp_path / "data") as campus, opened(settings) as log:
        facts = await log.read(0, await log.head())
        learners = sorted(
            {key_of(each.stream_id) for each in facts if each.stream_id.startswith(("enrollment-", "order-"))}
        )
        for learner in learners[:6]:
            first = next(each.position for each in facts if key_of(each.stream_id) == learner)
            for at in (None, (first + len(facts)) // 2):
                files = unzipped(await dossier(campus, learner, at))
                report = check(files)
                assert report.wrong == []
                assert report.statement is not None
                assert report.statement.position == (at or len(facts))
                own = [
                    each.position
                    for each in facts
                    if key_of(each.stream_id) == learner and each.position <= report.statement.position
                ]
                named = [
                    each.position
                    for each in facts
                    if each.data.get("learner_id") == learner
                    and key_of(each.stream_id) != learner
                    and each.position <= report.statement.position
                ]
                about = [each.position for each in report.facts if not is_reference(each.stream)]
                assert about == sorted(own + named)
                assert await differences(report, files, PROJECTIONS) == []
        again = await dossier(campus, learners[0])
        assert again == await dossier(campus, learners[0])
        alone = laid_out(unzipped(again), tmp_path / "alone")
        await asyncio.to_thread(by_command, campus, learners[0], tmp_path)
    ran = ran_alone(alone)
    assert ran.stdout.startswith(f"RIGHT. Dossier of learner {learners[0]} at position {len(facts)}.")
    line = (alone / "facts.jsonl").read_bytes()
    (alone / "facts.jsonl").write_bytes(line.replace(b"actor", b"actxr", 1))
    ran = ran_alone(alone)
    assert ran.returncode == 1
    assert "facts.jsonl was changed" in ran.stdout
    assert "the fact at position" in ran.stdout


def by_command(settings: Settings, learner_id: str, directory: Path) -> None:
    """`campus dossier` makes and verifies the same; what cannot be made or is not right is refused in a sentence."""
    file, env = directory / "dossier.zip", variables(settings)
    made = command("dossier", learner_id, "--known-at", "250", "--out", str(file), "--reason", "dispute 7", env=env)
    assert made.returncode == 0, made.stderr
    verified = command("dossier", "verify", str(file))
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.startswith(f"RIGHT. Dossier of learner {learner_id} at position 250.")
    assert verified.stdout.endswith("Folded again by this code, the facts make the same documents.\n")
    file.write_bytes(file.read_bytes().replace(b"actor", b"actxr", 1))
    wrong = command("dossier", "verify", str(file))
    assert wrong.returncode == 1
    assert "facts.jsonl was changed" in wrong.stderr
    for asked, sentence in (
        (("no-one",), "nothing is recorded about learner no-one"),
        ((learner_id, "--known-at", "1000000000"), "known_at is position 1000000000, and the log ends at position"),
        ((learner_id, "--out", str(directory / "none" / "x.zip")), "cannot be written: there is no directory"),
    ):
        refused = command("dossier", *asked, *(() if "--out" in asked else ("--out", str(file))), env=env)
        assert refused.returncode == 1
        assert sentence in refused.stderr


def ran_alone(directory: Path) -> subprocess.CompletedProcess[str]:
    """`python3 verify.py` in a directory, without what is installed."""
    run = [sys.executable, "-I", "verify.py"]
    return subprocess.run(run, cwd=directory, capture_output=True, text=True, check=False)


async def test_what_there_is_no_dossier_of(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner without facts, a position that is not signed yet or not recorded, and keys that are elsewhere."""
    monkeypatch.setattr("adapters.dossier.gather.WAIT", 0.0)
    async with signed_campus(settings, tmp_path) as campus:
        with pytest.raises(NothingRecorded, match="nothing is recorded about learner no-one up to position"):
            await dossier(campus, "no-one")
        with pytest.raises(MomentAhead):
            await dossier(campus, "bob", 10**9)
        with pytest.raises(KeysElsewhere, match="make the dossier where the notary runs"):
            await dossier(beside(settings, tmp_path / "elsewhere"), "bob")
        assert not (tmp_path / "elsewhere").exists()
    async with writer(settings) as more:
        await more.record_many(3)
    with pytest.raises(NotSignedYet, match="the newest checkpoint is of"):
        await dossier(campus, "bob")


async def test_a_checkpoint_that_a_witness_has_seen(settings: Settings, tmp_path: Path) -> None:
    """The newest that is cosigned and covers the position, though others are signed since; with the witness's keys."""
    witness = [Signer("witness.example/w1", kind, b"3" * 32) for kind in (COSIGNATURE, ML_DSA_44)]
    async with signed_campus(settings, tmp_path / "data") as campus, opened(settings) as log:
        facts = await log.read(0, await log.head())
        learner = next(key_of(each.stream_id) for each in facts if each.stream_id.startswith("enrollment-"))
        async with await connect(settings, application="test") as connection:
            stored = await stored_tree(connection)
            assert stored is not None
            note = read_note(stored.checkpoint)
            cosigned = note._replace(signatures=(*note.signatures, *(each.sign(note.text, 9) for each in witness)))
            keys = [each.verifier for each in witness]
            await keep_cosigned(connection, stored.origin, str(cosigned), keys)
        async with writer(settings) as more:
            await more.record_many(20)
            await signed_up_to(settings, len(facts) + 20)
        for at, size in ((len(facts) - 1, len(facts)), (None, None)):
            files = unzipped(await dossier(campus, learner, at))
            report = check(files)
            assert report.wrong == []
            assert report.checkpoint is not None
            assert size is None or report.checkpoint.size == size
            expected = witness if size else []
            assert [key.kind for key in [*report.checkpoint.named, *report.checkpoint.unchecked]] == [
                each.kind for each in expected
            ]
            assert (b"\nwitness " in files[KEYS]) is bool(size)
