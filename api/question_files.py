"""Files of questions over HTTP, for who keeps the bank: into it, with a dry run, and out of it."""

import asyncio
from base64 import b64encode
from typing import Annotated, Literal

import msgspec
from fastapi import Path, Query, Request, Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from adapters.questions.banks import Bank, bank_of
from adapters.questions.found import LongFile, UnreadableFile
from adapters.questions.importing import import_questions
from adapters.questions.reading import read_questions
from adapters.questions.writing import write_questions
from api.http.dispatch import Body, CommandDispatcher, Dispatch, example
from api.http.openapi import open_query, query
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.sent_file import file_in
from api.http.services import Services, ServicesDep
from api.http.types import ID, Id
from commands.log import Context
from domain.question_bank import QuestionBank, bank_stream

router = strict_router("question_bank", "/v1/question-banks")

LONGEST_FILE = 700_000  # characters of base64
MOST_QUESTIONS = 1_000  # of one request
NO_STORE = {"cache-control": "no-store"}
EXAMPLE_FILE = "SXMgMiBwcmltZT8ge1RSVUV9Cg=="
OCTETS = "application/octet-stream"
BankId = Annotated[str, Path(pattern=ID, max_length=64, description="The bank.", examples=["algebra"])]
CourseId = Annotated[
    Id | None,
    Query(description="The course of the bank, one that the user teaches; none for the campus.", examples=["biology"]),
]
DryRun = Annotated[bool, Query(description="Only say what would be.", examples=[True])]


class RefusedQuestion(msgspec.Struct, kw_only=True):
    """What was not taken from a file, or not written to one, and why; `file` is the one within a package."""

    line: int
    title: str
    reason: str
    file: str


class ImportedQuestions(msgspec.Struct, kw_only=True):
    """What became of the questions of a file; `imported` are new in the bank, or would be."""

    format: str
    bank: str
    questions: int
    imported: int
    unchanged: int
    refused: list[RefusedQuestion]


class ExportedQuestions(msgspec.Struct, kw_only=True):
    """A file, in base64, and what is not in it."""

    format: str
    bank: str
    questions: int
    written: int
    refused: list[RefusedQuestion]
    file: str


REFUSED = [
    RefusedQuestion(line=7, title="Sum", reason="questions of Moodle's type 'calculated' are not taken", file="")
]
IMPORTED = ImportedQuestions(format="moodle", bank="algebra", questions=2, imported=1, unchanged=0, refused=REFUSED)
EXPORTED = ExportedQuestions(format="gift", bank="algebra", questions=2, written=1, refused=REFUSED, file=EXAMPLE_FILE)


class FileToImport(Body):
    """
    A question file in base64: GIFT, Moodle XML, Aiken, QTI or a Canvas package; its content says which.

    A bank that is created is of the course, or of the campus without one.
    """

    model_config = example(file=EXAMPLE_FILE, dry_run=True, course_id="biology")

    file: Annotated[str, Field(max_length=LONGEST_FILE, json_schema_extra={"contentEncoding": "base64"})]
    dry_run: bool = False
    course_id: Annotated[Id | None, Field(description="One that the user teaches.")] = None


@router.post("/{bank_id}/imports", responses=open_query(IMPORTED, 400, 401, 403, 404, 409, 412, 413, 415, 503))
async def import_question_file(
    bank_id: BankId, body: FileToImport, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Take the questions of a file into a bank, which is created if there is none; sent again, it adds nothing."""
    await _permit(dispatch, services, bank_id, body.course_id)
    context = await dispatch.accounted()
    data = file_in(body.file, UnreadableFile)
    return await _imported(services, context, bank_id, data, course_id=body.course_id, dry_run=body.dry_run)


@router.post(
    "/{bank_id}/files",
    responses=open_query(IMPORTED, 400, 401, 403, 404, 409, 412, 413, 415, 503),
    openapi_extra={"requestBody": {"content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def upload_question_file(
    *,
    bank_id: BankId,
    request: Request,
    dispatch: Dispatch,
    services: ServicesDep,
    dry_run: DryRun = False,
    course_id: CourseId = None,
) -> Response:
    """The same with the file itself as the body, as the bytes that it has: up to 32 MiB."""
    await _permit(dispatch, services, bank_id, course_id)
    context = await dispatch.accounted()
    data = await request.body()
    return await _imported(services, context, bank_id, data, course_id=course_id, dry_run=dry_run)


async def _permit(dispatch: CommandDispatcher, services: Services, bank_id: str, course_id: str | None) -> None:
    """Ask about a bank that there is, or else about the course whose bank is created."""
    bank = await replayed(services.log, QuestionBank, bank_stream(bank_id))
    await dispatch.check.permit(bank_id=bank_id if bank.exists else None, course_id=None if bank.exists else course_id)


async def _imported(
    services: Services, context: Context, bank_id: str, data: bytes, *, course_id: str | None, dry_run: bool
) -> Response:
    read = await asyncio.to_thread(read_questions, data)
    if read.questions > MOST_QUESTIONS:
        raise LongFile(questions=read.questions, most=MOST_QUESTIONS, command="import")
    report = await import_questions(
        services.log, services.bus, context, bank_id, read, course_id=course_id, dry_run=dry_run
    )
    return Response(msgspec.json.encode(report), headers=NO_STORE, media_type=JSON)


@router.get("/{bank_id}/export", responses=query(EXPORTED, 404))
async def get_question_file(
    bank_id: BankId,
    ask: QueryDep,
    file_format: Annotated[
        Literal["gift", "moodle", "qti3"],
        Query(alias="format", description="The format of the file.", examples=["gift"]),
    ] = "moodle",
) -> Response:
    """The questions of a bank as a file, without those that are retired."""
    bank = await bank_of(ask.services.log, bank_id)
    ask.must_reach(bank.position)
    if len(bank.current) > MOST_QUESTIONS:
        raise LongFile(questions=len(bank.current), most=MOST_QUESTIONS, command="export")
    exported = await asyncio.to_thread(_exported, bank, file_format)
    return ask.reply(msgspec.json.encode(exported), bank.position)


def _exported(bank: Bank, file_format: str) -> ExportedQuestions:
    entries = [(item.label, item.question, item.key) for item in bank.current]
    file = write_questions(file_format, entries)
    refused = [
        RefusedQuestion(line=each.line, title=each.title, reason=each.reason, file=each.file) for each in file.refused
    ]
    return ExportedQuestions(
        format=file_format,
        bank=bank.bank_id,
        questions=len(entries),
        written=file.written,
        refused=refused,
        file=b64encode(file.data).decode(),
    )
