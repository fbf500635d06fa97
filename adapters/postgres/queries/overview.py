"""
The campus overview: what is answered, an example, and what a process keeps of it.

Answers are kept in the process for as long as the rows are the same (`Overviews`): most cost a look at the checkpoints,
however many runs there are. Where rows have changed, only the runs that did are read (overview_runs.py).
"""

from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from adapters.batcher import Batcher
from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.overview_runs import NO_ROWS, KeptRuns, Rows, TooManyRuns, add
from adapters.postgres.queries.overview_sums import CAMPUS, FIRSTS, LOOK, of_generation, one_by_one
from adapters.postgres.queries.reader import NotBuilt, Reader
from projections.overview import Counts


class OverviewCounts(msgspec.Struct, kw_only=True):
    """What is counted of one run, or of the campus or one source (`run_id` is then `*`)."""

    run_id: str
    source: str
    people: int
    registrations: int
    withdrawals: int
    without_registration_date: int
    outcomes: dict[str, int]
    submissions: int
    banked: int
    without_score: int
    activity_rows: int
    activity_amount: int
    active_people: int
    irregular: dict[str, int]


class CampusOverview(msgspec.Struct, kw_only=True):
    """The campus, null as long as nothing has happened, each source of runs, and a page of the runs, by their ids."""

    campus: OverviewCounts | None
    sources: list[OverviewCounts]
    runs: list[OverviewCounts]
    next: str | None


COUNTS = OverviewCounts(
    run_id="*",
    source="import:oulad",
    people=28_785,
    registrations=32_593,
    withdrawals=10_072,
    without_registration_date=45,
    outcomes={"pass": 12_361},
    submissions=173_912,
    banked=1_909,
    without_score=173,
    activity_rows=1_048_575,
    activity_amount=3_516_339,
    active_people=4_080,
    irregular={},
)
EXAMPLE = CampusOverview(campus=COUNTS, sources=[COUNTS], runs=[], next="WyJvdmVydmlldyIsInIxIl0")

LARGEST_LOOK = 256  # requests that share one look
MOST_KEPT = 16  # pages of runs

# What has no score was handed in and never graded.
ENTRY = json_object(OverviewCounts, without_score="submissions - graded")
ONE_BY_ONE = one_by_one(ENTRY)
OF_COUNTS = [name for name in OverviewCounts.__struct_fields__ if name in Counts.__struct_fields__]


class Part(NamedTuple):
    """A page of runs: those after this id, and how many."""

    after: str = ""
    limit: int = 200


class Overview(NamedTuple):
    """
    The overview with a page of its runs, as JSON text, and the position for which it is true.

    Attributes:
        last: the last run of the page if others follow.
    """

    campus: bytes
    sources: bytes
    runs: bytes
    last: str | None
    position: int


async def overview(reader: Reader, part: Part, generation: int | None = None) -> tuple[Rows, Overview]:
    """
    Counts of the campus, of every source and of some runs, in one statement; and of which rows they are.

    Args:
        generation: the one that was live at the last look, if another is live by now, its rows are not what is served.
    """
    try:
        query = ONE_BY_ONE if generation is None else of_generation(generation, ENTRY)
        found = await reader.rows(query, part._asdict())
    except NotBuilt:
        found = await reader.rows(ONE_BY_ONE, part._asdict())
    live, state, position, campus, sources, runs, last = found[0]
    answer = Overview((campus or "null").encode(), sources.encode(), runs.encode(), last, position or 0)
    return Rows(live, state), answer


def entry_of(counts: Counts) -> bytes:
    """What is counted of a run, as in `ENTRY`."""
    fields = {name: getattr(counts, name) for name in OF_COUNTS}
    shown = OverviewCounts(**fields, without_score=counts.submissions - counts.graded)
    return msgspec.json.encode(shown, order="deterministic")


def entry_of_sum(counts: Counts, suffix: str = "") -> bytes:
    """What is counted of the campus, or of a source: a person counts on the first of its runs only."""
    people = {name: getattr(counts, first + suffix) for name, first in FIRSTS.items()}
    return entry_of(msgspec.structs.replace(counts, run_id=CAMPUS, **people))


def overview_of(runs: KeptRuns, part: Part) -> Overview:
    """As `overview`, of the runs that are kept."""
    entries, last = runs.page(part.after, part.limit)
    campus = entry_of_sum(runs.campus) if runs.sources else b"null"
    sources = [entry_of_sum(runs.sources[source], "_of_source") for source in sorted(runs.sources)]
    return Overview(campus, _array(sources), _array(entries), last, runs.look.position)


def overview_of_rows(rows: Iterable[Counts], part: Part, position: int) -> Overview:
    """The same of rows that were folded for a moment, which is that of a position."""
    counts = sorted((row for row in rows if row.run_id != CAMPUS), key=lambda row: row.run_id)
    campus, sources = Counts(CAMPUS), dict[str, Counts]()
    for each in counts:
        add(campus, each)
        add(sources.setdefault(each.source, Counts(CAMPUS, each.source)), each)
    following = [each for each in counts if each.run_id > part.after]
    page = following[: part.limit]
    last = page[-1].run_id if len(following) > part.limit else None
    by_source = [entry_of_sum(sources[source], "_of_source") for source in sorted(sources)]
    whole = entry_of_sum(campus) if sources else b"null"
    return Overview(whole, _array(by_source), _array([entry_of(each) for each in page]), last, position)


def _array(entries: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(entries) + b"]"


class Overviews:
    """
    The overviews of one process, each made once for the same rows.

    Those who ask at the same time share one look at which rows there are. It begins after all of them have asked, so
    nothing is answered that was over when it was asked for.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._runs = KeptRuns(reader, entry_of)
        self._rows = NO_ROWS
        self._kept: dict[Part, Overview] = {}
        self._batcher: Batcher[Part, Overview] = Batcher(self._answer, LARGEST_LOOK)

    def get(self, part: Part) -> Awaitable[Overview]:
        """The overview with this page of runs; raises as `Reader.answer`."""
        return self._batcher.submit(part)

    async def _answer(self, parts: Sequence[Part]) -> list[Overview]:
        found = await self._reader.rows(LOOK, {})
        rows = Rows(*found[0]) if found else NO_ROWS
        answers: dict[Part, Overview] = {}
        for part in dict.fromkeys(parts):
            while rows is NO_ROWS or rows != self._rows or part not in self._kept:
                asked = rows.generation
                rows, made = await self._make(part, rows)
                if asked in (None, rows.generation):
                    self._keep(rows, part, made)
                    break
            answers[part] = self._kept[part]
        return [answers[part] for part in parts]

    async def _make(self, part: Part, rows: Rows) -> tuple[Rows, Overview]:
        """As `overview`: from the runs that are kept, or where they cannot be, by a statement for all of them."""
        if rows.generation is not None:
            with suppress(NotBuilt, TooManyRuns):
                if rows == self._runs.look.rows or await self._runs.follow(rows.generation):
                    return self._runs.look.rows, overview_of(self._runs, part)
        return await overview(self._reader, part, rows.generation)

    def _keep(self, rows: Rows, part: Part, made: Overview) -> None:
        if rows != self._rows or len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._rows = rows
        self._kept[part] = made
