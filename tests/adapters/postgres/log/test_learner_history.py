"""A learner's history is whole, and a page of it costs the same however long it is."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any

import msgspec
import psycopg
import pytest

from adapters.postgres.log import learner_history
from adapters.postgres.log.append import Append
from adapters.postgres.log.learner_history import HistoryPage, Wanted, counts, page, whole_history
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.migrate import all_migrations
from adapters.settings import Settings
from domain.fact import Fact
from domain.registry import AGGREGATE_OF, FACTS, MENTIONING
from domain.streams import id_or_none, learner_of
from tests.support.appends import WHEN, new_event, opened, query
from tests.support.shop import keep_busy
from tests.support.usecases import Campus
from workers.seeding import seed

ALL = Wanted()


async def page_of(
    log: PostgresLog, learner: str, bounds: tuple[int, int], limit: int, wanted: Wanted, *, descending: bool
) -> HistoryPage:
    """One page."""
    return await log.link.run(lambda c: page(c, learner, bounds, limit, wanted, descending=descending))


async def whole_of(log: PostgresLog, learner: str) -> list[Fact]:
    """The whole history."""
    return await log.link.run(lambda c: whole_history(c, learner, 2**62))


async def counts_of(log: PostgresLog, learner: str, head: int, wanted: Wanted) -> Counter[str]:
    """The counts by type."""
    return await log.link.run(lambda c: counts(c, learner, head, wanted))


async def read(
    log: PostgresLog, learner: str, limit: int, wanted: Wanted = ALL, *, descending: bool = False
) -> tuple[list[Fact], int]:
    """All pages of a history after each other, and their number."""
    head, found, pages = await log.head(), list[Fact](), 0
    place: int | None = None
    while True:
        bounds = (0, head if place is None else place - 1) if descending else (place or 0, head)
        got = await page_of(log, learner, bounds, limit + 1, wanted, descending=descending)
        found += got.facts[:limit]
        pages += 1
        more = got.facts[limit - 1].position if len(got.facts) > limit else got.edge
        if more is None:
            return found, pages
        assert place is None or (more < place if descending else more > place)
        place = more


def scanned(facts: list[Fact], learner: str, wanted: Wanted = ALL) -> list[Fact]:
    """The same by a scan of the log."""
    return [
        fact
        for fact in facts
        if learner_of(fact.stream_id, fact.data) == learner
        and (wanted.types is None or fact.type in wanted.types)
        and (wanted.run_id is None or id_or_none(fact.stream_id, "run_id") == wanted.run_id or _of_quiz(fact, wanted))
        and (wanted.since is None or fact.occurred_at >= wanted.since)
        and (wanted.by is None or fact.occurred_at <= wanted.by)
        and (wanted.actor is None or fact.meta.actor == wanted.actor)
    ]


def _of_quiz(fact: Fact, wanted: Wanted) -> bool:
    return id_or_none(fact.stream_id, "quiz_id") in wanted.quizzes


@pytest.mark.parametrize(
    ("looks", "sampled"),
    [((10, 1_000), 1), *(pytest.param((each,), 5, marks=pytest.mark.slow) for each in (1, 3, 1_000))],
)
async def test_pages_are_a_scan_of_the_log(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, looks: tuple[int, ...], sampled: int
) -> None:
    """Up and down, with any filter, of any size; and so are the counts by type."""
    await seed(settings, 3)
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
        of_types = Counter(fact.type for fact in facts if learner_of(fact.stream_id, fact.data) is not None)
        assert {"seats.taken", "receipts.issued", "order.placed"} <= of_types.keys()
        choice = Random(looks[0])
        quizzes = tuple({fact.id("quiz_id") for fact in facts if fact.type == "quiz.published"})
        learners = sorted({found for fact in facts if (found := learner_of(fact.stream_id, fact.data))})
        for learner in [*choice.sample(learners, min(sampled, len(learners))), "ann", "zoe"]:
            runs = sorted({r for f in scanned(facts, learner) if (r := id_or_none(f.stream_id, "run_id"))})
            times = sorted(fact.occurred_at for fact in facts)
            for wanted in (
                Wanted(),
                Wanted(types=tuple(choice.sample(sorted(of_types), 4))),
                Wanted(types=MENTIONING),
                Wanted(run_id=choice.choice(runs or ["none"]), quizzes=quizzes[:1]),
                Wanted(since=choice.choice(times), by=choice.choice(times)),
                Wanted(actor=choice.choice(facts).meta.actor),
            ):
                expected = scanned(facts, learner, wanted)
                for look, limit in product(looks, (1, 7, 50)):
                    monkeypatch.setattr(learner_history, "LOOK", look)
                    assert (await read(log, learner, limit, wanted))[0] == expected
                    assert (await read(log, learner, limit, wanted, descending=True))[0] == expected[::-1]
                head = len(facts)
                counted = await counts_of(log, learner, head, wanted)
                assert counted == Counter(fact.type for fact in expected)
            assert await whole_of(log, learner) == scanned(facts, learner)


@contextmanager
def explained(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The blocks that each statement of a page has read."""
    blocks: list[int] = []
    plain = learner_history._all

    async def explain(connection: psycopg.AsyncConnection, text: str, values: dict[str, Any]) -> Any:
        explaining = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {text}"
        ((plan,),) = await (await connection.execute(explaining.encode(), values)).fetchall()
        blocks.append(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])
        return await plain(connection, text, values)

    with monkeypatch.context() as patch:
        patch.setattr(learner_history, "_all", explain)
        yield blocks


async def test_a_page_costs_the_same_wherever_it_is(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads blocks for its facts and for the search in each stream, not for all that was recorded."""
    async with opened(settings) as log:
        for number in range(20):
            first = 1_000 * number + 1
            await log.append(Append([new_event("progress-7:AAA", first + n) for n in range(1_000)]))
            await log.append(Append([new_event("progress-7:BBB", number + 1)]))
            data = [msgspec.json.encode({"learner_id": "7" if n % 100 == 0 else "8"}) for n in range(500)]
            taken = [
                new_event("seats-AAA", 500 * number + n + 1, type="seats.taken", data=each)
                for n, each in enumerate(data)
            ]
            await log.append(Append(taken))
        await query(settings, "ANALYZE events", owner=True)
        head = await log.head()
        whole = [fact.position for fact in await whole_of(log, "7")]
        assert len(whole) == 20_120
        for after in (0, whole[9_999], whole[-20]):
            for descending in (False, True):
                bounds = (0, after) if descending else (after, head)
                with explained(monkeypatch) as blocks:
                    found = await page_of(log, "7", bounds, 50, ALL, descending=descending)
                below = [position for position in whole if position <= after][::-1]
                expected = below if descending else [position for position in whole if position > after]
                assert [fact.position for fact in found.facts] == expected[:50]
                assert sum(blocks) < 600, blocks
        rare = Wanted(actor="zoe", since=WHEN - timedelta(days=1))
        with explained(monkeypatch) as blocks:
            got = await page_of(log, "7", (0, head), 50, rare, descending=False)
        assert (got.facts, got.edge) == ([], whole[learner_history.LOOK - 1])
        assert sum(blocks) < 1_500, blocks


ANONYMOUS = {"opening.posted", "reply.posted", "answer.accepted"}
"""In no learner's history: it would say who has written without a name (decisions/0421)."""


def test_the_index_has_every_fact_that_names_a_learner() -> None:
    """A fact that is not a learner's own and has the field is of an aggregate that says so, and in migration 0330."""
    naming = {
        name
        for name, fact in FACTS.items()
        if "learner_id" in fact.__dataclass_fields__  # type: ignore[attr-defined]
    }
    of_others = {name for name in naming if AGGREGATE_OF[name].keyed_by != "learner_id"}
    assert of_others - ANONYMOUS == set(MENTIONING)
    migration = next(each for each in all_migrations() if each.number == 330)
    assert all(f"'{name}'" in migration.text for name in MENTIONING)
