"""Why a field of a read model has its value that is not divided by key, such as an analyst's own: by the whole log."""

import asyncio
from collections.abc import Callable

import msgspec

from adapters.postgres.as_of.why import Explanation, Place
from adapters.postgres.bulk.page_reader import PageReader
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.stores.fresh_fold import fresh_fold
from projections.engine.bulk.fresh import FoldTarget
from projections.engine.live import Exclusions, Poison
from projections.engine.moment import Moment
from projections.engine.whole_watch import ValueWatch


async def explain_undivided(
    settings: Settings, log: PostgresLog, place: Place, moment: Moment, tell: Callable[[int], None]
) -> Explanation:
    """How the field has got its value; *tell* gets how many facts were passed since."""
    watch = ValueWatch(place.projection, place.row, place.path, moment.valid_at)
    row, poison = await asyncio.to_thread(_folded, settings, watch, place, moment, tell)
    facts = {fact.position: fact for fact in await log.at(watch.positions)}
    return Explanation(place, moment, watch.result(row, facts, poison))


def _folded(
    settings: Settings, watch: ValueWatch, place: Place, moment: Moment, tell: Callable[[int], None]
) -> tuple[msgspec.Struct | None, list[Poison]]:
    projection = watch.projection
    target = FoldTarget(projection, dict.fromkeys(range(projection.segments), moment.position), Exclusions())
    with fresh_fold(PageReader(settings, ahead=True), [target], tell) as fold:
        row = next((row for key, row in fold.rows(target) if key == place.row), None)
        return row, fold.poison(target)
