"""What `campus projections rebuild` holds its rate against, and how many processes it takes."""

import os

import pytest

from adapters.settings import Settings
from cli.projections import baselines
from cli.projections.options import chosen
from tests.support.workers import writer
from workers.rebuild.processes import default_workers


async def test_a_bare_copy_is_measured_where_the_log_is_long_enough(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours as a multiple of it; nothing is compared with what was measured elsewhere."""
    async with writer(settings) as log:
        await log.record_many(200)
    assert baselines.measure(settings, 3_604.0, 200) == baselines.Yardsticks(None, 200, None)
    monkeypatch.setattr(baselines, "LEAST", 100)
    measured = baselines.measure(settings, 3_604.0, 200)
    assert measured.copy_per_second is not None
    assert measured.of_copy == round(3_604.0 / measured.copy_per_second, 2)


@pytest.mark.parametrize(
    ("cores", "name", "workers"), [(1, None, 1), (2, None, 1), (4, None, 3), (16, None, 4), (16, "catalog", 1)]
)
def test_a_rebuild_leaves_a_core_to_those_who_serve(
    cores: int, name: str | None, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And has no more processes than segments."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert default_workers(chosen(name)) == workers
