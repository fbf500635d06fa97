"""A `campus up` with everything that belongs to it, for one test."""

from collections.abc import Iterator

import pytest

from tests.support.campus_up import RunningCampus, running_campus
from tests.support.servers import throw_away_directory


@pytest.fixture
def running() -> Iterator[RunningCampus]:
    """A campus that a test may break or fill."""
    with throw_away_directory() as directory, running_campus(directory / "data") as campus:
        yield campus
