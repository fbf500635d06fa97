"""Directories for `campus up`, which pytest's own are not fit for (see tests/servers.py)."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.campus import RunningCampus, running_campus


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that does not exist yet."""
    directory = Path(tempfile.mkdtemp(prefix="campuslog-"))
    yield directory / "data"
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningCampus]:
    """A campus for all tests of a module, which must leave it running."""
    directory = Path(tempfile.mkdtemp(prefix="campuslog-"))
    with running_campus(directory / "data") as campus:
        yield campus
    shutil.rmtree(directory, ignore_errors=True)
