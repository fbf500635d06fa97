"""Pages of the log for a fold over all of it: every wanted fact once, in order, as the live projectors see it."""

import random
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from adapters.postgres.bulk import page_reader, pipeline, ranges
from adapters.postgres.bulk.page_reader import PageReader, open_connection
from adapters.postgres.bulk.ranges import AdaptiveRanges, PositionRange
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.postgres_log import COLUMNS
from adapters.settings import Settings
from domain.catalog import Course
from domain.fact import Fact
from projections.catalog import Catalog
from projections.engine.bulk.fold import BulkFold, Task
from projections.engine.bulk.pages import BulkFact, ColumnPage, FactFilter, SourceFailed
from projections.engine.distribution import segment_of
from projections.engine.rows import Unreadable
from projections.registry import PROJECTIONS
from tests.support.appends import WHEN, new_event, opened
from tests.support.appends import unit as append_unit

TYPES = ("progress.activity_recorded", "progress.unit_opened", "enrollment.withdrawn", "run.opened")
FACTS = 400


async def fill(settings: Settings, *odd: dict[str, Any]) -> None:
    """Facts of four types on some streams, among them *odd* ones, each of other fields, on streams of their own."""
    dice = random.Random(1)
    events = []
    for number in range(FACTS):
        learner, kind = dice.randrange(30), dice.choices(range(4), (80, 9, 9, 2))[0]
        stream = f"run-R{number}" if kind == 3 else f"{TYPES[kind].partition('.')[0]}-{learner}:R{number}"
        events.append(new_event(stream, 1, number, type=TYPES[kind]))
    for number, other in enumerate(odd):
        events.insert(100 + 7 * number, new_event(f"progress-odd{number}:R", 1, **other))
    async with opened(settings) as log:
        for start in range(0, len(events), 50):
            some = append_unit("-")
            await log.append(msgspec.structs.replace(some, events=events[start : start + 50]))


def as_live(settings: Settings, wanted: FactFilter, after: int = 0, until: int = 10**9) -> list[Fact]:
    """The facts as the live projectors read them."""
    with open_connection(settings) as connection:
        rows = connection.execute(f"SELECT {COLUMNS} FROM events ORDER BY position".encode(), binary=True).fetchall()
    return [
        fact
        for fact in map(fact_of, rows)
        if fact.type in wanted.types
        and (fact.type in wanted.everywhere or fact.partition in wanted.partitions)
        and after < fact.position <= until
    ]


def fields_of(facts: Iterable[Fact | BulkFact]) -> list[list[Any]]:
    """All that can be said of facts."""
    return [[getattr(fact, name) for name in Fact.__struct_fields__] for fact in facts]


def read(
    settings: Settings, wanted: FactFilter, after: int = 0, until: int = 10**9, **how: Any
) -> Iterator[ColumnPage]:
    """The pages."""
    return PageReader(settings, **how).pages(wanted, after, until)


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "FIRST_SPAN", 16)
    monkeypatch.setattr(ranges, "PAGE_FACTS", 20)
    monkeypatch.setattr(ranges, "LONGEST_SPAN", 64)


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("ahead", [False, True])
async def test_pages_have_every_fact_as_it_is(settings: Settings, ahead: bool) -> None:  # noqa: FBT001 - a case
    """All columns of all wanted facts, those seldom asked for as well, between any positions."""
    await fill(settings)
    everything = FactFilter(TYPES, frozenset(TYPES), frozenset())
    some = FactFilter(TYPES, frozenset(TYPES[3:]), frozenset({3, 17, 40, 41, 42}))
    for wanted, after, until in ((everything, 0, 10**6), (everything, 33, 301), (some, 0, 399), (some, 40, 40)):
        pages = list(read(settings, wanted, after, until, ahead=ahead))
        found: list[Any] = [
            row for page in read(settings, wanted, after, until, ahead=ahead) for row in fields_of(page.facts())
        ]
        assert found == fields_of(as_live(settings, wanted, after, until))
        assert not any(page.unreadable for page in pages)


ODD = {
    "line break": {"data": b'{"unit_id": "a",\n "kind": "b", "amount": 1}'},
    "line break in a stream": {"stream_id": "progress-a\nb:R"},
    "no JSON": {"data": b"{"},
    "nothing": {"data": b""},
    "nothing and two lines": {"data": b"{}\n{}"},
    "no text": {"data": b'{"a": "\xff"}'},
    "later version": {"schema_version": 9},
    "meta": {"meta": b"{"},
    "meta and version": {"meta": b"{", "schema_version": 9},
}


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
async def test_odd_facts_do_not_shift_their_neighbours(settings: Settings, odd: dict[str, Any]) -> None:
    """A page with a fact that does not fit the blobs is read row by row; what cannot be decoded is named."""
    await fill(settings, odd, {"data": b""})
    wanted = FactFilter(TYPES, frozenset(TYPES), frozenset())
    pages, found, live = [], [], as_live(settings, wanted)
    for page in read(settings, wanted):
        pages.append(page)
        found += [
            (f.position, f.stream_id, f.type, f.partition, f.data, f.position not in page.unreadable and f.meta)
            for f in page.facts()
        ]
    assert found == [
        (f.position, f.stream_id, f.type, f.partition, f.data, type(f) is not Unreadable and f.meta) for f in live
    ]
    unreadable = {position: why for page in pages for position, why in page.unreadable.items()}
    assert unreadable == {fact.position: fact.error for fact in live if isinstance(fact, Unreadable)}
    assert unreadable


@pytest.mark.usefixtures("_small")
async def test_old_versions_are_brought_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts of an old version come in the newest, as they do live; facts of the newest are not looked at one by one."""

    def upcast(state: dict[str, Any]) -> None:
        state["colour"] = "unknown"

    monkeypatch.setattr(Course.Created, "class_version", 2, raising=False)
    monkeypatch.setattr(Course.Created, "upcast_v1_v2", staticmethod(upcast), raising=False)
    data = {"data": b'{"title": "T", "summary": "", "language": "en"}', "type": "course.created"}
    odd = [{**data, "stream_id": f"course-C{number}", "schema_version": number % 2 + 1} for number in range(6)]
    await fill(settings, *odd)
    wanted = FactFilter((*TYPES, "course.created"), frozenset({*TYPES, "course.created"}), frozenset())
    live = as_live(settings, wanted)
    assert [row for page in read(settings, wanted) for row in fields_of(page.facts())] == fields_of(live)
    assert [fact.data.get("colour") for fact in live if fact.type == "course.created"] == ["unknown", None] * 3
    first = next(fact.position for fact in live if fact.type == "course.created")  # a page of old ones only
    assert [row for page in read(settings, wanted, first - 1, first) for row in fields_of(page.facts())] == fields_of(
        as_live(settings, wanted, first - 1, first)
    )


@pytest.mark.usefixtures("_small")
async def test_few_facts_are_found_by_their_streams(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where wanted facts are few, the log is not read: every page is a list of positions."""
    await fill(settings)
    monkeypatch.setattr(ranges, "FEW", 10)
    (task,) = [Task(projection, (0,)) for projection in PROJECTIONS if isinstance(projection, Catalog)]
    wanted = BulkFold([task]).wanted
    spans = []
    following = AdaptiveRanges.following

    def noted(self: AdaptiveRanges) -> Any:
        spans.append(following(self))
        return spans[-1]

    monkeypatch.setattr(AdaptiveRanges, "following", noted)
    found = [row for page in read(settings, wanted, 50, 350) for row in fields_of(page.facts())]
    assert found
    assert found == fields_of(as_live(settings, wanted, 50, 350))
    assert all(span is None or span.among for span in spans)


@pytest.mark.usefixtures("_small")
async def test_too_much_for_one_answer(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that the server cannot put into one row is read in smaller pieces, at last fact by fact."""
    await fill(settings)
    receive = pipeline.PipelinedReader.receive

    def refuses(self: pipeline.PipelinedReader) -> Any:
        asked = self.asked
        answer = receive(self)
        return None if asked is not None and asked.after < 90 <= asked.until else answer

    monkeypatch.setattr(pipeline.PipelinedReader, "receive", refuses)
    wanted = FactFilter(TYPES, frozenset(TYPES), frozenset())
    found = [row for page in read(settings, wanted) for row in fields_of(page.facts())]
    assert found == fields_of(as_live(settings, wanted))


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("ahead", [False, True])
async def test_reading_goes_on_when_the_server_comes_back(settings: Settings, ahead: bool) -> None:  # noqa: FBT001
    """Connections that are cut in the middle are opened again, and no fact is missing or twice."""
    await fill(settings)
    wanted, found = FactFilter(TYPES, frozenset(TYPES), frozenset()), []
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'campus:rebuild'"
    for page in read(settings, wanted, ahead=ahead):
        found += fields_of(page.facts())
        with psycopg.connect(settings.postgres_url, autocommit=True) as connection:
            connection.execute(cut)
    assert found == fields_of(as_live(settings, wanted))


async def test_nothing_is_read_after_the_end(settings: Settings) -> None:
    """Columns that did not come with a page are there as long as the reading goes on."""
    await fill(settings)
    *_, last = read(settings, FactFilter(TYPES, frozenset(TYPES), frozenset()))
    with pytest.raises(SourceFailed, match="ended"):
        last.load("meta", TYPES[0])
    assert list(read(settings, FactFilter((), frozenset(), frozenset()))) == []


async def test_numbers_come_along_once_they_were_asked_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions and times cost nothing if no handler reads them, and no extra statement if all pages need them."""
    await fill(settings)
    asked: list[int] = []
    rows = page_reader.Reading._rows

    def noted(self: page_reader.Reading, query: str, span: PositionRange) -> Any:
        asked.append(span.until)
        return rows(self, query, span)

    monkeypatch.setattr(page_reader.Reading, "_rows", noted)
    monkeypatch.setattr(ranges, "FIRST_SPAN", 16)
    monkeypatch.setattr(ranges, "LONGEST_SPAN", 16)
    wanted = FactFilter(TYPES, frozenset(TYPES), frozenset())
    found: list[int] = []
    for number, page in enumerate(read(settings, wanted)):
        if number > 2:
            found += page.positions
        if number == 4:
            assert len(page.occurred) == len(page.positions)
    expected = [fact.position for fact in as_live(settings, wanted)]
    assert found == expected[-len(found) :]
    assert len(asked) == 2  # the positions of the fourth page, the times of the fifth


async def test_few_facts_that_had_happened_by_then(settings: Settings) -> None:
    """Also where they are looked up by their streams."""
    await fill(settings)
    wanted = FactFilter(TYPES[3:], frozenset(TYPES), frozenset(), valid_at=WHEN)
    found = [position for page in read(settings, wanted) for position in page.positions]
    assert found
    assert found == [fact.position for fact in as_live(settings, wanted)]
    assert not list(read(settings, wanted._replace(valid_at=WHEN - timedelta(seconds=1))))


async def test_a_server_that_stays_away_ends_the_reading(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some patience the reader says so."""
    monkeypatch.setattr(page_reader, "PATIENCE", 0.0)
    nowhere = settings.model_copy(update={"postgres_url": "postgresql://127.0.0.1:1/none"})
    with pytest.raises(SourceFailed, match="cannot be read"):
        list(read(nowhere, FactFilter(TYPES, frozenset(TYPES), frozenset())))


async def test_no_snapshot_stays_between_pages(settings: Settings) -> None:
    """While a page is folded, the reader holds back neither vacuum nor anybody else."""
    await fill(settings)
    pages = read(settings, FactFilter(TYPES, frozenset(TYPES), frozenset()))
    next(pages)
    query = (
        "SELECT state, backend_xmin FROM pg_stat_activity"
        " WHERE application_name = 'campus:rebuild' AND query LIKE '%%FROM events%%'"
    )
    with psycopg.connect(settings.postgres_url) as connection:
        assert set(connection.execute(query.encode()).fetchall()) == {("idle", None)}
    pages.close()  # type: ignore[attr-defined]


async def test_segments_want_their_own_partitions(settings: Settings) -> None:
    """A process with one segment does not read what the others fold, but for what is common to all."""
    await fill(settings)
    tasks = [Task(projection, (1,)) for projection in PROJECTIONS if projection.segments > 1]
    wanted = BulkFold(tasks).wanted
    found = set()
    for page in read(settings, wanted):
        for fact in page.facts():
            assert fact.occurred_at == WHEN
            found.add((fact.type, segment_of(fact.partition, 4)))
    assert {segment for name, segment in found if name in TYPES[:3]} == {1}
    assert {name for name, _ in found} <= {*TYPES}
