"""`campus questions import|export|banks|move|share|unshare`: question files of other systems, and whose banks are."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.admin.desk import Desk, at_desk, looked_up
from cli.console import DataDir, Failure, Json, answer, progress
from cli.operator import Justification, Ticket, Why

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.questions.banks import Bank
    from adapters.questions.found import Refused
    from adapters.questions.importing import ImportReport

SHOWN = 50  # refused questions in a table; --json has all

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def questions() -> None:
    """Bring question files of other systems into question banks, and write banks to files."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="GIFT, Moodle XML, Aiken, QTI or a Canvas package.")],
    *,
    bank: Annotated[
        str | None,
        typer.Option("--bank", metavar="ID", help="The bank; the file's name without one.", show_default=False),
    ] = None,
    course: Annotated[
        str | None,
        typer.Option(
            "--course", metavar="ID", help="The course of the bank; it is of the campus without.", show_default=False
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and do nothing.")] = False,
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Import the questions of a file; its content says of which format it is.

    What cannot be taken is refused with line and reason, the rest is imported; the same file once more adds nothing.

    A bank that there is not is created, for the course that is named, or for the campus.

    Example: campus questions import biology.xml --bank biology --course BIO-120 --dry-run
    """
    from adapters.questions.found import UnreadableFile
    from adapters.questions.importing import import_questions
    from adapters.questions.reading import read_questions
    from domain.question_bank import bank_stream

    try:
        read = read_questions(file.read_bytes())
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}") from None
    except UnreadableFile as error:
        raise Failure(f"{file}: {error.sentence}") from None
    bank_id = bank if bank is not None else _id_of(file)

    async def work(desk: Desk) -> "ImportReport":
        bank_stream(bank_id)  # refuses what is no id before anything is done
        with progress("questions", total=read.questions, unit="questions") as advance:
            return await import_questions(
                desk.log, desk.bus, desk.context, bank_id, read, course_id=course, dry_run=dry_run, done=advance
            )

    report = looked_up(data, work) if dry_run else at_desk(data, work, Justification(ticket, why))
    answer(report.as_json(), as_json=as_json, table=lambda: _reported(report, dry_run=dry_run))


def _id_of(file: Path) -> str:
    """The id of a bank after the name of a file."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", file.stem).strip("-.")[:64] or "questions"


@app.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    *,
    bank: Annotated[str, typer.Option("--bank", metavar="ID", help="The bank.")],
    file_format: Annotated[str, typer.Option("--format", metavar="FORMAT", help="gift, moodle or qti3.")],
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Write the questions of a bank to a file, without those that are retired.

    Each question is read back at once: what the format has no words for is not written, and named with the reason.

    Example: campus questions export --bank biology --format moodle biology.xml
    """
    from adapters.questions.banks import bank_of
    from adapters.questions.writing import WRITTEN, write_questions

    if file_format not in WRITTEN:
        raise Failure(f"{file_format!r} is no format that is written: there are {', '.join(WRITTEN)}")

    async def work(desk: Desk) -> "Bank":
        return await bank_of(desk.log, bank)

    items = looked_up(data, work).current
    with progress("questions", total=len(items), unit="questions") as advance:
        entries = [(item.label, item.question, item.key) for item in items]
        written = write_questions(file_format, entries, lambda: advance(1))
    try:
        out.write_bytes(written.data)
    except OSError as error:
        raise Failure(f"{out} cannot be written: {error.strerror}") from None
    shown = {
        "format": file_format,
        "bank": bank,
        "questions": len(items),
        "written": written.written,
        "refused": [{"line": each.line, "title": each.title, "reason": each.reason} for each in written.refused],
    }
    head = f"{written.written:,} of {len(items):,} questions written to {out} as {file_format}"
    answer(shown, as_json=as_json, table=lambda: _listed(head, written.refused))


@app.command()
def banks(*, data: DataDir = None, as_json: Json = False) -> None:
    """
    List the question banks.

    Example: campus questions banks
    """
    from adapters.questions.banks import all_banks

    async def work(desk: Desk) -> "list[Bank]":
        return (await all_banks(desk.log))[1]

    found = looked_up(data, work)
    shown = [
        {
            "bank_id": each.bank_id,
            "title": each.title,
            "course_id": each.course_id or None,
            "shared_with": sorted(each.shared_with),
        }
        for each in found
    ]
    lines = [_bank_line(each) for each in found] or ["there is no question bank"]
    answer({"items": shown}, as_json=as_json, table=lambda: "\n".join(lines))


BankId = Annotated[str, typer.Argument(metavar="BANK", help="The bank.")]
OtherCourse = Annotated[str, typer.Option("--course", metavar="ID", help="The other course.")]


@app.command()
def move(
    bank: BankId,
    *,
    course: Annotated[
        str | None,
        typer.Option("--course", metavar="ID", help="The course that gets it; the campus without.", show_default=False),
    ] = None,
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Give a bank to another course, or to the campus; quizzes keep the questions that they have drawn.

    Example: campus questions move biology --course BIO-120
    """
    from commands.question_bank import MoveQuestionBank
    from domain.question_bank import OF_CAMPUS

    said = f"bank {bank} is of {f'course {course}' if course else 'the campus'} now"
    _carried_out(MoveQuestionBank(bank, course or OF_CAMPUS), said, data, Justification(ticket, why), as_json=as_json)


@app.command()
def share(
    bank: BankId,
    *,
    course: OtherCourse,
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Let the teachers of another course read a bank with its keys, and its quizzes draw from it.

    Example: campus questions share biology --course BIO-120
    """
    from commands.question_bank import ShareQuestionBank

    said = f"course {course} may draw from bank {bank}"
    _carried_out(ShareQuestionBank(bank, course), said, data, Justification(ticket, why), as_json=as_json)


@app.command()
def unshare(
    bank: BankId,
    *,
    course: OtherCourse,
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Let another course draw from a bank no more; its quizzes keep the questions that they have drawn.

    Example: campus questions unshare biology --course BIO-120
    """
    from commands.question_bank import UnshareQuestionBank

    said = f"course {course} draws from bank {bank} no more"
    _carried_out(UnshareQuestionBank(bank, course), said, data, Justification(ticket, why), as_json=as_json)


def _carried_out(command: object, said: str, data: Path | None, why: Justification, *, as_json: bool) -> None:
    async def work(desk: Desk) -> int:
        return await desk.bus.handle(command, desk.context)

    position = at_desk(data, work, why)
    answer({"ok": True, "position": position}, as_json=as_json, table=lambda: said)


def _bank_line(bank: "Bank") -> str:
    whose = f"course {bank.course_id}" if bank.course_id else "campus"
    shared = f", shared with {', '.join(sorted(bank.shared_with))}" if bank.shared_with else ""
    return f"{bank.bank_id}  {bank.title}  ({whose}{shared})"


def _reported(report: "ImportReport", *, dry_run: bool) -> "RenderableType":
    would = "would be imported" if dry_run else "imported"
    head = f"{report.format}: {report.imported:,} of {report.questions:,} questions {would} into bank {report.bank}"
    head += f", {report.unchanged:,} there before" if report.unchanged else ""
    return _listed(head, report.refused)


def _listed(head: str, refused: "list[Refused]") -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if not refused:
        return Text(head)
    table = Table("line", "question", "why it is refused")
    for each in refused[:SHOWN]:
        table.add_row(f"{each.file}:{each.line}".lstrip(":"), Text(each.title), Text(each.reason))
    more = [Text(f"and {len(refused) - SHOWN:,} more: --json")] if len(refused) > SHOWN else []
    return Group(Text(f"{head}, {len(refused):,} refused"), table, *more)
