"""
Bulk jobs over HTTP: a dry run says line by line what would happen, its id starts the job, and a report says what did.

A dispatcher carries jobs out; how far one is, is a query, or a stream of events.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import Path, Request, Response
from pydantic import Field

from adapters.bulk import table
from adapters.bulk.jobs import BulkJobs, Prepared
from adapters.bulk.kinds import COLUMNS, checked
from adapters.bulk.table import JobProgress
from adapters.csv_lines import BadLine, Cells, read_lines
from adapters.postgres.queries.reader import RowPage
from api.http import csv_pages, paging
from api.http.clear_reason import ClearReason
from api.http.csv_pages import CsvTable
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.errors import AmbiguousLines, TooManyBulkLines, UnknownColumn
from api.http.job_events import job_events
from api.http.openapi import command, event_stream, open_query
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import Id, Limit
from domain.admin.bulk_jobs import BulkJobNotFound, BulkKind
from domain.words import closed

router = strict_router("bulk_jobs", "/v1")

MOST_LINES = 1_000
LONGEST_FILE = 500_000  # characters
NO_STORE = {"cache-control": "no-store"}
CSV_EXAMPLE = "learner_id,run_id\n28400,algebra-2026\n28401,algebra-2026\n"
LAST = "~"
FAR = datetime(9999, 1, 1, tzinfo=UTC)
JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="The bulk job.", examples=["5f1c" * 8])]


class LinesToPrepare(Body):
    """
    What is to be done for many: as CSV, or as ids of persons and what is the same for all of them.

    Columns: `learner_id` and `run_id` (enroll, withdraw, reactivate), `role`, `scope` and `until` (grant_role,
    revoke_role), `order_id` and `amount` (refund), `learner_id`, `run_id` and `action` (roster: `enter` or `leave`),
    `learner_id`, `quiz_id` and `score_bp` (grade).
    """

    model_config = example(kind="enroll", csv=CSV_EXAMPLE)

    kind: Annotated[BulkKind, Field(strict=False)]
    csv: Annotated[str, Field(max_length=LONGEST_FILE)] = ""
    ids: Annotated[list[Id], Field(max_length=MOST_LINES, default_factory=list)]
    fields: Annotated[dict[str, Annotated[str, Field(max_length=100)]], Field(max_length=10, default_factory=dict)]


class WhyOfBulk(Body):
    """Why it is done, for the facts of each line."""

    model_config = example(reason="the class of 2026")

    reason: ClearReason


class ForeseenLine(msgspec.Struct, kw_only=True):
    """
    What a line would do now, by itself.

    Attributes:
        would_record: types of facts; none if it changes nothing.
        problem: why it would be refused; null if it would not.
    """

    line: int
    fields: dict[str, str]
    would_record: list[str]
    problem: str | None


class DryRunOfBulk(msgspec.Struct, kw_only=True):
    """A dry run; its id starts the job."""

    job_id: str
    kind: Annotated[str, closed(BulkKind)]
    lines: list[ForeseenLine]


class BulkProgress(msgspec.Struct, kw_only=True):
    """
    How far a job is.

    Attributes:
        done, unchanged, refused: lines that have changed something, that changed nothing, that a rule has refused.
        would_be_refused: lines that the dry run has found wrong.
        failure: why no line is carried out.
    """

    job_id: str
    kind: Annotated[str, closed(BulkKind)]
    status: Annotated[str, closed(("prepared", "running", "ended", "failed"))]
    undoes: str | None
    prepared_by: str
    prepared_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    lines: int
    done: int
    unchanged: int
    refused: int
    would_be_refused: int
    failure: str | None


class BulkPage(msgspec.Struct, kw_only=True):
    """Jobs, the latest first."""

    items: list[BulkProgress]
    next: str | None


class BulkLine(msgspec.Struct, kw_only=True):
    """
    A line, what was foreseen, and what became of it.

    Attributes:
        outcome: null as long as the line is not carried out.
        sentence: why it was refused.
        position: of its last fact.
    """

    line: int
    fields: dict[str, str]
    would_record: list[str]
    problem: str | None
    outcome: str | None
    sentence: str | None
    position: int | None


class BulkReport(msgspec.Struct, kw_only=True):
    """Lines of a job, in their order."""

    items: list[BulkLine]
    next: str | None


FIELDS = {"learner_id": "28400", "run_id": "algebra-2026"}
DRY_RUN = DryRunOfBulk(
    job_id="5f1c" * 8,
    kind="enroll",
    lines=[ForeseenLine(line=2, fields=FIELDS, would_record=[], problem="course run algebra-2026 is not open")],
)
PROGRESS = BulkProgress(
    job_id="5f1c" * 8,
    kind="withdraw",
    status="failed",
    undoes="0a1b" * 8,
    prepared_by="admin",
    prepared_at=datetime(2026, 2, 14, 18, tzinfo=UTC),
    started_at=datetime(2026, 2, 14, 18, 1, tzinfo=UTC),
    ended_at=datetime(2026, 2, 14, 18, 2, tzinfo=UTC),
    lines=3,
    done=2,
    unchanged=0,
    refused=1,
    would_be_refused=1,
    failure="the lines are not those of the dry run",
)
LINE = BulkLine(
    line=2,
    fields=FIELDS,
    would_record=["enrollment.requested", "enrollment.activated"],
    problem="course run algebra-2026 is not open",
    outcome="refused",
    sentence="course run algebra-2026 is not open",
    position=1713,
)
HEADS = ("line", "fields", "would_record", "problem", "outcome", "sentence", "position")


@router.post("/bulk-jobs", responses=open_query(DRY_RUN, 400, 401, 403, 412, 413, 415))
async def prepare_bulk(body: LinesToPrepare, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Say line by line what would happen; nothing is done. The answer's id starts it."""
    cells = _cells(body)
    if len(cells) > MOST_LINES:
        raise TooManyBulkLines(lines=len(cells), most=MOST_LINES)
    return _dry_run(body.kind, await _jobs(services).prepare(body.kind, cells, await dispatch.accounted()))


@router.get("/bulk-jobs", responses=open_query(BulkPage(items=[PROGRESS], next=paging.NEXT), 401, 403, 503))
async def list_bulk_jobs(
    *, request: Request, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Bulk jobs and dry runs, the latest first; they are kept for 90 days after their end."""
    at, last = paging.after("bulk-jobs", cursor, [str, str]) or [FAR.isoformat(), LAST]
    try:
        before = datetime.fromisoformat(at), last
    except ValueError as error:
        raise paging.BadCursor from error
    found = await ask.services.log.link.run(lambda connection: table.listed(connection, before, limit + 1))
    end = found[limit - 1] if len(found) > limit else None
    following = None if end is None else paging.cursor_to("bulk-jobs", [end.prepared_at.isoformat(), end.id])
    answer = BulkPage(items=[_progress(each) for each in found[:limit]], next=following)
    headers = {**NO_STORE, **paging.link_to(request, following)}
    return Response(msgspec.json.encode(answer), headers=headers, media_type=JSON)


@router.get("/bulk-jobs/{job_id}", responses=open_query(PROGRESS, 401, 403, 404, 503))
async def get_bulk_job(job_id: JobId, ask: QueryDep) -> Response:
    """How far a job is."""
    found = _progress(await _found(ask.services, job_id))
    return Response(msgspec.json.encode(found), headers=NO_STORE, media_type=JSON)


@router.get(
    "/bulk-jobs/{job_id}/events",
    responses=event_stream('event: progress\ndata: {"status":"running","done":700,"lines":1713}\n\n'),
    response_class=Response,
)
async def stream_bulk_job(job_id: JobId, ask: QueryDep) -> Response:
    """How far a job is, until it has ended, or what names the user."""
    await _found(ask.services, job_id)

    async def look() -> BulkProgress:
        return _progress(await _found(ask.services, job_id))

    return job_events(ask, look)


@router.get(
    "/bulk-jobs/{job_id}/lines",
    responses=open_query(BulkReport(items=[LINE], next=paging.NEXT), 401, 403, 404, csv=",".join(HEADS)),
)
async def list_bulk_lines(
    *, request: Request, job_id: JobId, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit | None = None
) -> Response:
    """The report: each line, what was foreseen, and what became of it; as CSV all of it, where no `limit` is given."""
    await _found(ask.services, job_id)
    (after,) = paging.after("bulk-lines", cursor, [int]) or [0]
    is_csv = csv_pages.is_wanted(request)
    size = limit or (csv_pages.PART if is_csv else 50)

    async def page(place: Sequence[Any]) -> tuple[RowPage, int]:
        return await _lines(ask.services, job_id, place[0], size + 1), size

    first = await page([after])
    if is_csv:
        shown = CsvTable(f"bulk-{job_id}", "bulk-lines", HEADS, _line_cells)
        return csv_pages.reply(request, ask, shown, first, page if limit is None and cursor is None else None)
    rows = first[0].rows
    following = paging.cursor_to("bulk-lines", [rows[size - 1][0]]) if len(rows) > size else None
    body = b'{"items":[%b],"next":%b}' % (",".join(row[-1] for row in rows[:size]).encode(), _encode(following))
    headers = {**csv_pages.VARY, **NO_STORE, **paging.link_to(request, following)}
    return Response(body, headers=headers, media_type=JSON)


@router.post("/bulk-jobs/{job_id}/start", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def start_bulk(job_id: JobId, body: WhyOfBulk, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Have a job carried out that was looked at; each line at most once, whatever is killed meanwhile."""
    return _accepted(await _jobs(services).start(job_id, body.reason, await dispatch.accounted_once(body.reason)))


@router.post("/bulk-jobs/{job_id}/stop", status_code=202, response_model=Accepted, responses=command(403, 404))
async def stop_bulk(job_id: JobId, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Have no further line carried out; what is done stays, and can be undone."""
    return _accepted(await _jobs(services).stop(job_id, await dispatch.accounted_once()))


@router.post("/bulk-jobs/{job_id}/undo", responses=open_query(DRY_RUN, 401, 403, 404, 409, 412))
async def undo_bulk(job_id: JobId, dispatch: Dispatch, services: ServicesDep) -> Response:
    """A dry run of what undoes the lines that have changed something, the last first; its id starts it."""
    jobs, context = _jobs(services), await dispatch.accounted()
    kind = await jobs.kind_of_undo(job_id)
    return _dry_run(kind, await jobs.prepare_undo(job_id, context))


async def _lines(services: Services, job_id: str, after: int, limit: int) -> RowPage:
    found = await services.log.link.run(lambda connection: table.report(connection, job_id, after, limit))
    rows: list[tuple[Any, ...]] = [
        (
            each.line,
            msgspec.json.encode(
                BulkLine(
                    line=each.line,
                    fields=each.fields,
                    would_record=each.foreseen,
                    problem=each.problem,
                    outcome=each.outcome,
                    sentence=each.sentence,
                    position=each.position,
                )
            ).decode(),
        )
        for each in found
    ]
    return RowPage(rows, 0)


_decode = msgspec.json.Decoder(BulkLine).decode
_encode = msgspec.json.Encoder().encode


def _line_cells(text: str) -> list[str | int | None]:
    line = _decode(text)
    fields = ";".join(f"{name}={value}" for name, value in line.fields.items())
    said = (line.problem, line.outcome, line.sentence, line.position)
    return [line.line, fields, ";".join(line.would_record), *said]


def _cells(body: LinesToPrepare) -> list[Cells | BadLine]:
    """The lines of a request."""
    if bool(body.csv) == bool(body.ids) or (body.csv and body.fields):
        raise AmbiguousLines
    columns = COLUMNS[body.kind]
    if unknown := sorted(set(body.fields) - {*columns.needed[1:], *columns.further}):
        raise UnknownColumn(kind=body.kind.value, column=unknown[0][:40], columns=", ".join(columns.needed[1:]))
    if body.csv:
        lines = read_lines(body.csv, columns.needed, columns.further)
    else:
        lines = [Cells(number, {"learner_id": each, **body.fields}) for number, each in enumerate(body.ids, 1)]
    return [each if isinstance(each, BadLine) else checked(body.kind, each) for each in lines]


def _dry_run(kind: BulkKind, prepared: Prepared) -> Response:
    lines = [
        ForeseenLine(line=each.line, fields=dict(each.fields), would_record=list(each.foreseen), problem=each.problem)
        for each in prepared.lines
    ]
    answer = DryRunOfBulk(job_id=prepared.job_id, kind=kind.value, lines=lines)
    return Response(msgspec.json.encode(answer), headers=NO_STORE, media_type=JSON)


def _progress(found: JobProgress) -> BulkProgress:
    is_over, is_begun = found.ended_at is not None, found.started_at is not None
    failed = "failed" if found.failure is not None else "ended"
    return BulkProgress(
        job_id=found.id,
        status=failed if is_over else "running" if is_begun else "prepared",
        **{name: getattr(found, name) for name in BulkProgress.__struct_fields__ if name not in ("job_id", "status")},
    )


async def _found(services: Services, job_id: str) -> JobProgress:
    found = await services.log.link.run(lambda connection: table.progress(connection, job_id))
    if found is None:
        raise BulkJobNotFound(job_id=job_id)
    return found


def _jobs(services: Services) -> BulkJobs:
    return BulkJobs(services.log, services.bus)


def _accepted(position: int) -> Response:
    return Response(b'{"position":%d}' % position, 202, media_type=JSON)
