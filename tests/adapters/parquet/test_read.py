"""Reading an export: by type, position, time and learner, in the order of the log, and by other people's tools."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from adapters.parquet.check import check
from adapters.parquet.export import export
from adapters.parquet.manifest import NAME, ExportError, Manifest
from adapters.parquet.pages import ExportPages
from adapters.parquet.read import Export
from adapters.postgres.log.decoding import UNKNOWN
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from domain.fact import Fact
from domain.streams import partition_of
from projections.engine.bulk.pages import FactFilter, SourceFailed
from tests.support.exports import EPOCH, TYPES, fill, fill_with_hostile, log_of, small

FACTS = 700
ALL = frozenset(range(64))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)


@pytest.fixture
async def opened(settings: Settings, tmp_path: Path) -> Export:
    """An export that was made in two runs, with a left-over file that no manifest names."""
    await fill(settings, 450)
    await export(settings, tmp_path)
    await fill(settings, FACTS - 450, first=451)
    await export(settings, tmp_path)
    source = tmp_path / Manifest.load(tmp_path).files[0].path
    source.with_name("000000000701-000000000900.parquet").write_bytes(source.read_bytes())
    return Export.open(tmp_path)


def positions(found: Any) -> list[int]:
    """The positions of the facts in a dataset or in batches, as they come."""
    batches = found.to_batches() if isinstance(found, ds.Dataset) else found
    found_positions: list[Any] = []
    for batch in batches:
        found_positions += batch.column("position").to_pylist()
    return found_positions


@pytest.mark.parametrize(
    ("asked", "is_wanted"),
    [
        ({}, bool),
        ({"types": [TYPES[0]]}, lambda fact: fact[3] == TYPES[0]),
        ({"types": TYPES[1:3], "after": 333, "until": 444}, lambda fact: fact[3] in TYPES[1:3] and 333 < fact[0] < 445),
        ({"types": ["run.opened"]}, lambda fact: fact[3] == "run.opened"),
        ({"learner": "l3"}, lambda fact: "-l3:" in fact[1]),
        (
            {"since": EPOCH + timedelta(hours=10), "before": EPOCH + timedelta(hours=12)},
            lambda fact: fact[0] in (10, 11),
        ),
    ],
    ids=["all", "type", "range", "none", "learner", "time"],
)
async def test_a_dataset(
    settings: Settings, opened: Export, asked: dict[str, Any], is_wanted: Callable[[tuple[Any, ...]], bool]
) -> None:
    """Holds the facts that were asked for, and nothing of a file that the manifest does not name."""
    expected = [fact[0] for fact in await log_of(settings) if is_wanted(fact)]
    assert sorted(positions(opened.dataset(**asked))) == expected


@pytest.mark.parametrize(("after", "until"), [(0, 10**9), (0, 1), (199, 201), (450, 700), (17, 640), (700, 900)])
async def test_in_the_order_of_the_log(settings: Settings, opened: Export, after: int, until: int) -> None:
    """Facts of all types are merged, from any position to any other."""
    assert positions(opened.batches(after=after, until=until)) == list(range(after + 1, min(until, FACTS) + 1))
    some: dict[str, Any] = {"types": TYPES[:2], "columns": ["type", "position"], "after": after, "until": until}
    expected = [fact[0] for fact in await log_of(settings) if fact[3] in TYPES[:2] and after < fact[0] <= until]
    batches = list(opened.batches(**some))
    assert positions(batches) == expected
    assert all(batch.schema.names == ["type", "position"] for batch in batches)


async def test_what_was_opened_stays(settings: Settings, opened: Export) -> None:
    """A later run adds files; who has opened the export before sees what there was."""
    await fill(settings, 100, first=FACTS + 1)
    await export(settings, opened.directory)
    assert positions(opened.batches())[-1] == FACTS
    assert opened.dataset().count_rows() == FACTS


def test_other_tools_agree(opened: Export) -> None:
    """The type stands in the path and in the file; pyarrow, Polars and DuckDB see one column of text."""
    files = [str(opened.directory / file.path) for file in opened.manifest.files]
    sql = "SELECT type, count(*) FROM read_parquet($1, hive_partitioning = true) GROUP BY type"
    by_duckdb = dict(duckdb.execute(sql, [files]).fetchall())
    by_polars = dict(pl.scan_parquet(files, hive_partitioning=True).group_by("type").len().collect().iter_rows())
    table = ds.dataset(files, partitioning="hive", format="parquet").to_table()
    by_pyarrow = Counter(table["type"].to_pylist())
    expected = {name: summary.facts for name, summary in opened.manifest.types.items()}
    assert by_duckdb == by_polars == by_pyarrow == expected


async def test_pages_for_a_rebuild(settings: Settings, opened: Export) -> None:
    """Facts come as the log gives them, with their rarer columns; of types not wanted everywhere, by partition."""
    log = await PostgresLog.open(settings)
    facts = await log.read(0, FACTS)
    await log.close()
    wanted = FactFilter(
        (TYPES[3], TYPES[0], TYPES[1]), frozenset([TYPES[3]]), frozenset([partition_of("progress-l1:r0")])
    )
    expected = [
        fact
        for fact in facts
        if fact.type == TYPES[3] or (fact.type in wanted.types and fact.partition in wanted.partitions)
    ]
    found = [fact for page in ExportPages(opened).pages(wanted, 100, 650) for fact in page.facts()]
    names = Fact.__struct_fields__
    actual = [[getattr(fact, name) for name in names] for fact in found]
    assert actual == [[getattr(fact, name) for name in names] for fact in expected if 100 < fact.position <= 650]
    assert {fact.type for fact in found} == {*wanted.types}


async def test_pages_with_facts_that_cannot_be_read(settings: Settings, tmp_path: Path) -> None:
    """They are named with the reason, and all others come as ever."""
    await fill_with_hostile(settings)
    await export(settings, tmp_path)
    everything = Export.open(tmp_path)
    wanted = FactFilter(tuple(everything.manifest.types), frozenset(), ALL)
    pages = list(ExportPages(everything).pages(wanted, 0, everything.position))
    unreadable = {position: why for page in pages for position, why in page.unreadable.items()}
    assert sorted(unreadable) == [2, 4, 8, 10, 12, 14, 16, 18, 32]
    assert unreadable[18].startswith("UnknownFact: enrollment.activated is known up to version 1, not 9")
    data = {fact.position: fact.data for page in pages for fact in page.facts()}
    assert list(data) == list(range(1, everything.position + 1))
    assert data[6] == {"pretty": "yes"}
    facts = {fact.position: fact for page in pages for fact in page.facts()}
    assert facts[5].meta.source == "test"
    assert facts[6].meta == UNKNOWN  # of this one, and of no other


def test_pages_beyond_the_end(opened: Export) -> None:
    """An export that is too short is not taken for a whole log."""
    with pytest.raises(SourceFailed, match="ends at position 700, before 701"):
        list(ExportPages(opened).pages(FactFilter(TYPES, frozenset(), ALL), 0, FACTS + 1))


def test_a_file_that_is_gone(opened: Export) -> None:
    """Stops the reader with its name, and does not look like an end."""
    gone = opened.directory / opened.manifest.files[-1].path
    gone.unlink()
    with pytest.raises(ExportError, match=f"{gone.name} cannot be read"):
        list(opened.batches())
    with pytest.raises(SourceFailed, match=f"{gone.name} cannot be read"):
        list(ExportPages(opened).pages(FactFilter(TYPES, frozenset(), ALL), 0, FACTS))


def test_a_manifest_that_does_not_add_up(opened: Export) -> None:
    """Facts that would be doubled or lost, or lie elsewhere, are not read."""
    top, whole = opened.directory, opened.manifest
    for files in (whole.files[1:], [*whole.files, whole.files[3]]):
        _change(top, files=files)
        with pytest.raises(ExportError, match="does not add up: it goes up to position 700 and names"):
            Export.open(top)
    elsewhere = msgspec.structs.replace(whole.files[0], path="../x.parquet")
    _change(top, files=[elsewhere, *whole.files[1:]])
    with pytest.raises(ExportError, match=r"names a file elsewhere, \.\./x\.parquet"):
        Export.open(top)


def test_no_export(tmp_path: Path) -> None:
    """What is not there cannot be opened."""
    with pytest.raises(ExportError, match=r"has no _manifest\.parquet: make one with `campus log export"):
        Export.open(tmp_path)


def _flip(path: Path, place: int = 700) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def _change(directory: Path, **other: Any) -> None:
    msgspec.structs.replace(Manifest.load(directory), **other).save(directory)


def _rewrite(directory: Path, number: int) -> None:
    """Change a fact, and the digest of its file in the manifest."""
    manifest = Manifest.load(directory)
    path = directory / manifest.files[number].path
    table = pq.ParquetFile(path).read()
    changed = table.set_column(7, table.schema.field(7), pa.array(["{}"] * table.num_rows))
    pq.write_table(changed, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.files[number] = msgspec.structs.replace(manifest.files[number], sha256=digest, bytes=path.stat().st_size)
    manifest.save(directory)


def _twice(directory: Path) -> None:
    files = Manifest.load(directory).files
    _change(directory, files=[*files, files[3]])


SIXTH = 5
DAMAGE: dict[str, tuple[Callable[[Path, Path], None], str, str]] = {
    "byte": (lambda _, path: _flip(path), "file", "its SHA-256 is not that of the manifest"),
    "footer": (lambda _, path: _flip(path, -1), "file", "cannot be read: "),
    "short": (lambda _, path: os.truncate(path, 1_000), "file", "cannot be read: "),
    "empty": (lambda _, path: os.truncate(path, 0), "file", "cannot be read: "),
    "gone": (lambda _, path: path.unlink(), "file", "is missing"),
    "rewritten": (lambda top, _: _rewrite(top, SIXTH), NAME, "its digest of the content is not that of the facts"),
    "not named": (
        lambda top, _: _change(top, files=Manifest.load(top).files[:SIXTH] + Manifest.load(top).files[SIXTH + 1 :]),
        NAME,
        "facts after position 192 are missing or doubled",
    ),
    "named twice": (lambda top, _: _twice(top), NAME, "are missing or doubled"),
    "position": (lambda top, _: _change(top, position=699), NAME, "its digest of the content"),
    "beyond": (lambda top, _: _change(top, position=800), NAME, "says 800 facts, and there are 700"),
    "digest": (lambda top, _: _change(top, content="00" * 32), NAME, "its digest of the content"),
    "resumption": (lambda top, _: _change(top, content_before_last_block="00" * 32), NAME, "its digest of the content"),
    "counts": (lambda top, _: _change(top, types={}), NAME, "its counts by type"),
}


@pytest.mark.parametrize(("damage", "file", "said"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_found(opened: Export, damage: Callable[[Path, Path], None], file: str, said: str) -> None:
    """Whatever happened to an export, a check names the first file that is wrong."""
    assert check(opened.directory).ok
    wrong = opened.manifest.files[SIXTH].path
    damage(opened.directory, opened.directory / wrong)
    verdict = check(opened.directory)
    first = verdict.problems[0]
    assert (verdict.ok, first.file) == (False, wrong if file == "file" else file)
    assert said in first.problem


def test_the_first_of_several(opened: Export) -> None:
    """All wrong files are named, in the order of the manifest."""
    wrong = [file.path for file in opened.manifest.files[2:5]]
    for path in reversed(wrong):
        _flip(opened.directory / path)
    assert [problem.file for problem in check(opened.directory).problems] == wrong


def test_times_are_of_the_dataset(opened: Export) -> None:
    """Both times are UTC with microseconds, as everywhere else."""
    fact = opened.dataset(after=9, until=10).to_table().to_pylist()[0]
    when: datetime = fact["occurred_at"]
    assert when == EPOCH + timedelta(hours=10)
    assert when.utcoffset() == timedelta(0)
