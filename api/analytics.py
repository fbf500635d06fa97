"""
SQL over HTTP: an analyst asks the views of docs/analytics.md, as the role that reads them and nothing else.

Who asks what is recorded before it is answered (decisions/0395). An answer whose rows are all about one learner is a
look at that learner, too.
"""

from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import Annotated, Any

import msgspec
from fastapi import Request, Response
from pydantic import Field

from adapters.postgres.analytics.answer import AnswerColumn
from adapters.postgres.analytics.described import described_views
from adapters.postgres.analytics.table import MOST_ROWS, FileWriter, answer_file, answer_table, as_text, kind_of
from api.http.csv_text import CSV, Cell, line
from api.http.dispatch import Body, Dispatch, example
from api.http.looks import record_look
from api.http.negotiation import wanted
from api.http.openapi import Responses, open_query, query
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import Statement
from commands.admin.analysis import RecordQuestion
from commands.log import Context
from domain.admin.analysis import Question
from domain.errors import DomainError
from domain.words import closed

router = strict_router("analytics", "/v1/analytics")

PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"
FORMS = {JSON: "json", CSV: "csv", PARQUET: "parquet", ARROW: "arrow"}
ENDS = {"csv": "csv", "parquet": "parquet", "arrow": "arrows"}
PATH = "/v1/analytics/question"


class ViewColumn(msgspec.Struct, kw_only=True):
    """A column of a view; `type` is PostgreSQL's name of its type."""

    name: str
    type: str
    meaning: str


class AnalyticsView(msgspec.Struct, kw_only=True):
    """A view, and what one row of it is."""

    name: str
    meaning: str
    columns: list[ViewColumn]


class AnalyticsViewList(msgspec.Struct, kw_only=True):
    """The views that are there now."""

    items: list[AnalyticsView]


class QuestionColumn(msgspec.Struct, kw_only=True):
    """
    A column of an answer.

    Attributes:
        type: PostgreSQL's name of its type.
        kind: what its values are in JSON: numbers, texts, booleans, times (RFC 3339), days, or any JSON.
    """

    name: str
    type: str
    kind: Annotated[str, closed(("integer", "number", "boolean", "date", "time", "json", "text"))]


class QuestionAnswer(msgspec.Struct, kw_only=True):
    """
    The answer to a statement.

    Attributes:
        rows: each a list with a value for each column.
        more: whether there are further rows.
        milliseconds: that it took.
    """

    columns: list[QuestionColumn]
    rows: list[list[Any]]
    more: bool
    milliseconds: int


class QuestionInSql(Body):
    """One query; *skip* leaves out the first rows. A file has all rows, whatever *rows* and *skip* say."""

    model_config = example(sql="SELECT outcome, learners FROM outcomes WHERE run_id = 'algebra-2026'", rows=100)

    sql: Statement
    rows: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 1_000
    skip: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0


VIEW = AnalyticsView(
    name="outcomes",
    meaning="How many learners of a course run have an outcome.",
    columns=[ViewColumn(name="run_id", type="text", meaning="The course run.")],
)
ANSWER = QuestionAnswer(
    columns=[
        QuestionColumn(name="outcome", type="text", kind="text"),
        QuestionColumn(name="learners", type="int8", kind="integer"),
    ],
    rows=[["pass", 17]],
    more=False,
    milliseconds=12,
)


def _in_each_form() -> Responses:
    found = open_query(ANSWER, 400, 401, 403, 413, 415, 429, 503, csv='"outcome","learners"\r\n"pass",17\r\n')
    for kind in (PARQUET, ARROW):
        found[200]["content"][kind] = {"schema": {"type": "string", "format": "binary"}, "example": ""}
    return found


@router.get("/views", responses=query(AnalyticsViewList(items=[VIEW]), 403))
async def list_analytics_views(ask: QueryDep) -> Response:
    """What there is to ask: views, their columns, and what these mean."""
    schema, log = ask.services.settings.analytics_schema, ask.services.log
    found = await log.link.run(lambda connection: described_views(connection, schema))
    items = [
        AnalyticsView(name=each.name, meaning=each.meaning, columns=[ViewColumn(**it._asdict()) for it in each.columns])
        for each in found
    ]
    return ask.reply(msgspec.json.encode(AnalyticsViewList(items=items)), await log.head())


@router.post("/question", responses=_in_each_form())
async def ask_in_sql(request: Request, body: QuestionInSql, dispatch: Dispatch, services: ServicesDep) -> Response:
    """
    Ask one query (`SELECT`, `VALUES`, `TABLE` or `WITH`) of the views, in a read-only transaction that ends with it.

    `Accept` says in which form: JSON with the rows that were asked for, or all of them as CSV, Parquet or a stream of
    Arrow. A statement has 30 seconds, a row 256 kB; a table has 10,000 rows and 4 MB, a file 500,000 rows and 64 MB.
    A person has two questions answered at once.
    """
    kind = wanted(request.headers.get("accept", ""), tuple(FORMS))
    form = FORMS[kind]
    context, began = await dispatch.accounted(), monotonic()
    with services.questioners.asking(dispatch.user.by):
        try:
            if form == "json":
                table = await answer_table(services.settings, body.sql, body.rows, body.skip)
                rows, about = len(table.rows), table.about
                columns = [QuestionColumn(name=each.name, type=each.type, kind=kind_of(each)) for each in table.columns]
                took = round((monotonic() - began) * 1_000)
                answer = QuestionAnswer(
                    columns=columns, rows=[[*row] for row in table.rows], more=table.more, milliseconds=took
                )
                content = msgspec.json.encode(answer, enc_hook=str)
            else:
                file = await answer_file(services.settings, body.sql, partial(_writer, form))
                content, rows, about = file.content, file.rows, file.about
        except DomainError as error:
            await _record(services, Question(statement=body.sql, format=form, refused=error.code), None, context)
            raise
    await _record(services, Question(statement=body.sql, format=form), rows, context)
    if about is not None:
        await record_look(request, about, PATH, None)
    headers = {"cache-control": "no-store", "vary": "accept"}
    if form != "json":
        headers["content-disposition"] = f'attachment; filename="answer.{ENDS[form]}"'
    return Response(content, headers=headers, media_type=kind)


async def _record(services: ServicesDep, question: Question, rows: int | None, context: Context) -> None:
    """Record a question; raises Unavailable where the log does not take it, so that there is no answer."""
    await services.bus.handle(RecordQuestion(question, rows), context)


def _writer(form: str, columns: list[AnswerColumn]) -> FileWriter:
    if form == "csv":
        return _CsvFile([each.name for each in columns])
    from adapters.parquet.answers import ArrowFile  # takes half a second, and few ask for it

    return ArrowFile([(each.name, kind_of(each)) for each in columns], "parquet" if form == "parquet" else "arrow")


class _CsvFile:
    """Lines of CSV."""

    def __init__(self, heads: Sequence[str]) -> None:
        self._lines = [line(heads)]

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write some rows."""
        self._lines += [line(map(_cell, row)) for row in rows]

    def finish(self) -> bytes:
        """The file."""
        return "".join(self._lines).encode()


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, int | float) else as_text(value)
