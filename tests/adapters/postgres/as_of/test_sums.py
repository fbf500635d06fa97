"""Why a number has its value that adds up over many keys: for every number of every such row, and of answers."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from adapters.postgres.as_of.sums import SumJob, Sums, decoded, encoded, fold_sum
from adapters.postgres.as_of.totals import added_up
from adapters.postgres.as_of.waiting import FoldWaiter
from adapters.postgres.as_of.why import NotExplained, Place, place_of
from adapters.postgres.bulk.page_reader import PageReader
from adapters.postgres.queries.overview import OverviewCounts, Part, overview_of_rows
from adapters.settings import Settings
from adapters.stores.fresh_fold import fresh_fold
from domain.fact import Fact
from projections.course_dashboard import CourseDashboard, CourseDay
from projections.engine.bulk.fresh import FoldTarget
from projections.engine.live import Exclusions
from projections.engine.moment import Moment
from projections.engine.projection import KeyedRow, Projection
from projections.engine.summands import Added, Summands, Term
from projections.ledger import Ledger
from projections.ledger.rows import LedgerSums, Revenue
from projections.overview import Counts, Overview
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.folding import folding
from tests.support.shop import keep_busy
from tests.support.usecases import Campus
from workers.seeding import seed


async def filled(settings: Settings) -> Sequence[Fact]:
    """The facts of a small demo campus with a shop."""
    await seed(settings, 4)
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        return await log.read(0, await log.head())


def rows_of(settings: Settings, projection: Projection, position: int) -> list[KeyedRow]:
    """The rows of a read model, folded up to a position."""
    target = FoldTarget(projection, dict.fromkeys(range(projection.segments), position), Exclusions())
    with fresh_fold(PageReader(settings), [target]) as fold:
        return list(fold.rows(target))


def numbers(settings: Settings, position: int) -> Iterator[tuple[Place, float]]:
    """Every number of the sums of every read model, and its value."""
    for projection in PROJECTIONS:
        if not any(table.distribution == "partial" for table in projection.tables):
            continue
        for key, row in rows_of(settings, projection, position):
            if key.table.distribution == "partial":
                for path, value in _within(row):
                    added = Added.of_row(key, Term(path[0], "/".join(path[1:]) or None))
                    yield Place(projection, key.table.name, key, None, path, added), value


def _within(row: Any) -> Iterator[tuple[tuple[str, ...], float]]:
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, dict):
            yield from (((name, *each.split("/")), count) for each, count in value.items())
        elif isinstance(value, int | float):
            yield (name,), value


async def test_every_sum_has_parts_that_add_up_to_it(settings: Settings) -> None:
    """By key and by day; at one moment and, of one number in each table, by what had happened half way."""
    facts = await filled(settings)
    half_way = sorted(fact.occurred_at for fact in facts)[len(facts) // 2]
    explained: dict[str, set[str]] = {}
    for place, value in numbers(settings, len(facts)):
        known = explained.setdefault(place.row.table.name, set())
        if value and place.path[0] not in known:
            known.add(place.path[0])
            found = fold_sum(SumJob(settings, place, len(facts)))
            assert (found.value, found.adds_up, found.failed) == (value, True, 0), place
            assert found.by_key
            assert sum(found.types.values()) >= max(len(found.by_key), len(found.by_day))
            if len(known) == 1:
                then = fold_sum(SumJob(settings, place, len(facts), half_way))
                assert then.adds_up
                assert max(then.by_day, default=0) <= half_way.toordinal()
    assert {"people", "registrations", "activity_amount", "outcomes"} <= explained["overview"]
    assert {"rows", "learners"} <= explained["course_weeks"]
    assert {"active"} <= explained["course_days"]
    assert {"debits"} <= explained["ledger_sums"]
    assert {"captured"} <= explained["revenue"]


def parts(settings: Settings, place: tuple[str, str, str], position: int) -> Summands:
    """The parts of a number of an answer, which add up to it."""
    found = fold_sum(SumJob(settings, place_of(PROJECTIONS, *place), position))
    assert found.adds_up, place
    return found


async def test_what_the_overview_adds_up_has_parts(settings: Settings) -> None:
    """Every number of the campus, of each source and of a run, as it is answered; a person counts once."""
    facts = await filled(settings)
    rows = [row for _, row in rows_of(settings, Overview(), len(facts)) if isinstance(row, Counts)]
    answer = overview_of_rows(rows, Part(), len(facts))
    campus, sources, runs = map(json.loads, (answer.campus, answer.sources, answer.runs))
    entries = [("*", campus), *((f"*,{each['source']}", each) for each in sources)]
    assert len(sources) > 1
    for key, entry in entries:
        for path, value in _within(msgspec.convert(entry, OverviewCounts)):
            found = parts(settings, ("overview", key, "/".join(path)), len(facts))
            assert (found.value or 0) == value, (key, path)
    people = parts(settings, ("overview", "*", "people"), len(facts))
    assert set(people.by_key.values()) == {1}
    (run, *_) = runs
    place = ("overview", run["run_id"], "without_score")
    assert (parts(settings, place, len(facts)).value or 0) == run["without_score"]


async def test_what_other_answers_add_up_has_parts(settings: Settings) -> None:
    """A day of a run has all days up to it; balances and revenue are those of the rows of all days."""
    facts = await filled(settings)
    days = [row for _, row in rows_of(settings, CourseDashboard(), len(facts)) if isinstance(row, CourseDay)]
    last = max(days, key=lambda each: (each.day, each.active))
    found = parts(settings, ("run_dashboard", last.run_id, f"days/{last.day}/active"), len(facts))
    assert found.value == sum(each.active for each in days if each.run_id == last.run_id)
    assert max(found.by_day) <= date.fromisoformat(last.day).toordinal()

    ledger = [row for _, row in rows_of(settings, Ledger(), len(facts))]
    sums = [row for row in ledger if isinstance(row, LedgerSums)]
    account = "assets:clearing"
    debit, credit = (
        sum(amount for row in sums for name, amount in getattr(row, side).items() if name.endswith(f" {account}"))
        for side in ("debits", "credits")
    )
    assert debit
    for field, value in (("debit", debit), ("credit", credit), ("balance", debit - credit)):
        assert (parts(settings, ("balances", f"EUR,{account}", field), len(facts)).value or 0) == value

    revenue = [row for row in ledger if isinstance(row, Revenue)]
    day, name = next((row.day, name) for row in revenue for name in row.captured)
    captured = sum(row.captured.get(name, 0) for row in revenue if row.day.startswith(day[:7]))
    key = ",".join([day[:7], *name.split(" ")])
    assert parts(settings, ("revenue", key, "captured"), len(facts)).value == captured


@pytest.mark.parametrize(
    ("period", "field", "amount"),
    [
        ("2026-03", "earned", 1_700),
        ("2026-04-14", "earned", 1_400),
        ("2026", "earned", 3_100),
        ("2026", "deferred", 3_100),
    ],
)
def test_what_plans_earn_is_a_part_of_the_books(period: str, field: str, amount: int) -> None:
    """Of just this course: what was deferred on a day, and is earned on others."""
    account = "liabilities:deferred:algebra"
    debits = {f"EUR 2026-03-31 {account}": 1_700, f"EUR 2026-04-14 {account}": 1_400, f"EUR 2026-04-14 {account}-2": 1}
    row = LedgerSums("2026-03-15", debits, {f"EUR 2026-03-15 {account}": 3_100, f"USD 2026-03-15 {account}": 7})
    added = added_up("revenue", (period, "EUR", "algebra"), (field,))
    assert added is not None
    assert added.number(row) == amount


async def test_the_auditor_folds_and_the_result_is_kept(settings: Settings) -> None:
    """A learner's part is what she did; the second question is answered from what was found."""
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
        sums = Sums(log.link, FoldWaiter(log.link))
        moment = Moment(len(facts), facts[-1].recorded_at + timedelta(seconds=1))
        run = next(fact.id("run_id") for fact in facts if fact.type == "enrollment.requested")
        place = place_of(PROJECTIONS, "overview", run, "registrations")
        async with folding(settings):
            found = await sums.explain(place, moment)
        asked = [fact.key for fact in facts if fact.type == "enrollment.requested" and fact.id("run_id") == run]
        assert found.by_key == {key: asked.count(key) for key in asked}
        assert found.parts("key")[0][1] == max(found.by_key.values())
        assert await sums.explain(place, moment) is found
        assert await Sums(log.link, FoldWaiter(log.link)).explain(place, moment) == found  # of another process
    kept = decoded(encoded(found))
    assert (kept, type(kept.value)) == (found, int)


@pytest.mark.parametrize(
    ("view", "key", "field"),
    [
        ("overview", "r", "source"),
        ("overview", "r", "outcomes"),
        ("overview", "r", "people/x"),
        ("overview", "*", "outcomes"),
        ("overview", "*,api", "people/x"),
        ("revenue", "d", "day"),
        ("revenue", "soon,EUR,algebra", "captured"),
        ("balances", "EUR", "debit"),
        ("run_dashboard", "r", "counts/funnel"),
        ("run_dashboard", "r", "days/2026-02-01/ended"),
    ],
)
def test_what_is_no_number_is_refused(view: str, key: str, field: str) -> None:
    """A text, a whole set of counts, something within a number; a number that no answer has."""
    with pytest.raises(NotExplained):
        place_of(PROJECTIONS, view, key, field)
