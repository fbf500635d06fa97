"""What `campus bench rebuild` measures with is right: its log is a log, its yardstick counts, its verdicts are true."""

import json
import sys
from collections import Counter
from itertools import islice, pairwise

import pytest

from adapters.postgres.log.decoding import to_fact
from adapters.settings import Settings
from benchmarks import rebuild_ours, rebuild_yardsticks
from benchmarks.rebuild import Findings, Target, _steps
from benchmarks.rebuild_ours import fill
from benchmarks.rebuild_yardsticks import BARE, EVENTS, copy_seconds, projected, record, runner_rate, variables
from benchmarks.synthetic import rows
from cli.console import Failure
from domain.fact import Fact
from domain.streams import key_of
from projections.engine.projection import Projection, RowKey, Rows
from projections.overview import OVERVIEW, Counts
from projections.registry import PROJECTIONS
from workers.consistency.log_check import check

FACTS, LEARNERS = 20_000, 20  # enough facts, and few enough learners, for runs to end


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    """The first facts of the synthetic log."""
    return [to_fact(row) for row in islice(rows(learners=LEARNERS), FACTS)]


def folded(projection: Projection, facts: list[Fact]) -> Rows:
    """The rows that *facts* make, each declared by the fact that changed it; fails where a projection does."""
    found, needed = Rows(), set[RowKey]()
    for fact in facts:
        if handler := projection.handlers.get(fact.type):
            needed.update(handler.needs(fact))
            handler.apply(fact, found)
    assert found.changed <= needed
    return found


async def test_the_synthetic_log_is_whole(settings: Settings) -> None:
    """`campus log verify` finds nothing wrong with it, also when it was filled in two goes; COPY reads all of it."""
    log = rows()
    fill(settings, log, 25_000)
    fill(settings, log, 5_000)
    findings = await check(settings, 30_000)
    assert findings.problems == []
    assert (findings.events, findings.foreign) == (30_000, 0)
    assert copy_seconds(settings, BARE) > 0


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_every_read_model_takes_it(projection: Projection, facts: list[Fact]) -> None:
    """None of the facts is poison, and each read model that handles some gets rows from them; no quiz has items."""
    handled = not projection.handlers.keys().isdisjoint(fact.type for fact in facts)
    assert bool(folded(projection, facts).changed) == (handled and projection.name != "item_statistics")
    assert handled or projection.name in {
        "orders",
        "ledger",
        "accounts",
        "roles",
        "forum",
        "forum_activity",
        "moderation",
        "inbox",
        "deliveries",
    }


def test_the_overview_counts_what_was_told(facts: list[Fact]) -> None:
    """So that the benchmark's work is real work: every fact has its effect, and none breaks a rule."""
    overview = next(projection for projection in PROJECTIONS if projection.name == "overview")
    folding = folded(overview, facts).rows
    runs = [row for key, row in folding.items() if key.table is OVERVIEW and isinstance(row, Counts)]
    by_type = Counter(fact.type for fact in facts)
    assert sum(run.registrations for run in runs) == by_type["enrollment.requested"]
    assert sum(run.withdrawals for run in runs) == by_type["enrollment.withdrawn"]
    assert sum(run.activity_rows for run in runs) == by_type["progress.activity_recorded"]
    assert sum(run.submissions for run in runs) == by_type["attempt.submitted"]
    assert sum(run.graded for run in runs) == by_type["attempt.graded"]
    assert sum(sum(run.outcomes.values()) for run in runs) == by_type["progress.course_outcome_decided"] > 0
    assert not any(run.irregular for run in runs)


def test_the_synthetic_log_looks_like_oulad() -> None:
    """Six in ten facts are activity."""
    found = [to_fact(row) for row in islice(rows(learners=LEARNERS), 20_000, 40_000)]
    shares = {name: number / len(found) for name, number in Counter(fact.type for fact in found).items()}
    assert 0.55 < shares["progress.activity_recorded"] < 0.7
    assert 0.08 < shares["attempt.graded"] < 0.13
    assert 0.07 < shares["progress.unit_completed"] < 0.13
    assert 0.01 < shares["enrollment.requested"] < 0.03


def test_neighbours_in_the_log_belong_to_others() -> None:
    """Learners do things at the same time, so nothing can be won by folding one after the other."""
    keys = [key_of(row[1]) for row in islice(rows(), 40_000, 45_000)]
    assert sum(one == other for one, other in pairwise(keys)) < len(keys) / 3


def test_the_same_seed_makes_the_same_log() -> None:
    """Only the ids of the events differ, so that two runs of the benchmark have the same work."""

    def bare(seed: int) -> list[tuple[object, ...]]:
        return [(*row[:7], row[8]) for row in islice(rows(seed), 5_000)]

    assert bare(1) == bare(1)
    assert bare(1) != bare(2)


def test_the_runner_counts(settings: Settings) -> None:
    """The library's projection has counted every event when the clock stops, and goes on where it was."""
    env = variables(settings.postgres_owner_url)
    with projected(env, record(env, 23)) as (took, view):
        first = view.counts()
    assert took > 0
    assert len(first) == 22
    amount = sum(1 + activity % 7 for activity in range(EVENTS - 1))
    assert first["run-0"] == (2, 2 * (EVENTS - 1), 2 * amount)
    assert first["run-1"] == (1, EVENTS - 1, amount)
    assert runner_rate(env, 1) > 0
    with projected(env, record(env, 1)) as (_, view):
        assert view.counts()["run-0"] == (4, 4 * (EVENTS - 1), 4 * amount)


ANSWER = {"seconds": {"tables": 5.0, "bulk": 2.0, "catch_up": 0.25, "write": 1.0, "index": 7.0}}


async def test_what_a_rebuild_is_compared_by(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The replay is what it took to fold the log and to write the rows, and not the tables and the indexes."""
    monkeypatch.setattr(rebuild_ours, "CAMPUS", (sys.executable, "-c", f"print({json.dumps(ANSWER)!r})"))
    rebuilt = await rebuild_ours.rebuild(settings, "overview", 1)
    assert rebuilt.replay == 3.25
    assert rebuilt.whole > 0
    assert rebuilt.steps == ANSWER["seconds"]


async def test_a_rebuild_that_fails(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends the benchmark with what the command has said."""
    monkeypatch.setattr(rebuild_ours, "CAMPUS", (sys.executable, "-c", "raise SystemExit('no room')"))
    with pytest.raises(Failure, match="no room"):
        await rebuild_ours.rebuild(settings, "overview", 1)


def test_a_second_core_gives_something(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes at once do what one does, and the report says how much faster."""
    monkeypatch.setattr(rebuild_yardsticks, "LOOP", 100_000)
    assert 0 < rebuild_yardsticks.gain_of_second_core() < 20


def test_the_log_grows_in_steps() -> None:
    """One, three and all ten million facts; a shorter log is measured once."""
    assert list(_steps(10_000_000)) == [(0, 1_000_000), (1_000_000, 3_000_000), (3_000_000, 10_000_000)]
    assert list(_steps(1_000_000)) == [(0, 1_000_000)]


def test_verdicts() -> None:
    """A figure meets its target or misses it; what was not measured is neither."""
    targets = [
        Target.at_least("fast", 0.3, 0.3),
        Target.at_least("linear", None, 0.8),
        Target.at_most("memory", 1_025, 1_024, "MiB"),
    ]
    assert [target.met for target in targets] == [True, None, False]
    assert not Findings("rebuild", targets, {}).met
    assert Findings("rebuild", targets[:2], {}).as_dict()["met"] is True
