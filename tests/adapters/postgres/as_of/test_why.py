"""Why a field has its value: for every field of every row that belongs to one key, without code in its projection."""

from itertools import pairwise
from typing import Any

import msgspec
import psycopg
import pytest

from adapters.postgres.as_of.folder import KeyFolder
from adapters.postgres.as_of.why import NoSuchView, NotExplained, Place, expected, explain, place_of
from adapters.settings import Settings
from domain.streams import is_reference
from projections.engine.diff.lineage import needs_of
from projections.engine.distribution import segment_of_key
from projections.engine.moment import Moment
from projections.engine.watch import value_at
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.shop import keep_busy
from tests.support.usecases import Campus
from workers.seeding import seed

LIVE = """
INSERT INTO projections (name, generation, version, code, segments, status, live_at)
VALUES ('orders', 1, %s, '', %s, 'live', now())
"""
SKIP = """
INSERT INTO skipped (projection, version, position, key, reason, skipped_by) VALUES ('orders', %s, %s, 'ann', 'x', 'x')
"""
PARKED = """
INSERT INTO parked (projection, generation, segment, key, first_position, failed_position, type, version, error, trace)
VALUES ('orders', 1, %s, 'ann', %s, %s, 'x', %s, 'x', '')
"""


async def test_every_field_of_every_keyed_row_is_explained(settings: Settings) -> None:
    """The changes lead, one after the other, from the blank row to the value; the rule is code of the read model."""
    await seed(settings, 4)
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
        moment = Moment(len(facts), facts[-1].recorded_at)
        explained: dict[str, set[str]] = {}
        for projection in PROJECTIONS:
            folder = KeyFolder(log.link, projection)
            wanted = {row for fact in facts if is_reference(fact.stream_id) for row in needs_of(projection, fact)}
            for owner in _owners(projection.handlers, facts):
                for row_key, row in (await folder.rows(owner, moment, wanted)).rows.items():
                    fields = set(row_key.table.row.__struct_fields__) - explained.setdefault(row_key.table.name, set())
                    for field in sorted(fields - set(row_key.table.key)):
                        blank = value_at(row_key.table.row(*row_key.key), [field])
                        value = value_at(row, [field])
                        if value == blank:
                            continue  # another row shows more
                        explained[row_key.table.name].add(field)
                        await _check(
                            folder,
                            Place(projection, row_key.table.name, row_key, owner, (field,)),
                            moment,
                            blank,
                            value,
                        )
    assert {"best_bp", "passed", "tries"} <= explained["gradebook"]
    assert {"courses", "recent", "position"} <= explained["learner_dashboard"]
    assert {"status", "captured", "refunds"} <= explained["orders"]
    assert {"title"} <= explained["catalog_courses"]
    assert {"entries"} <= explained["recent_activity"]


def _owners(handlers: Any, facts: Any) -> list[str | None]:
    """Two keys of each type of fact that a read model reads; and none, for reference facts."""
    found: dict[str, list[str]] = {}
    for fact in facts:
        if fact.type in handlers and not is_reference(fact.stream_id):
            keys = found.setdefault(fact.type, [])
            if fact.key not in keys:
                keys.append(fact.key)
    return [None, *dict.fromkeys(key for keys in found.values() for key in keys[-2:])]


async def _check(folder: KeyFolder, place: Place, moment: Moment, blank: Any, value: Any) -> None:
    watched = (await explain(folder, place, moment)).watched
    where = place.row.table.name, place.row.key, place.path
    assert (watched.value, watched.exists, watched.failed) == (value, True, []), where
    assert watched.changes, where
    assert watched.changes[0].before == blank, where
    assert watched.changes[-1].after == value, where
    assert all(one.after == other.before for one, other in pairwise(watched.changes)), where
    assert watched.touching >= len(watched.changes)
    assert watched.ran.keys() == {change.fact.type for change in watched.changes}
    if place.path[-1] in {"percent", "grade_bp", "grade_so_far_bp"} and value:
        ratio = watched.ratio
        assert ratio is not None, where
        assert ratio.name == place.path[-1].removesuffix("_bp"), where
        assert ratio.bp == value or (place.path[-1] == "percent" and ratio.bp > value), (where, ratio)
    home = type(place.projection).__module__
    for ran in watched.ran.values():
        assert any(f"{each.module}.".startswith(f"{home}.") and each.source for each in ran), where


async def test_a_value_that_was_expected(settings: Settings) -> None:
    """The fact that led away from it; of a value that never was, the first that changed the field."""
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
        place = place_of(PROJECTIONS, "orders", "ann,o1", "status")
        watched = (
            await explain(KeyFolder(log.link, place.projection), place, Moment(len(facts), facts[-1].recorded_at))
        ).watched
    assert [change.after for change in watched.changes] == ["awaiting_payment", "paid", "partly_refunded"]
    paid = expected(watched, "paid")
    assert (paid.was_ever, paid.change) == (True, watched.changes[2])
    never = expected(watched, '"cancelled"')
    assert (never.was_ever, never.change) == (False, watched.changes[0])
    assert expected(watched, "partly_refunded").change is None


async def test_facts_that_have_not_done_what_was_expected(settings: Settings) -> None:
    """Passed over, skipped or parked in what is served; each once, in log order; not looked for without a need."""
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
        place, moment = place_of(PROJECTIONS, "orders", "ann,o1", "status"), Moment(len(facts), facts[-1].recorded_at)
        folder = KeyFolder(log.link, place.projection)
        assert (await explain(folder, place, moment)).beside == ()
        read = [fact for fact in facts if fact.key == "ann" and fact.type in place.projection.handlers]
        segment = segment_of_key("ann", place.projection.segments)
        with psycopg.connect(settings.postgres_owner_url) as owner:
            owner.execute(f"SET search_path TO {settings.schema_name}".encode())
            owner.execute(LIVE, [place.projection.version, place.projection.segments])
            owner.execute(SKIP, [place.projection.version, read[0].position])
            owner.execute(PARKED, [segment, read[-1].position, read[-1].position, place.projection.version])
        found = (await explain(folder, place, moment, beside=True)).beside
    assert [each.fact.position for each in found] == sorted({each.fact.position for each in found})
    reasons = {each.fact.position: each.reason for each in found}
    assert (reasons[read[0].position], reasons[read[-1].position]) == ("skipped", "parked")
    unread = {fact.position for fact in facts if fact.key == "ann"} - {fact.position for fact in read}
    assert unread == {position for position, reason in reasons.items() if reason == "not_read"}


@pytest.mark.parametrize(
    ("view", "key", "field", "error"),
    [
        ("grades", "a", "b", NoSuchView),
        ("gradebook", "28400", "best_bp", NotExplained),
        ("gradebook", "r,q,28400", "best", NotExplained),
        ("ledger_entries", "28400,ten", "amount", NotExplained),
        ("course_days", "r,2014-03-01", "rows", NotExplained),
    ],
)
def test_what_cannot_be_explained_is_refused(view: str, key: str, field: str, error: type[Exception]) -> None:
    """With what there is: views, the parts of a key, fields; and rows that add up over many keys."""
    with pytest.raises(error):
        place_of(PROJECTIONS, view, key, field)


def test_a_value_within_a_row_is_found_by_ids() -> None:
    """An entry of a list by its first field or its number, a member of a mapping by its name."""

    class Entry(msgspec.Struct):
        run_id: str
        scores: dict[int, int] = {}

    class Row(msgspec.Struct):
        entries: list[Entry]

    row = Row([Entry("algebra", {1: 50}), Entry("biology")])
    assert value_at(row, ["entries", "algebra", "scores", "1"]) == value_at(row, ["entries", "0", "scores", "1"]) == 50
    assert value_at(row, ["entries", "chemistry", "scores"]) is None
    assert value_at(row, ["entries", "1"]) == {"run_id": "biology", "scores": {}}
