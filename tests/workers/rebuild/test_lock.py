"""A rebuild that has lost its turn to another one does no harm to what that one has made."""

import pytest

from adapters.settings import Settings
from projections.engine.bulk.fold import BulkFold, Task
from projections.engine.projection import Projection
from tests.support.rebuilds import all_of, assert_accounts, digests, followed, rebuilt
from tests.support.workers import BOTH, writer
from workers.rebuild.segment_writer import SegmentJob, SegmentWriter
from workers.support.session import open_session

both = pytest.mark.parametrize("projection", BOTH, ids=["postgres", "valkey"])


@both
async def test_a_segment_that_another_rebuild_has_completed_stays(settings: Settings, projection: Projection) -> None:
    """Rows of an earlier position never lie under a later checkpoint: their facts would count twice."""
    async with writer(settings) as facts:
        await facts.record_many(60)
        await followed(settings, 60)
        (built,) = (await rebuilt(settings, projection)).built
    generation = (await all_of(settings, projection))[-1]
    segments = tuple(range(generation.segments))
    late = BulkFold([Task(projection, segments, frozenset())])
    written: list[int] = []
    async with open_session(settings, "rows", "rebuild") as (connection, valkey):
        rows = SegmentWriter(connection, valkey, settings, late, 10)
        await rows.write([SegmentJob(projection, generation, segments, frozenset())], lambda: written.append(1))
    assert len(written) == generation.segments
    assert (await digests(settings, projection))[generation.number] == built.digest
    await assert_accounts(settings, projection, applied=60)
