"""The directory of an export opens with the one line that people type first, whichever tool they have."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from adapters.parquet.export import export
from adapters.parquet.manifest import Manifest
from adapters.settings import Settings
from tests.support.exports import fill, fill_with_hostile, log_of, small

Frame = tuple[list[int], list[str]]
"""Positions and types, in any order."""


def arrow(table: object) -> Frame:
    return table["position"].to_pylist(), table["type"].to_pylist()  # type: ignore[index]


def frame(table: pl.DataFrame) -> Frame:
    return table["position"].to_list(), table["type"].to_list()


def sql(source: str) -> Frame:
    rows = duckdb.execute(f"SELECT position, type FROM {source}").fetchall()
    return [row[0] for row in rows], [row[1] for row in rows]


def pandas(directory: Path) -> Frame:
    table = pd.read_parquet(directory)
    return table["position"].tolist(), table["type"].tolist()


def without_nothing(directory: Path) -> Frame:
    return arrow(ds.dataset(directory, format="parquet", exclude_invalid_files=True).to_table())


ONE_LINERS: dict[str, Callable[[Path], Frame]] = {
    "pq.read_table": lambda directory: arrow(pq.read_table(directory)),
    "ds.dataset": lambda directory: arrow(ds.dataset(directory).to_table()),
    "ds.dataset, hive": lambda directory: arrow(ds.dataset(directory, partitioning="hive").to_table()),
    "ds.dataset, invalid files left out": without_nothing,
    "pd.read_parquet": pandas,
    "pl.read_parquet": lambda directory: frame(pl.read_parquet(directory)),
    "pl.scan_parquet": lambda directory: frame(pl.scan_parquet(directory).collect()),
    "pl.scan_parquet, hive": lambda directory: frame(pl.scan_parquet(directory, hive_partitioning=True).collect()),
    "pl.scan_parquet, glob": lambda directory: frame(pl.scan_parquet(f"{directory}/*/*.parquet").collect()),
    "pl.scan_parquet, all": lambda directory: frame(pl.scan_parquet(f"{directory}/**/*.parquet").collect()),
    "DuckDB, glob": lambda directory: sql(f"'{directory}/*/*.parquet'"),
    "DuckDB, all Parquet files": lambda directory: sql(f"'{directory}/**/*.parquet'"),
    "DuckDB, all files": lambda directory: sql(f"read_parquet('{directory}/**')"),
    "DuckDB, hive": lambda directory: sql(f"read_parquet('{directory}/**', hive_partitioning=true)"),
}


@pytest.fixture
async def exported_twice(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export of two runs, with types whose names no folder can have."""
    small(monkeypatch)
    await fill(settings, 300)
    await export(settings, tmp_path / "out")
    await fill_with_hostile(settings)
    await export(settings, tmp_path / "out")
    return tmp_path / "out"


async def test_every_one_liner_reads_every_fact(exported_twice: Path, settings: Settings) -> None:
    """Each position once, with its type; nothing else lies in the directory."""
    expected = sorted((row[0], row[3]) for row in await log_of(settings))
    found = {name: sorted(zip(*look(exported_twice), strict=True)) for name, look in ONE_LINERS.items()}
    assert {name: rows == expected for name, rows in found.items()} == dict.fromkeys(ONE_LINERS, True)


async def test_no_column_stands_in_the_path_too(exported_twice: Path) -> None:
    """No folder is called `NAME=VALUE`, and none has a name that tools pass over."""
    folders = {Path(file.path).parent.name for file in Manifest.load(exported_twice).files}
    assert not [folder for folder in folders if "=" in folder or folder.startswith(("_", "."))]
