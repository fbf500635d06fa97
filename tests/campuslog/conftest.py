"""A campus that analysts look at: a small OULAD with its read models, which no test changes."""

import asyncio
import json
from pathlib import Path

import pytest

from adapters.parquet.export import export
from adapters.postgres.analytics import refresh
from adapters.postgres.connection import connect
from adapters.settings import Settings, instance_file
from campuslog import Campus
from projections.registry import PROJECTIONS
from tests.conftest import migrated
from tests.support.oulad import small, write
from tests.support.servers import Servers
from tests.support.workers import caught_up, projecting
from workers.importing.oulad import import_oulad


def announce(settings: Settings, data_dir: Path) -> Path:
    """Leave word in *data_dir* of where the campus is, as `campus up` does."""
    instance_file(data_dir).parent.mkdir(parents=True, exist_ok=True)
    instance_file(data_dir).write_text(json.dumps({"settings": settings.model_dump(mode="json")}))
    return data_dir


async def fill(settings: Settings, file: Path) -> None:
    """Import a dataset, let all read models catch up with it, and make the views of SQL."""
    report = await import_oulad(settings, file)
    async with projecting(settings, PROJECTIONS):
        await caught_up(settings, report.position, PROJECTIONS)
    async with await connect(settings, application="test") as connection:
        assert await refresh(connection, settings) == []


@pytest.fixture(scope="module")
def filled(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A campus with the small dataset."""
    settings = migrated(servers)
    asyncio.run(fill(settings, write(tmp_path_factory.mktemp("oulad") / "small.zip", small())))
    return settings


@pytest.fixture(scope="module")
def data_dir(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory by which that campus is found."""
    return announce(filled, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def campus(data_dir: Path) -> Campus:
    """That campus as analysts see it."""
    return Campus(data_dir)


@pytest.fixture(scope="module")
def exported(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Campus:
    """An export of that campus."""
    directory = tmp_path_factory.mktemp("export")
    asyncio.run(export(filled, directory))
    return Campus.from_export(directory)


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Campus:
    """An empty campus, to which a test may add facts."""
    return Campus(announce(settings, tmp_path / "data"))
