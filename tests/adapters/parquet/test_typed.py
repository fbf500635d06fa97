"""`campus log export DIR --typed`: the own fields of each type as columns of its files."""

from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from adapters.parquet.check import check
from adapters.parquet.columns import SCHEMA
from adapters.parquet.export import export
from adapters.parquet.manifest import Manifest
from adapters.parquet.read import Export
from adapters.parquet.typed import schema_of
from adapters.settings import Settings
from campuslog import Campus
from campuslog.facts import COLUMNS
from tests.support.exports import as_version_2, assert_whole, fill, fill_with_hostile, log_of, small


@pytest.fixture
async def filled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A campus whose log has ordinary facts and such as no command would make."""
    small(monkeypatch)
    await fill(settings, 300)
    await fill_with_hostile(settings)
    return settings


def assert_typed(directory: Path) -> None:
    """Each file has the columns of its type, and these are the ones that the SDK has."""
    for file in Manifest.load(directory).files:
        assert pq.read_schema(directory / file.path) == schema_of(file.type)
    campus = Campus.from_export(directory)
    for kind in ("progress.activity_recorded", "enrollment.withdrawn"):
        frame = campus.events(kind).polars()
        found = pl.read_parquet(directory / kind).sort("position")
        assert found.columns[len(SCHEMA) :] == frame.columns[len(COLUMNS) :] != []
        assert found[:, len(SCHEMA) :].equals(frame[:, len(COLUMNS) :])


async def test_own_fields_are_columns(filled: Settings, tmp_path: Path) -> None:
    """With their types; a fact that does not have them has nulls, and is kept as it is."""
    await export(filled, tmp_path, typed=True)
    await assert_whole(filled, tmp_path)
    assert_typed(tmp_path)
    activity = f"FROM '{tmp_path}/progress.activity_recorded/*.parquet'"
    by_hand = "CAST(CASE WHEN json_valid(data) THEN data ->> '$.amount' END AS bigint)"
    ((found, expected),) = duckdb.execute(f"SELECT sum(amount), sum({by_hand}) {activity}").fetchall()
    assert found == expected > 0
    assert len(pl.scan_parquet(tmp_path, extra_columns="ignore").collect()) == len(await log_of(filled))


async def test_an_export_becomes_typed_and_stays_so(filled: Settings, tmp_path: Path) -> None:
    """Its files are written again once, be they old or new; the next run needs no option, and changes no file."""
    await export(filled, tmp_path)
    as_version_2(tmp_path)
    content = check(tmp_path).content
    await export(filled, tmp_path, typed=True)
    before = Manifest.load(tmp_path)
    assert (before.typed, before.content) == (True, content)
    await fill(filled, 20, first=301)
    assert (await export(filled, tmp_path)).new_facts == 20
    after = await assert_whole(filled, tmp_path)
    assert after.files[: len(before.files)] == before.files
    assert_typed(tmp_path)
    positions = [row for batch in Export.open(tmp_path).batches() for row in batch.column("position").to_pylist()]
    assert positions == list(range(1, after.position + 1))
