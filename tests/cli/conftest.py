"""Directories for `campus up`, which pytest's own are not fit for (see tests/support/servers.py)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.campus_up import RunningCampus, running_campus
from tests.support.servers import throw_away_directory


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that does not exist yet."""
    with throw_away_directory() as directory:
        yield directory / "data"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningCampus]:
    """A campus for all tests of a module, which must leave it running."""
    with throw_away_directory() as directory, running_campus(directory / "data") as campus:
        yield campus
