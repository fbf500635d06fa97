"""A row is changed by one segment only, whatever its facts are keyed by; what cannot hold that is refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from projections.engine.bulk.fold import Task
from projections.engine.distribution import BadDistribution, check_distribution, key_of_row, partitioned_tables
from projections.engine.merge import merged
from projections.engine.projection import SEGMENTS, Handler, Projection, Table
from projections.registry import PROJECTIONS
from tests.support.bulk_pages import Live, digest_of, in_bulk
from tests.support.facts import History, fold
from tests.support.threads import BAD, THREADS, ThreadsInPostgres, UndividedThreads, known_threads, posts


class ByLearner(msgspec.Struct):
    learner_id: str


class ByRun(msgspec.Struct):
    run_id: str


class ByBoth(msgspec.Struct):
    learner_id: str
    run_id: str


OF_LEARNER = Table("of_learner", ByLearner, ("learner_id",))
OF_RUN = Table("of_run", ByRun, ("run_id",))
OF_BOTH = Table("of_both", ByBoth, ("learner_id", "run_id"))
COPY = Table("copy", ByRun, ("run_id",), distribution="replicated")
SUM = Table("sum", ByRun, ("run_id",), distribution="partial")


def handler(*writes: Table) -> Handler:
    return Handler(lambda _: (), lambda _, __: None, writes=writes)


def made(handlers: Mapping[str, Handler], segments: int = SEGMENTS, tables: tuple[Table, ...] = ()) -> Projection:
    """A projection with these handlers."""
    written = tuple({table: None for each in handlers.values() for table in each.writes})
    attributes: dict[str, Any] = {"segments": segments, "tables": tables or written, "handlers": handlers}
    projection: Projection = type("Rule", (Projection,), attributes)()
    return projection


@pytest.mark.parametrize(
    ("handlers", "sentence"),
    [
        (
            {"run.opened": handler(OF_RUN)},
            (
                "run.opened writes the partitioned table of_run, but run.opened is a reference fact,"
                " which each of 4 segments folds: each would write the row; make the table `replicated` or `partial`"
            ),
        ),
        (
            {"progress.unit_opened": handler(OF_RUN)},
            (
                "progress.unit_opened writes the partitioned table of_run, but its key (run_id) lacks"
                " learner_id, which progress.unit_opened is keyed by: facts of two segments could write one row; put it"
                " into the key, or make the table `partial`"
            ),
        ),
        (
            {"seats.taken": handler(OF_LEARNER)},
            (
                "seats.taken writes the partitioned table of_learner, but its key (learner_id) lacks"
                " run_id, which seats.taken is keyed by: facts of two segments could write one row; put it into the"
                " key, or make the table `partial`"
            ),
        ),
        (
            {"progress.unit_opened": handler(OF_BOTH), "seats.taken": handler(OF_BOTH)},
            (
                "seats.taken writes the partitioned table of_both, but seats.taken is keyed by the"
                " stream seats-…, and progress.unit_opened, whose handler writes it too, by learner_id: their segments"
                " could write one row; write a table for each"
            ),
        ),
        (
            {"progress.unit_opened": handler(COPY)},
            (
                "progress.unit_opened writes the replicated table copy, but only one segment folds a"
                " progress.unit_opened: the copies would differ; make the table `partitioned` or `partial`"
            ),
        ),
        (
            {"run.opened": handler()},
            (
                "run.opened does not say which tables it writes, as it must in 4 segments: say"
                " Handler(needs, apply, writes=(…,))"
            ),
        ),
        (
            {"run.exploded": handler(COPY)},
            "run.exploded has no fact: no aggregate of domain.registry records a run.exploded",
        ),
    ],
)
def test_what_two_segments_could_write_is_refused(handlers: dict[str, Handler], sentence: str) -> None:
    """The sentence names table, handler and fact; the same undivided is as good as any."""
    with pytest.raises(BadDistribution) as refused:
        made(handlers)
    assert str(refused.value) == f"Rule: the handler of {sentence}"
    made(handlers, segments=1)


def test_a_table_that_is_written_is_one_of_the_projection() -> None:
    """A handler does not write into another read model."""
    with pytest.raises(BadDistribution, match=r"the handler of run.opened writes copy, which is not among"):
        made({"run.opened": handler(COPY)}, tables=(SUM,))


def test_what_each_segment_has_for_itself_is_taken() -> None:
    """Tables of a key, copies for reference facts, and sums of anything."""
    projection = made(
        {
            "run.opened": handler(COPY, SUM),
            "progress.unit_opened": handler(OF_BOTH, OF_LEARNER, SUM),
            "seats.taken": handler(OF_RUN),
        }
    )
    tables = partitioned_tables(projection)
    assert set(tables) == {OF_BOTH, OF_LEARNER, OF_RUN}
    assert key_of_row(tables[OF_BOTH], OF_BOTH, ("ann", "R")) == "ann"
    assert key_of_row(tables[OF_RUN], OF_RUN, ("R",)) == "seats-R"


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda each: each.name)
def test_the_read_models_fit_their_segments(projection: Projection) -> None:
    """Each of them is checked when it is made, and would pass in four segments only if it is divided."""
    check_distribution(type(projection))
    assert all(handler.writes for handler in projection.handlers.values())


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda each: each.name)
def test_a_handler_changes_only_the_tables_that_it_names(projection: Projection) -> None:
    """Over a history with every kind of fact; the fold of a test refuses what is not named."""
    history = History().course().enrolled("7").clicked("7", 3).submitted("7", "tma1").graded("7", "tma1", 8_000)
    history.progress("7", "unit_opened", unit_id="forum").progress(
        "7", "unit_completed", unit_id="tma1", score_bp=8_000
    )
    fold(type(projection), history)


@pytest.fixture
def history() -> Iterator[History]:
    """Posts to nine threads, among new versions of a course."""
    with known_threads():
        found = History()
        for stream, type_name, data in posts(120):
            found.add(stream, type_name, **data)
        yield found


async def test_threads_fold_right_in_four_segments(history: History) -> None:
    """In memory, live and in bulk, all segments have what one undivided fold has."""
    divided, undivided = ThreadsInPostgres(), UndividedThreads()
    whole = digest_of((await Live(undivided).fold(history.facts)).store.rows())
    assert digest_of((await Live(divided).fold(history.facts)).store.rows()) == whole
    bulk = in_bulk([Task(divided, tuple(range(SEGMENTS)))], history.facts)
    rows = [(segment, *row) for segment in range(SEGMENTS) for row in bulk.rows(divided.name, segment)]
    assert digest_of(merged(rows)) == whole
    of_threads = [(key.key, segment) for segment, key, _ in rows if key.table == THREADS]
    assert len(of_threads) == len(dict(of_threads)) == 9
    assert len({segment for _, segment in of_threads}) > 1


async def test_a_bad_post_parks_its_thread_only(history: History) -> None:
    """In one segment, and with its counts there."""
    history.add("topic-T3", "topic.posted", amount=BAD).add("topic-T3", "topic.posted", amount=1)
    live = await Live(ThreadsInPostgres()).fold(history.facts)
    (poison,) = live.poison
    assert poison.key == "topic-T3"
    assert live.accounts[poison.segment].parked == 2
    assert sum(counts.parked for counts in live.accounts.values()) == 2
    bulk = in_bulk([Task(ThreadsInPostgres(), tuple(range(SEGMENTS)))], history.facts)
    for segment, counts in live.accounts.items():
        in_bulk_counts = bulk.account("threads", segment)
        assert (in_bulk_counts.applied, in_bulk_counts.parked) == (counts.applied, counts.parked)
