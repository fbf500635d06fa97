"""The log is held against what was signed: every change behind its back is found, and the first position named."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.postgres.queries.reader import Reader
from adapters.proofs.files import CHECKPOINT, ProofFiles
from adapters.proofs.publish import publish
from adapters.settings import Settings
from cli.up.plan import variables
from domain.proofs.checkpoint import Checkpoint
from domain.proofs.note import signed
from domain.proofs.tiles import Tree, leaf_hashes
from tests.support.campus_up import campus
from tests.support.proofs import beside, entries_of_log, notarising, signed_up_to, tamper, tree_of
from tests.support.workers import Writer, writer
from workers.consistency import log_check, log_part
from workers.consistency.kept_checkpoints import kept_here, read, read_files
from workers.consistency.log_check import check, head_of
from workers.consistency.log_part import Findings

SIZE = 700


@pytest.fixture
async def facts(settings: Settings, tmp_path: Path) -> AsyncIterator[Writer]:
    """A campus with 700 facts that are signed and published."""
    async with writer(settings) as facts:
        await facts.record_many(SIZE)
        async with notarising(beside(settings, tmp_path)):
            await signed_up_to(settings, SIZE)
        yield facts


async def verdict(settings: Settings, directory: Path, published: Path | None = None) -> Findings:
    """What the check finds, against all that was kept."""
    kept = await kept_here(beside(settings, directory))
    given = [read_files(published / CHECKPOINT, [], published / "keys")] if published else []
    checkpoints = [*kept.checkpoints, *given]
    found = await check(settings, await head_of(settings), checkpoints=checkpoints, published=published)
    for problem in kept.problems:
        found.add(problem)
    return found


async def publish_to(settings: Settings, directory: Path) -> Path:
    """Publish the tree, to be kept elsewhere."""
    reader = Reader(settings)
    await reader.open()
    await publish(reader, directory, lambda _: lambda _: None)
    await reader.close()
    return directory


def first(found: Findings) -> int:
    """The first position that a problem names."""
    positions: list[int] = [problem["position"] for problem in found.problems if "position" in problem]
    return min(positions)


MOVED = "UPDATE events SET {0} WHERE position = {1}"
TAMPERING = {
    "stream_version": (["stream_version = stream_version + 100"], 300),
    "stream_id": (["stream_id = 'progress-another:run'", "stream_version = 1"], 300),
    "type": (["type = 'progress.unit_opened'"], 256),
    "schema_version": (["schema_version = 2"], 257),
    "partition": (["partition = (partition + 1) % 64"], 512),
    "data": (["data = set_bit(data, 9, 1 - get_bit(data, 9))"], 1),
    "meta": (["meta = set_bit(meta, 140, 1 - get_bit(meta, 140))"], 700),
    "blank": (["data = data || ' '"], 513),
    "occurred_at": (["occurred_at = occurred_at + interval '1 microsecond'"], 699),
    "recorded_at": (["recorded_at = recorded_at - interval '1 microsecond'"], 2),
}


@pytest.mark.parametrize(("changes", "position"), TAMPERING.values(), ids=TAMPERING)
async def test_a_changed_column(
    settings: Settings, tmp_path: Path, facts: Writer, changes: list[str], position: int
) -> None:
    """A change in any column of one row is found at its position, and nowhere else, by tiles of here or elsewhere."""
    whole = await verdict(settings, tmp_path)
    assert (whole.problems, [each["ok"] for each in whole.checkpoints]) == ([], [True, True])
    site = await publish_to(settings, tmp_path / "site")
    tamper(settings, MOVED.format(", ".join(changes), position))
    for published in (None, site):
        found = await verdict(settings, tmp_path, published)
        changed = [each["position"] for each in found.problems if "not the one that was signed" in each["problem"]]
        assert (changed, first(found), not any(each["ok"] for each in found.checkpoints)) == (
            [position],
            position,
            True,
        )


REST = "type, schema_version, partition, data, meta, occurred_at, recorded_at"
MOVE = "UPDATE events SET position = "
ROWS = {
    "deleted": (["DELETE FROM events WHERE position = 300"], 300),
    "closed": (
        [
            "DELETE FROM events WHERE position = 300",
            f"{MOVE} -position WHERE position > 300",
            f"{MOVE} -position - 1 WHERE position < 0",
            "UPDATE log_head SET position = 699",
        ],
        300,
    ),
    "inserted": (
        [
            f"{MOVE} -position WHERE position >= 300",
            f"{MOVE} -position + 1 WHERE position < 0",
            f"INSERT INTO events SELECT 300, 'progress-new:run', 1, {REST} FROM events WHERE position = 299",
            "UPDATE log_head SET position = 701",
        ],
        300,
    ),
    "swapped": (
        [f"{MOVE} 0 WHERE position = 20", f"{MOVE} 20 WHERE position = 600", f"{MOVE} 600 WHERE position = 0"],
        20,
    ),
    "cut off": (["DELETE FROM events WHERE position > 650", "UPDATE log_head SET position = 650"], 651),
    "emptied": (["DELETE FROM events", "UPDATE log_head SET position = 0"], 1),
}


@pytest.mark.parametrize(("statements", "position"), ROWS.values(), ids=ROWS)
async def test_rows_that_are_not_in_their_place(
    settings: Settings, tmp_path: Path, facts: Writer, statements: list[str], position: int
) -> None:
    """A row taken out, put in, swapped, or the end cut off, with positions made dense again: from where on is named."""
    tamper(settings, *statements)
    found = await verdict(settings, tmp_path)
    assert (found.count > 0, first(found)) == (True, position)


async def test_a_rewritten_log_with_a_tree_signed_by_the_stolen_key(
    settings: Settings, tmp_path: Path, facts: Writer
) -> None:
    """Only what was kept elsewhere shows it: the checkpoint that it is so, the published tiles from where on."""
    site = await publish_to(settings, tmp_path / "site")
    tamper(settings, "UPDATE events SET data = data || ' ' WHERE position BETWEEN 100 AND 130")
    stolen = ProofFiles(beside(settings, tmp_path))
    begun = await tree_of(settings)
    assert begun is not None
    entries = await entries_of_log(settings)
    again = Tree()
    tiles = again.add(leaf_hashes(entries))
    note = str(signed(Checkpoint(begun.origin, SIZE, again.root()).text, stolen.signers(begun.origin)))
    stolen.keep_checkpoint(note)
    with psycopg.connect(settings.postgres_owner_url) as owner:
        owner.execute(f"SET search_path TO {settings.schema_name}".encode())
        owner.execute("UPDATE proof_tree SET checkpoint = %s", [note])
        for tile, hashes in tiles.items():
            owner.execute("UPDATE proof_tiles SET hashes = %s WHERE (level, number) = (%s, %s)", [hashes, *tile])
    assert (await verdict(settings, tmp_path)).count == 0
    keys = [each.verifier for each in stolen.signers(begun.origin)]
    alone = await check(settings, SIZE, checkpoints=[read((site / "checkpoint").read_text(), "a reader", keys)])
    assert [each["problem"] for each in alone.problems] == [
        "the first 700 facts are not those under the checkpoint of a reader"
    ]
    found = await verdict(settings, tmp_path, site)
    named = [each["position"] for each in found.problems if "not the one that was signed" in each["problem"]]
    assert named == list(range(100, 131))


async def test_a_wrong_tile_is_no_wrong_fact(settings: Settings, tmp_path: Path, facts: Writer) -> None:
    """The tiles are never the truth: the checkpoint says that the facts are right, and a tile is wrong."""
    tamper(settings, "UPDATE proof_tiles SET hashes = set_byte(hashes, 40, 255 - get_byte(hashes, 40)) WHERE level = 0")
    found = await verdict(settings, tmp_path)
    assert [each["ok"] for each in found.checkpoints] == [True, True]
    assert {each["problem"] for each in found.problems} == {
        "the stored tile of this fact is wrong; the fact is the one that was signed"
    }
    assert first(found) == 2


async def test_a_checkpoint_that_was_changed(settings: Settings, tmp_path: Path, facts: Writer) -> None:
    """Its signature is wrong, which is a finding."""
    tamper(settings, "UPDATE proof_tree SET checkpoint = replace(checkpoint, '700', '699')")
    found = await verdict(settings, tmp_path)
    assert found.problems[0]["problem"].startswith("the checkpoint of the database says nothing: the signature")


@pytest.mark.processes
async def test_several_processes_find_the_same(
    settings: Settings, tmp_path: Path, facts: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts are checked beside each other, and put together in the order of the log."""
    monkeypatch.setattr(log_check, "PART", 256)
    monkeypatch.setattr(log_part, "PAGE", 256)
    monkeypatch.setattr(log_check, "FEW_PARTS", 1)
    assert (await verdict(settings, tmp_path)).as_json()["ok"]
    tamper(settings, "UPDATE events SET data = data || ' ' WHERE position IN (7, 500, 600)")
    found = await verdict(settings, tmp_path)
    assert [each["position"] for each in found.problems] == [7, 500, 600]


@pytest.mark.slow
@pytest.mark.processes
async def test_the_command(settings: Settings, tmp_path: Path, facts: Writer) -> None:
    """`campus log verify` says what was held against what, and what is left open."""
    env = variables(beside(settings, tmp_path))
    site = await publish_to(settings, tmp_path / "site")

    def run(*options: str) -> tuple[int, dict[str, Any]]:
        done = campus("log", "verify", "--json", *options, env=env)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    code, report = run()
    assert (code, [each["source"] for each in report["checkpoints"]]) == (0, ["the notary", "the database"])
    assert "has signed another log" in report["not_checked"][0]
    code, report = run("--checkpoint", str(site / "checkpoint"))
    assert (code, report["not_checked"]) == (0, [])
    shown = campus("log", "verify", "--proofs", str(site), env=env).stdout
    assert "the first 700 facts are those under the checkpoint of" in shown
    out = str(tmp_path / "out")
    assert campus("log", "export", out, env=env).returncode == 0
    code, report = run("--export", out, "--proofs", str(site))
    assert (code, report["events"], [each["ok"] for each in report["checkpoints"]]) == (0, 700, [True])
    tamper(settings, "UPDATE events SET data = data || ' ' WHERE position = 444")
    assert run("--proofs", str(site))[0] == 1
    again = str(tmp_path / "again")
    assert campus("log", "export", again, env=env).returncode == 0
    code, report = run("--export", again, "--checkpoint", str(site / "checkpoint"), "--keys", str(site / "keys"))
    assert (code, report["ok"], "position" in report["problems"][0]) == (1, False, False)
    code, report = run("--export", again, "--proofs", str(site))
    assert (code, report["problems"][0]["position"]) == (1, 444)
    for options, said in (
        (["--export", out], "say what the export is held against"),
        (["--export", out, "--checkpoint", str(site / "checkpoint")], "--keys FILE"),
        (["--checkpoint", str(tmp_path / "none")], "cannot be read"),
        (["--checkpoint", str(site / "keys")], "says nothing"),
        (["--export", out, "--against", out], "give one of them"),
    ):
        refused = campus("log", "verify", *options, env=env)
        assert (refused.returncode, said in " ".join(refused.stderr.split())) == (1, True), refused.stderr
