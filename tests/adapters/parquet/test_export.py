"""An export holds the log, byte for byte, whatever happens to the runs that make it."""

import asyncio
import hashlib
import os
import shutil
import signal
import struct
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from adapters.parquet import source
from adapters.parquet.check import check
from adapters.parquet.columns import SCHEMA
from adapters.parquet.export import export
from adapters.parquet.manifest import NAME, OLD_NAME, ExportError, Manifest
from adapters.parquet.read import Export
from adapters.settings import Settings
from tests.conftest import migrated
from tests.support.appends import query
from tests.support.exports import (
    CONVERSION,
    HOSTILE,
    PROCESSES,
    STEPS,
    TYPES,
    as_version_1,
    as_version_2,
    assert_whole,
    convert_and_die,
    export_and_die,
    export_without_space,
    exported,
    files_below,
    fill,
    fill_with_hostile,
    log_of,
    manifest_of,
    manifest_with,
    names_in,
    small,
)
from tests.support.servers import Servers

FACTS = 700


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)


@pytest.fixture(scope="module")
def filled(servers: Servers) -> Settings:
    """A campus with some hundred facts, to which no test adds any."""
    settings = migrated(servers)
    asyncio.run(fill(settings, FACTS))
    return settings


@pytest.fixture
async def growing(settings: Settings) -> Settings:
    """Another one, whose log a test may change."""
    await fill(settings, FACTS)
    return settings


async def test_an_export_is_the_log(filled: Settings, tmp_path: Path) -> None:
    """Every column of every fact, in files of one type and at most one piece, with counts that add up."""
    report = await export(filled, tmp_path / "out")
    manifest = await assert_whole(filled, tmp_path / "out")
    assert (report.facts, report.new_facts, report.position) == (FACTS, FACTS, FACTS)
    assert (report.files, report.new_files) == (len(manifest.files), len(manifest.files)) == (16, 16)
    assert sum(summary.facts for summary in manifest.types.values()) == FACTS
    withdrawn = manifest.types["enrollment.withdrawn"]
    assert (withdrawn.schema_versions, withdrawn.newest_known) == ([1], 1)
    last = manifest.files[-1]
    assert last.path == "progress.unit_opened/000000000601-000000000700.parquet"
    assert 600 < last.first < last.last <= 700


async def test_what_follows_from_a_fact(filled: Settings, tmp_path: Path) -> None:
    """The learner stands where there is one, and so does the source."""
    await export(filled, tmp_path)
    for file in Manifest.load(tmp_path).files:
        for fact in pq.ParquetFile(tmp_path / file.path).read().to_pylist():
            learner = fact["stream_id"].partition("-")[2].partition(":")[0]
            is_course = file.type == "course.created"
            assert fact["learner_id"] == (None if is_course else learner)
            assert fact["run_id"] == (None if is_course else fact["stream_id"].partition(":")[2])
            assert (fact["course_id"], fact["quiz_id"]) == (learner if is_course else None, None)
            assert (fact["source"], fact["type"], fact["data_bytes"]) == ("test", file.type, None)


async def test_the_digest_is_what_is_written_about_it(filled: Settings, tmp_path: Path) -> None:
    """A chain of blocks, each the digest of five digests, as adapters/parquet/digest.py says."""
    await export(filled, tmp_path)
    facts, chain = await log_of(filled), bytes(32)
    since_2000 = 946_684_800_000_000
    for start in range(0, FACTS, 64):
        block = [(*fact[:8], fact[8] - since_2000, fact[9] - since_2000) for fact in facts[start : start + 64]]
        columns = [b"".join(_bytes(fact[place]) for fact in block) for place in (1, 3, 6, 7)]
        records = b"".join(
            struct.pack(">10q", p, v, s, n, at, rec, *(len(_bytes(value)) for value in (stream, name, data, meta)))
            for p, stream, v, name, s, n, data, meta, at, rec in block
        )
        parts = b"".join(hashlib.sha256(values).digest() for values in (records, *columns))
        chain = hashlib.sha256(chain + hashlib.sha256(parts).digest()).digest()
    assert Manifest.load(tmp_path).content == chain.hex()


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


async def test_many_runs_equal_one(settings: Settings, tmp_path: Path) -> None:
    """However the log grows between runs, the content is that of a single run; no file changes once it is there."""
    count, kept = 0, dict[str, bytes]()
    for step in (1, 62, 1, 1, 63, 72, 0, 1, 199, 200):
        await fill(settings, step, first=count + 1)
        count += step
        report = await export(settings, tmp_path / "steps")
        assert (report.position, report.new_facts) == (count, step)
        files = {file.path: (tmp_path / "steps" / file.path).read_bytes() for file in manifest_of(tmp_path / "steps")}
        assert kept.items() <= files.items()
        kept = files
    await export(settings, tmp_path / "once")
    steps, once = await assert_whole(settings, tmp_path / "steps"), await assert_whole(settings, tmp_path / "once")
    assert (steps.content, steps.types) == (once.content, once.types)
    assert exported(tmp_path / "steps") == exported(tmp_path / "once")


async def test_an_empty_log(settings: Settings, tmp_path: Path) -> None:
    """Makes an export of nothing, which later grows."""
    report = await export(settings, tmp_path)
    assert (report.position, report.files) == (0, 0)
    await assert_whole(settings, tmp_path)
    await fill(settings, 5)
    assert (await export(settings, tmp_path)).new_facts == 5
    await assert_whole(settings, tmp_path)


async def test_hostile_facts(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are no text, names that are no folder, times at the ends of time: kept as they are, and below DIR."""
    monkeypatch.setattr(source, "LARGEST_PAYLOAD", 10_000)
    await fill_with_hostile(settings)
    await export(settings, tmp_path / "in" / "out")
    manifest = await assert_whole(settings, tmp_path / "in" / "out")
    assert {other["type"] for other in HOSTILE if "type" in other} <= set(manifest.types)
    assert manifest.types["../../over/../there"].newest_known is None
    assert manifest.types["enrollment.activated"].schema_versions == [9]
    assert os.listdir(tmp_path) == ["in"]  # noqa: PTH208 - as short as that


@pytest.mark.parametrize("step", STEPS)
async def test_killed_in_the_middle(growing: Settings, tmp_path: Path, step: str) -> None:
    """After kill -9 the next run removes what the manifest does not name, and goes on: nothing lost, nothing twice."""
    victim = PROCESSES.Process(target=export_and_die, args=(growing, tmp_path, step))
    victim.start()
    await asyncio.to_thread(victim.join)
    assert victim.exitcode == -signal.SIGKILL
    position = Manifest.load(tmp_path).position
    assert 0 < position < FACTS
    assert check(tmp_path).ok
    await fill(growing, 10, first=FACTS + 1)
    assert (await export(growing, tmp_path)).new_facts == FACTS + 10 - position
    await assert_whole(growing, tmp_path)


async def test_killed_before_the_first_manifest(filled: Settings, tmp_path: Path) -> None:
    """What little there is then does not keep the next run from beginning."""
    (tmp_path / ".lock").touch()
    (tmp_path / f".{NAME}.tmp").write_text("{")
    await export(filled, tmp_path)
    await assert_whole(filled, tmp_path)


async def test_two_at_once(filled: Settings, tmp_path: Path) -> None:
    """The second is refused with a sentence, and harms nothing."""
    answers = await asyncio.gather(export(filled, tmp_path), export(filled, tmp_path), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, ExportError)]
    assert [str(error) for error in refused] == [f"another export into {tmp_path} is under way: wait for its end"]
    await assert_whole(filled, tmp_path)


async def test_appends_go_on(settings: Settings, tmp_path: Path) -> None:
    """An export under way holds the log as it was when it began; what comes meanwhile is for the next."""
    await fill(settings, 300)
    heads: list[int] = []

    async def grow() -> None:
        first = 301
        while len(heads) < 4:
            await fill(settings, 50, first=first)
            first += 50

    growing = asyncio.ensure_future(grow())
    while not growing.done():
        heads.append((await export(settings, tmp_path)).position)
        facts = await log_of(settings)
        assert exported(tmp_path) == facts[: heads[-1]]
    await export(settings, tmp_path)
    await assert_whole(settings, tmp_path)
    assert heads == sorted(heads)
    assert heads[-1] > 300


async def test_no_space(growing: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is a sentence; nothing half-written stays, and there is a way on."""
    monkeypatch.undo()  # one large file
    await fill(growing, 900, first=FACTS + 1)
    with ProcessPoolExecutor(1, mp_context=PROCESSES) as pool:
        said = await asyncio.get_running_loop().run_in_executor(pool, export_without_space, growing, tmp_path)
    assert said.startswith(f"{tmp_path} cannot be written to: File too large; what was complete is kept")
    assert files_below(tmp_path) == set()
    await export(growing, tmp_path)
    await assert_whole(growing, tmp_path)


async def test_a_stopped_export(filled: Settings, tmp_path: Path) -> None:
    """Leaves nothing half-written, and the next goes on."""
    calls = 0

    def stop(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await export(filled, tmp_path, lambda _: stop)
    manifest = Manifest.load(tmp_path)
    assert manifest.position == 200
    assert files_below(tmp_path) == {file.path for file in manifest.files}
    assert (await export(filled, tmp_path)).new_facts == FACTS - 200
    await assert_whole(filled, tmp_path)


async def test_another_campus(filled: Settings, tmp_path: Path) -> None:
    """Its facts are not mixed with ours."""
    await export(filled, tmp_path)
    other = filled.model_copy(update={"name": "other"})
    with pytest.raises(ExportError, match=f"holds the log of the campus {filled.name}, not of other: choose another"):
        await export(other, tmp_path)


async def test_another_log_of_the_same_name(filled: Settings, servers: Servers, tmp_path: Path) -> None:
    """A new campus of the same name is not the exported one, be its log shorter or longer."""
    renewed = migrated(servers)
    await fill(renewed, 3)
    for ours, theirs, said in (
        (filled, renewed, "the log ends at 3"),
        (renewed, filled, "the log is not what was exported"),
    ):
        directory = tmp_path / ours.name
        await export(ours, directory)
        msgspec.structs.replace(Manifest.load(directory), campus=theirs.name).save(directory)
        with pytest.raises(ExportError, match=said):
            await export(theirs, directory)


async def test_an_export_that_does_not_add_up_is_not_continued(filled: Settings, tmp_path: Path) -> None:
    """A manifest that names a file twice, or a position that its files do not reach."""
    await export(filled, tmp_path)
    manifest = Manifest.load(tmp_path)
    for wrong in ({"files": [*manifest.files, manifest.files[0]]}, {"position": 640}):
        msgspec.structs.replace(manifest, **wrong).save(tmp_path)
        with pytest.raises(ExportError, match=r"_manifest\.parquet does not add up: it goes up to position \d+"):
            await export(filled, tmp_path)


@pytest.mark.parametrize("wrapped", [True, False], ids=["parquet", "json"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is damaged"),
        ("[1, 2]", "is damaged"),
        ("\udcff", "is damaged"),
        ('{"format": "campuslog-export", "format_version": 2}', "is damaged"),
        ('{"name": "package", "files": []}', "is not the manifest of an export of Campuslog"),
        ('{"format": "campuslog-export", "format_version": 4}', "has format version 4, and this code knows 3"),
    ],
    ids=["empty", "list", "bytes", "fields", "foreign", "newer"],
)
async def test_what_is_no_manifest(filled: Settings, tmp_path: Path, text: str, said: str, *, wrapped: bool) -> None:
    """Is not touched, and neither is anything beside it."""
    content = text.encode(errors="surrogateescape")
    name, content = (NAME, manifest_with(content)) if wrapped else (OLD_NAME, content)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ExportError, match=said):
        await export(filled, tmp_path)
    assert (tmp_path / name).read_bytes() == content
    assert names_in(tmp_path) == [name]


async def test_a_manifest_that_is_no_parquet_file(filled: Settings, tmp_path: Path) -> None:
    """Is damaged, and is not touched."""
    (tmp_path / NAME).write_text("{}")
    with pytest.raises(ExportError, match="is damaged"):
        await export(filled, tmp_path)
    assert (tmp_path / NAME).read_text() == "{}"


@pytest.mark.parametrize("make_older", [as_version_1, as_version_2])
async def test_an_older_export_goes_on(growing: Settings, tmp_path: Path, make_older: Callable[[Path], None]) -> None:
    """It is read as it is; the next export converts it, adds what is new, and leaves nothing of the old layout."""
    await export(growing, tmp_path)
    content = Manifest.load(tmp_path).content
    whole = list(Export.open(tmp_path).batches())
    make_older(tmp_path)
    assert exported(tmp_path) == await log_of(growing)
    assert list(Export.open(tmp_path).batches()) == whole  # the ids follow from what is there
    assert check(tmp_path).content == content
    await fill(growing, 10, first=FACTS + 1)
    assert (await export(growing, tmp_path)).new_facts == 10
    await assert_whole(growing, tmp_path)
    assert set(names_in(tmp_path)) == {NAME, *TYPES}
    assert {pq.read_schema(tmp_path / name) for name in files_below(tmp_path)} == {SCHEMA}


@pytest.mark.parametrize("step", CONVERSION)
async def test_killed_while_an_older_export_is_converted(filled: Settings, tmp_path: Path, step: str) -> None:
    """What is there can be read meanwhile, and the next run ends the conversion."""
    await export(filled, tmp_path)
    as_version_1(tmp_path)
    victim = PROCESSES.Process(target=convert_and_die, args=(filled, tmp_path, step))
    victim.start()
    await asyncio.to_thread(victim.join)
    assert victim.exitcode == -signal.SIGKILL
    assert exported(tmp_path) == await log_of(filled)
    await export(filled, tmp_path)
    await assert_whole(filled, tmp_path)
    assert not (tmp_path / OLD_NAME).exists()


async def test_a_lock_that_was_left_behind(filled: Settings, tmp_path: Path) -> None:
    """Does not lock, and goes with the next export, which leaves Parquet files only."""
    (tmp_path / ".lock").touch()
    await export(filled, tmp_path)
    assert set(names_in(tmp_path)) == {NAME, *TYPES}


async def test_somebody_elses_directory(filled: Settings, tmp_path: Path) -> None:
    """Files that are not ours are never taken for what a killed run has left behind."""
    strange = tmp_path / "type=a" / "000000000001-000000000002.parquet"
    strange.parent.mkdir()
    strange.touch()
    with pytest.raises(ExportError, match=r"is not empty and has no _manifest\.parquet: choose an empty directory"):
        await export(filled, tmp_path)
    assert names_in(tmp_path) == ["type=a"]  # not even a lock was left
    shutil.rmtree(strange.parent)
    await export(filled, tmp_path)
    note = tmp_path / "progress.unit_opened" / "note.txt"
    note.touch()
    await export(filled, tmp_path)
    assert note.exists()


async def test_a_file_where_a_directory_should_be(filled: Settings, tmp_path: Path) -> None:
    """Export and reader name the problem."""
    (tmp_path / "out").touch()
    for directory in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(ExportError, match=f"^{tmp_path}/out is a file, and an export is a directory: choose one$"):
            await export(filled, directory)
        with pytest.raises(ExportError, match=f"^{tmp_path}/out is a file, and an export is a directory: choose one$"):
            check(directory)


async def test_where_nothing_may_be_made(filled: Settings) -> None:
    """Where nothing was complete, nothing is said to have been kept."""
    with pytest.raises(ExportError, match=r"^/proc/x cannot be written to: No such file or directory$"):
        await export(filled, Path("/proc/x"))


def test_what_is_no_export(tmp_path: Path) -> None:
    """An export is proposed there only where one could be made."""
    with pytest.raises(ExportError, match=rf"^{tmp_path} has no _manifest\.parquet: make one with `campus log "):
        check(tmp_path)
    with pytest.raises(ExportError, match=rf"^{tmp_path}/none has no _manifest\.parquet: make one with `campus "):
        check(tmp_path / "none")
    (tmp_path / "note.txt").touch()
    with pytest.raises(ExportError, match=rf"^{tmp_path} has no _manifest\.parquet, so it is no export: name the "):
        check(tmp_path)


async def test_a_damaged_log(growing: Settings, tmp_path: Path) -> None:
    """A log with a gap is not exported as if it were whole."""
    await query(growing, "ALTER TABLE events DISABLE TRIGGER events_append_only", owner=True)
    await query(growing, "DELETE FROM events WHERE position = 450", owner=True)
    with pytest.raises(source.Gap, match="between positions 449 and 468 of the log facts are missing: see `campus"):
        await export(growing, tmp_path)
    assert Manifest.load(tmp_path).position == 400
    assert check(tmp_path).ok
