"""The importer's shortcuts change nothing: the bytes of any command, and batches as `append_events()` likes them."""

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from adapters.command_bus.unit_of_work import new_event
from adapters.postgres.log.append import Append, Appended, Appender
from adapters.settings import Settings
from commands.log import Context
from domain.fact import Meta
from domain.progress import CourseProgress, progress_stream
from domain.score import Score
from tests.support.oulad import crowd, write
from workers.importing.oulad import import_oulad, writer
from workers.importing.oulad.history import SOURCE, past
from workers.importing.oulad.writer import Encoder

AT = datetime(2013, 10, 1, tzinfo=UTC)


def test_facts_are_stored_as_those_of_a_command() -> None:
    """Byte for byte, except that every fact has an id of its own."""
    progress = past(CourseProgress, progress_stream("11", "AAA-2013J"))
    progress.mark_irregular("no_access")
    progress.record_activity("100", "homepage", 3)
    progress.complete_unit("1", 1, "quiz_passed", Score(8_500))
    encoder, context = Encoder(SOURCE, 3), Context("import", at=AT, source=SOURCE, row="3:7:1048576")
    for event in progress.collect_events():
        ours, theirs = encoder.new_event(event, (7, 1_048_576), AT), new_event(event, context)
        first, second = (msgspec.json.decode(fact.meta, type=Meta).event_id for fact in (ours, theirs))
        assert first != second
        assert ours.meta.replace(first.encode(), second.encode()) == theirs.meta
        assert msgspec.structs.replace(ours, meta=theirs.meta) == theirs


async def test_no_stream_comes_up_twice_in_a_batch(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise `append_events()` would have to look at one append after the other."""
    monkeypatch.setattr(writer, "BATCH", 500)
    batches: list[list[str]] = []

    async def append(self: Appender, unit: Append) -> Appended:
        if unit.key is None:
            batches.append([event.stream_id for event in unit.events])
        return await self._batcher.submit(unit)

    monkeypatch.setattr(Appender, "append", append)
    await import_oulad(settings, write(tmp_path / "crowd.zip", crowd()))
    for batch in batches:
        streams = [stream for stream, _ in groupby(batch)]
        assert len(streams) == len(set(streams))
    assert max(map(len, batches)) >= 100
