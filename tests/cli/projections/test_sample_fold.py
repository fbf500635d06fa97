"""What `campus projections plan` folds for its estimate: a rule that is wrong can neither end nor hang it."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from adapters.settings import Settings
from cli.projections import sample_fold
from cli.projections.plan import _plan
from projections.engine.projection import Rows
from projections.overview import Overview
from tests.support.workers import writer

FACTS = 200
ACTIVITY = "progress.activity_recorded"


def ends(_fact: Any, _rows: Rows) -> None:
    """A handler that would end the process."""
    raise SystemExit("that is enough")


async def never_begins(_fact: Any, _rows: Rows) -> None:
    """A handler that is not awaited."""


def dawdles(_fact: Any, _rows: Rows) -> None:
    """A handler that takes 5 ms."""
    time.sleep(0.005)  # it is slow, which the test measures


def fails_slowly(fact: Any, rows: Rows) -> None:
    """A handler that takes 5 ms to fail."""
    dawdles(fact, rows)
    raise KeyError("nothing")


def overview(apply: Callable[[Any, Rows], Any]) -> Overview:
    """The overview, with another handler for every type."""
    handlers = {name: handler._replace(apply=apply) for name, handler in Overview.handlers.items()}
    wrong: type[Overview] = type("Wrong", (Overview,), {"handlers": handlers})
    return wrong()


@pytest.mark.filterwarnings("ignore:coroutine 'never_begins' was never awaited:RuntimeWarning")
@pytest.mark.parametrize(("apply", "fails_at"), [(ends, (ACTIVITY,)), (never_begins, ())])
async def test_a_plan_survives_a_handler_that_is_wrong(
    settings: Settings, apply: Callable[[Any, Rows], Any], fails_at: tuple[str, ...]
) -> None:
    """One that ends the process has failed like any other; one that is not awaited does nothing."""
    async with writer(settings) as log:
        await log.record_many(FACTS)
    found = await _plan(settings, overview(apply), 1)
    assert (found["facts"], found["sample"]["facts"], found["sample"]["fails_at"]) == (FACTS, FACTS, fails_at)
    assert found["eta_seconds"] is not None


@pytest.mark.parametrize(("apply", "attempts"), [(dawdles, 1), (fails_slowly, 2)])
async def test_a_sample_ends_in_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, apply: Callable[[Any, Rows], Any], attempts: int
) -> None:
    """It stops after the page in which the time was up; one that begins again with care has as long once more."""
    monkeypatch.setattr(sample_fold, "LONGEST", 0.2)
    monkeypatch.setattr("adapters.postgres.bulk.ranges.FIRST_SPAN", 20)
    monkeypatch.setattr("adapters.postgres.bulk.ranges.LONGEST_SPAN", 20)
    async with writer(settings) as log:
        await log.record_many(FACTS, learners=FACTS)
    folded, take = [], sample_fold._take

    def noted(*given: Any) -> sample_fold.Sample:
        folded.append(given)
        return take(*given)

    monkeypatch.setattr(sample_fold, "_take", noted)
    found = sample_fold.take(settings, overview(apply), 1, FACTS)
    assert 0 < found.positions < FACTS
    assert found.seconds_for(FACTS, FACTS) is not None
    assert len(folded) == attempts


@pytest.mark.parametrize("facts", [10, 30, 50])
async def test_a_short_log_is_a_sample_as_well(settings: Settings, monkeypatch: pytest.MonkeyPatch, facts: int) -> None:
    """Of one page, of two that only warm up elsewhere, and of three."""
    monkeypatch.setattr("adapters.postgres.bulk.ranges.FIRST_SPAN", 20)
    monkeypatch.setattr("adapters.postgres.bulk.ranges.LONGEST_SPAN", 20)
    async with writer(settings) as log:
        await log.record_many(facts)
    assert sample_fold.take(settings, Overview(), 1, facts).positions > 0
