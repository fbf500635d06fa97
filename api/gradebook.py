"""The gradebook of a run, sorted and in pages, as rows or as a matrix, also as CSV, from the read model gradebook."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from fastapi import Query, Request, Response

from adapters.at_risk import at_risk_then
from adapters.postgres.log.postgres_log import END
from adapters.postgres.queries import attention, gradebook, gradebook_matrix
from adapters.postgres.queries.gradebook import Assessment
from adapters.postgres.queries.gradebook_matrix import CATEGORY, ROW, Category, GradesOfRow, Matrix
from adapters.postgres.queries.reader import Reader, RowPage
from api.http import csv_pages, csv_text, paging
from api.http.as_of import AsOf, headers_at
from api.http.csv_pages import CsvTable
from api.http.folds import LATER
from api.http.names import NamePart, ids_by_name
from api.http.openapi import query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import Id, LearnerId, Limit, RunId, ShownStatus, Word
from projections.catalog import Catalog
from projections.course_dashboard import ENROLLMENTS, WEIGHTS
from projections.engine.moment import Moment
from projections.gradebook import Gradebook

router = strict_router("gradebook", "/v1")

OF_RUN = (*Gradebook.tables, ENROLLMENTS, WEIGHTS)  # of which the gradebook of a run is made
READ_MODELS = ("gradebook", "course_dashboard", "catalog")
LARGEST_PAGE = 2_000  # rows
PAGE = 50  # rows, where no limit is given
COLUMNS = gradebook.GradebookRow.__struct_fields__
CSV_EXAMPLE = csv_text.line(COLUMNS) + csv_text.line(msgspec.to_builtins(gradebook.EXAMPLE).values())
HEADS = ("learner_id", "status", "grade_so_far_bp", "grade_bp")  # of a matrix as CSV, before the assessments
LETTERS = ("letter", "letter_so_far")  # after them, where the course has letters
CATEGORY_HEAD, QUIZ_HEAD = "category:", "quiz:"  # no id has a colon
MATRIX_CSV_EXAMPLE = (
    '"learner_id","status","grade_so_far_bp","grade_bp","algebra-2026-q1"\r\n"28400","active",7500,3000,7500\r\n'
)

PageLimit = Annotated[
    int | None,
    Query(
        ge=1,
        le=LARGEST_PAGE,
        description="Entries on a page, 50 if left out; CSV then has all that follow.",
        examples=[50],
    ),
]


class GradebookPage(msgspec.Struct, kw_only=True):
    """Rows of the gradebook, in the order that was asked for."""

    items: list[gradebook.GradebookRow]
    next: str | None


class GradesOfLearner(msgspec.Struct, kw_only=True):
    """The assessments of a run, in the order of their ids, and how the learner did in them."""

    items: list[gradebook.GradeOfLearner]
    next: str | None


class MatrixPage(msgspec.Struct, kw_only=True):
    """
    Learners by assessments: the columns in the order of their ids, and a page of rows in the order that was asked for.

    `total` is how many learners there are on all pages, by what was asked for.

    `categories` are those of the run's grades, none where they are not by categories.
    """

    total: int
    assessments: list[Assessment]
    categories: list[Category]
    items: list[GradesOfRow]
    next: str | None


MATRIX = MatrixPage(total=1, assessments=[gradebook.ASSESSMENT], categories=[CATEGORY], items=[ROW], next=paging.NEXT)
GRADES = GradesOfLearner(items=[gradebook.EXAMPLE_OF_LEARNER], next=paging.NEXT)


@router.get("/me/runs/{run_id}/grades", responses=query(GRADES, 404))
async def list_my_grades(
    *, request: Request, run_id: RunId, ask: QueryDep, moment: AsOf, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Each assessment of a run with title, kind, deadline, and the user's score, lateness and attempts left."""
    return await _grades(request, ask, (ask.user.subject, run_id), moment, cursor=cursor, limit=limit)


@router.get("/learners/{learner_id}/runs/{run_id}/grades", responses=query(GRADES, 403, 404))
async def list_learner_grades(
    *,
    request: Request,
    learner_id: LearnerId,
    run_id: RunId,
    ask: QueryDep,
    moment: AsOf,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Each assessment of a run with title, kind, deadline, and the learner's score, lateness and attempts left."""
    place = learner_id, run_id
    return await _grades(request, ask, place, moment, cursor=cursor, limit=limit)


async def _grades(
    request: Request,
    ask: QueryContext,
    place: tuple[str, str],
    moment: Moment | None,
    *,
    cursor: str | None,
    limit: int,
) -> Response:
    listing = f"grades:{place[1]}"
    (after,) = paging.after(listing, cursor, [str]) or [""]
    reader, now = ask.services.reader, ask.now()
    if moment is not None:
        reader, now = await ask.reader_at(moment, place[0], Gradebook.name, place[1]), moment.now
    page = await ask.read_at_least("gradebook", lambda: gradebook.of_learner(reader, place, after, limit + 1, now=now))
    if not page.rows:
        await ask.check_run(place[1], None if moment is None else reader)
    await ask.check_learner(place[0], moment)
    headers = headers_at(moment, *(ask.services.folders[name].projection for name in (Gradebook.name, Catalog.name)))
    return paging.reply(request, ask, page, listing, limit, headers=headers)


@router.get(
    "/runs/{run_id}/gradebook",
    responses={**query(GradebookPage(items=[gradebook.EXAMPLE], next=paging.NEXT), 403, 404, csv=CSV_EXAMPLE), **LATER},
)
async def run_gradebook(
    *,
    request: Request,
    run_id: RunId,
    ask: QueryDep,
    moment: AsOf,
    quiz_id: Annotated[Id | None, Query(description="This assessment only.")] = None,
    learner_id: Annotated[Id | None, Query(description="This learner only.")] = None,
    kind: Annotated[Word | None, Query(description="Assessments of this kind only.")] = None,
    missing: Annotated[bool, Query(description="What is not handed in, by each learner who has a place.")] = False,
    passed: Annotated[bool | None, Query(description="Only those that are passed, or are not.")] = None,
    late: Annotated[bool | None, Query(description="Handed in late, or not; with `missing`: due by now.")] = None,
    ungraded: Annotated[bool | None, Query(description="With an attempt that has no score, or without.")] = None,
    sort: Annotated[gradebook.Sort, Query(description="What to sort by.")] = "learner",
    order: Annotated[Literal["asc", "desc"], Query(description="Ascending or descending.")] = "asc",
    cursor: paging.Cursor = None,
    limit: PageLimit = None,
) -> Response:
    """Scores, lateness and attempts, one row for each learner and assessment; as JSON, or as CSV for spreadsheets."""
    listing = f"gradebook:{run_id}:{sort}:{order}"
    after = paging.after(listing, cursor, [str if sort == "learner" else int, str, str])
    asked = gradebook.Asked(
        now=ask.now(moment),
        quiz_id=quiz_id,
        learner_id=learner_id,
        kind=kind,
        missing=missing,
        passed=passed,
        late=late,
        ungraded=ungraded,
        sort=sort,
        descending=order == "desc",
    )
    reader, size = await ask.whole_at(moment, *OF_RUN, run_id=run_id), _size(request, limit)
    headers = ask.headers_at(moment, *READ_MODELS)
    page = await ask.read_at_least("gradebook", lambda: gradebook.rows(reader, run_id, asked, after, size + 1))
    if not page.rows:
        await ask.check_run(run_id, reader)
        if quiz_id is not None:
            await ask.check_quiz(quiz_id, await ask.catalog_at(moment))
        if learner_id is not None:
            await ask.check_learner(learner_id, moment)
    if not csv_pages.is_wanted(request):
        return paging.reply(request, ask, page, listing, size, headers={**csv_pages.VARY, **headers})

    async def read(asked: gradebook.Asked, after: Sequence[Any]) -> tuple[RowPage, int]:
        return await gradebook.rows(reader, run_id, asked, after, size + 1), size

    table = CsvTable(f"gradebook-{run_id}", listing, COLUMNS, _cells)
    rest = None if limit is not None else partial(read, asked)
    steady = None if sort == "learner" else partial(read, msgspec.structs.replace(asked, sort="learner"))
    return csv_pages.reply(request, ask, table, (page, size), rest, steady=steady, headers=headers)


@router.get(
    "/runs/{run_id}/gradebook/matrix",
    responses={
        **query(
            MATRIX,
            *(403, 404),
            csv=MATRIX_CSV_EXAMPLE,
        ),
        **LATER,
    },
)
async def run_gradebook_matrix(
    *,
    request: Request,
    run_id: RunId,
    ask: QueryDep,
    moment: AsOf,
    status: Annotated[ShownStatus | None, Query(description="Only those who stand there.")] = None,
    risky: Annotated[bool, Query(alias="at_risk", description="Only those who are at risk (`listAtRisk`).")] = False,
    ungraded: Annotated[bool, Query(description="Only those with an attempt that has no score.")] = False,
    q: NamePart = None,
    sort: Annotated[
        gradebook_matrix.Sort, Query(description="What to sort by; `score`: that of the assessment `quiz_id`.")
    ] = "learner",
    quiz_id: Annotated[Id | None, Query(description="By whose scores to sort.")] = None,
    order: Annotated[Literal["asc", "desc"], Query(description="Ascending or descending.")] = "asc",
    skip: Annotated[int, Query(ge=0, le=1_000_000, description="Learners to leave out first, for a window.")] = 0,
    cursor: paging.Cursor = None,
    limit: PageLimit = None,
) -> Response:
    """
    Learners by assessments, for all who have a place or had one; as JSON, or as CSV with the best scores.

    Where grades are by categories, each row has their means, and each cell says whether it counts, is dropped or adds.

    A page has 20,000 cells at most, so fewer learners than `limit` where a run has many assessments.
    """
    listing = f"matrix:{run_id}:{sort}:{quiz_id or ''}:{order}"
    after = paging.after(listing, cursor, [str if sort == "learner" else int, str])
    reader = await ask.whole_at(moment, *OF_RUN, run_id=run_id)
    named = None if moment is not None else await ids_by_name(request, ask, run_id, q)
    ids, least = await _at_risk(ask, reader, run_id, moment, named) if risky else (named, END)
    asked = gradebook_matrix.Asked(
        status=status,
        part=q if named is None else None,
        ids=ids,
        ungraded=ungraded,
        sort=sort,
        quiz=quiz_id,
        descending=order == "desc",
        skip=skip,
    )

    async def read(asked: gradebook_matrix.Asked, after: Sequence[Any] | None) -> Matrix:
        size = _size(request, limit)
        part = await gradebook_matrix.matrix(reader, run_id, asked, after or None, limit=size, now=ask.now(moment))
        return msgspec.structs.replace(part, page=part.page._replace(position=min(part.position, least)))

    found = await ask.read_at_least("gradebook", lambda: read(asked, after))
    if not found.total:
        await ask.check_run(run_id, reader)
    if quiz_id is not None and f'"{quiz_id}"' not in found.assessments:
        await ask.check_quiz(quiz_id, await ask.catalog_at(moment))
    headers = {**csv_pages.VARY, **ask.headers_at(moment, *READ_MODELS)}
    if csv_pages.is_wanted(request):
        file = MatrixFile(run_id, listing, asked, read, is_whole=limit is None)
        return _matrix_file(request, ask, file, found, headers)
    members = b'"total":%d,"assessments":%b,"categories":%b,' % (
        *(found.total, found.assessments.encode(), msgspec.json.encode(found.categories)),
    )
    return paging.reply(request, ask, found.page, listing, found.size, members=members, headers=headers)


class MatrixFile(NamedTuple):
    """A matrix as CSV: which learners, how more of them are read, and whether all that follow are wanted."""

    run_id: str
    listing: str
    asked: gradebook_matrix.Asked
    read: Callable[[gradebook_matrix.Asked, Sequence[Any]], Awaitable[Matrix]]
    is_whole: bool

    async def part(self, asked: gradebook_matrix.Asked, after: Sequence[Any]) -> tuple[RowPage, int]:
        """The learners after some values, and how many a page may have."""
        following = await self.read(asked, after)
        return following.page, following.size


def _matrix_file(
    request: Request, ask: QueryContext, file: MatrixFile, found: Matrix, headers: Mapping[str, str]
) -> Response:
    """The matrix as CSV, from the first page on, which was *found*."""
    quiz_ids = [each.quiz_id for each in msgspec.json.decode(found.assessments, type=list[Assessment])]
    heads = (*HEADS, *(LETTERS if found.has_letters else ()))
    groups = [each.group_id for each in found.categories]
    columns = (*heads, *(f"{CATEGORY_HEAD}{each}" for each in groups), *map(column_head, quiz_ids))
    cells = partial(_cells_of_learner, heads, groups, quiz_ids)
    table = CsvTable(f"gradebook-matrix-{file.run_id}", file.listing, columns, cells)
    following = msgspec.structs.replace(file.asked, skip=0)
    by_learner = msgspec.structs.replace(following, sort="learner", descending=False)  # the order in which no row moves
    rest = partial(file.part, following) if file.is_whole else None
    steady = None if following.sort == "learner" else partial(file.part, by_learner)
    return csv_pages.reply(request, ask, table, (found.page, found.size), rest, steady=steady, headers=headers)


async def _at_risk(
    ask: QueryContext, reader: Reader, run_id: str, moment: Moment | None, among: Collection[str] | None
) -> tuple[tuple[str, ...], int]:
    """The learners of a run who are at risk, of all or *among* some, and the position for which that is true."""
    if moment is not None:
        then, position = await attention.enrolled(reader, run_id), moment.position
        learner_ids = await at_risk_then(ask.services.log, run_id, then, moment)
    else:
        at_risk, now = ask.services.at_risk, ask.now()
        found = await ask.read_at_least("course_dashboard", lambda: at_risk.of(run_id, now, ask.min_position))
        learner_ids, position = found.learner_ids, found.position
    those = None if among is None else frozenset(among)
    return tuple(each for each in learner_ids if those is None or each in those), position


def column_head(quiz_id: str) -> str:
    """The head of an assessment's column; no id has a colon."""
    return f"{QUIZ_HEAD}{quiz_id}" if quiz_id in (*HEADS, *LETTERS) else quiz_id


def _size(request: Request, limit: int | None) -> int:
    """How many rows a page has; a file without a limit is read in parts of a size of their own."""
    return limit or (csv_pages.PART if csv_pages.is_wanted(request) else PAGE)


def _cells(row: str) -> Iterable[csv_text.Cell]:
    cells: dict[str, csv_text.Cell] = msgspec.json.decode(row)
    return cells.values()


def _cells_of_learner(
    heads: Sequence[str], groups: Sequence[str], quiz_ids: Sequence[str], row: str
) -> Iterable[csv_text.Cell]:
    learner = msgspec.json.decode(row, type=GradesOfRow)
    best = {quiz_id: cell.best_bp for quiz_id, cell in learner.cells.items()}
    means = {group_id: each.grade_bp for group_id, each in learner.categories.items()}
    return *(getattr(learner, name) for name in heads), *map(means.get, groups), *map(best.get, quiz_ids)
