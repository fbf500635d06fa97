"""Why a number has its value that adds up over many keys: for every number of every such row."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.postgres.as_of.sums import SumJob, Sums, fold_sum
from adapters.postgres.as_of.why import NotExplained, Place, place_of
from adapters.postgres.bulk.page_reader import PageReader
from adapters.settings import Settings
from adapters.stores.fresh_fold import fresh_fold
from projections.engine.bulk.fresh import FoldTarget
from projections.engine.live import Exclusions
from projections.engine.moment import Moment
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.shop import keep_busy
from tests.support.usecases import Campus
from workers.seeding import seed


def numbers(settings: Settings, position: int) -> Iterator[tuple[Place, float]]:
    """Every number of the sums of every read model, and its value."""
    for projection in PROJECTIONS:
        if not any(table.distribution == "partial" for table in projection.tables):
            continue
        target = FoldTarget(projection, dict.fromkeys(range(projection.segments), position), Exclusions())
        with fresh_fold(PageReader(settings), [target]) as fold:
            for key, row in fold.rows(target):
                if key.table.distribution == "partial":
                    for path, value in _within(row):
                        yield Place(projection, key, None, path), value


def _within(row: Any) -> Iterator[tuple[tuple[str, ...], float]]:
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, dict):
            yield from (((name, *each.split("/")), count) for each, count in value.items())
        elif isinstance(value, int | float):
            yield (name,), value


async def test_every_sum_has_parts_that_add_up_to_it(settings: Settings) -> None:
    """By key and by day; at one moment and, of one number in each table, by what had happened half way."""
    await seed(settings, 4)
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
    moment = Moment(len(facts), facts[-1].recorded_at)
    half_way = sorted(fact.occurred_at for fact in facts)[len(facts) // 2]
    explained: dict[str, set[str]] = {}
    for place, value in numbers(settings, moment.position):
        known = explained.setdefault(place.row.table.name, set())
        if value and place.path[0] not in known:
            known.add(place.path[0])
            found = fold_sum(SumJob(settings, place, moment))
            assert (found.value, found.adds_up, found.failed) == (value, True, 0), place
            assert found.by_key
            assert sum(found.types.values()) >= max(len(found.by_key), len(found.by_day))
            if len(known) == 1:
                then = fold_sum(SumJob(settings, place, moment._replace(valid_at=half_way)))
                assert then.adds_up
                assert max(then.by_day, default=0) <= half_way.toordinal()
    assert {"people", "registrations", "activity_amount", "outcomes"} <= explained["overview"]
    assert {"rows", "learners"} <= explained["course_weeks"]
    assert {"active"} <= explained["course_days"]
    assert {"debits"} <= explained["ledger_sums"]
    assert {"captured"} <= explained["revenue"]


async def test_a_process_of_its_own_folds_and_the_result_is_kept(settings: Settings) -> None:
    """A learner's part is what she did; the second question is answered from memory."""
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
    moment, sums = Moment(len(facts), facts[-1].recorded_at + timedelta(seconds=1)), Sums(settings)
    run = next(fact.id("run_id") for fact in facts if fact.type == "enrollment.requested")
    place = place_of(PROJECTIONS, "overview", run, "registrations")
    found = await sums.explain(place, moment)
    asked = [fact.key for fact in facts if fact.type == "enrollment.requested" and fact.id("run_id") == run]
    assert found.by_key == {key: asked.count(key) for key in asked}
    assert found.parts("key")[0][1] == max(found.by_key.values())
    assert await sums.explain(place, moment) is found


@pytest.mark.parametrize(
    ("view", "key", "field"),
    [
        ("overview", "r", "source"),
        ("overview", "r", "outcomes"),
        ("overview", "r", "people/x"),
        ("revenue", "d", "day"),
    ],
)
def test_what_is_no_number_is_refused(view: str, key: str, field: str) -> None:
    """A text, a whole set of counts, something within a number."""
    with pytest.raises(NotExplained):
        place_of(PROJECTIONS, view, key, field)
