"""
`campus log export DIR`: the log as Parquet files, for analysts and for rebuilds; a later run adds what is new.

With `--format xapi`, what learners have done as statements, in one file.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.console import INTERRUPTED, LAST_POSITION, DataDir, Failure, Json, answer, progress, say
from cli.output_path import check_writable, naming_errors
from workers.support.progress import Advance

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.parquet.check import ExportCheck


def _named(text: str) -> Path:
    """The directory of that name; an empty name, such as an unset `"$DIR"`, is refused."""
    if not text:
        raise typer.BadParameter("the name of the directory is empty")
    return Path(text)


def export(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="The directory of the files; it is made if there is none. With --format xapi, a file.",
            parser=_named,
        ),
    ],
    *,
    form: Annotated[
        Literal["parquet", "xapi"], typer.Option("--format", help="xapi: statements of learners, a line each.")
    ] = "parquet",
    after: Annotated[
        int, typer.Option(min=0, max=LAST_POSITION, help="With --format xapi: only what follows this position.")
    ] = 0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only check the files in DIR; exits with 1 if one is wrong.")
    ] = False,
    typed: Annotated[
        bool, typer.Option("--typed", help="Also give each type's files its own fields as columns, from now on.")
    ] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Write the log as Parquet files; a second run adds what is new.

    Everything keeps running meanwhile. A run that was stopped goes on where it was.

    With --typed, `attempt.graded` has a column score_bp, and so on: then read one type at a time.

    With --format xapi, what learners have done becomes statements for a learning record store (xAPI 1.0.3). Learners
    are accounts by their ids here, without names. A statement has the same id in every run; the answer says after
    which position to go on.
    """
    if form == "xapi":
        if verify or typed:
            raise Failure("--verify and --typed are for Parquet; leave them out with --format xapi")
        _statements(directory, data, after, as_json=as_json)
    elif after:
        raise Failure("--after is for --format xapi; an export to Parquet goes on where it was")
    elif verify:
        _verify(directory, as_json=as_json)
    else:
        _export(directory, data, typed=typed, as_json=as_json)


def _export(directory: Path, data: Path | None, *, typed: bool, as_json: bool) -> None:
    from adapters.parquet.export import export
    from adapters.settings import Settings

    settings = Settings.load(data)
    try:
        with ExitStack() as stack:
            report = asyncio.run(export(settings, directory, _begin(stack, "exporting the log"), typed=typed)).as_json()
    except KeyboardInterrupt:
        say("stopped; the same command goes on where this one was")
        raise typer.Exit(INTERRUPTED) from None
    answer(report, as_json=as_json, table=lambda: _summary(report))


def _statements(file: Path, data: Path | None, after: int, *, as_json: bool) -> None:
    import msgspec

    from adapters.settings import Settings
    from adapters.xapi.export import NotThatLog, export_statements

    check_writable(file)
    settings = Settings.load(data)
    try:
        with ExitStack() as stack, naming_errors(file):
            begin = _begin(stack, "writing statements")
            report = asyncio.run(export_statements(settings, file, begin, after=after))
    except NotThatLog as error:
        raise Failure(str(error)) from None
    except KeyboardInterrupt:
        say("stopped; nothing was written")
        raise typer.Exit(INTERRUPTED) from None
    said = f"{report.statements:,} statements in {file}; go on with --after {report.position}"
    unread = f"\n{report.unreadable:,} facts cannot be read, and are not in it" if report.unreadable else ""
    answer(msgspec.structs.asdict(report), as_json=as_json, table=lambda: said + unread)


def _verify(directory: Path, *, as_json: bool) -> None:
    from adapters.parquet.check import check

    try:
        with ExitStack() as stack:
            verdict = check(directory, _begin(stack, "checking the export"))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    answer(verdict.as_json(), as_json=as_json, table=lambda: _verdict(verdict))
    if not verdict.ok:
        raise typer.Exit(1)


def _begin(stack: ExitStack, title: str) -> Callable[[int], Advance]:
    """What shows progress from the moment at which the amount is known until *stack* ends."""
    return lambda total: stack.enter_context(progress(title, total=total, unit="facts"))


def _summary(report: dict[str, Any]) -> "RenderableType":
    from rich.text import Text

    whole = f"{report['facts']:,} facts in {report['files']:,} files, {report['bytes'] / 1e6:,.1f} MB"
    if report["new_facts"]:
        done = (
            f"{report['new_facts']:,} facts added in {report['seconds']:.1f} s, {report['facts_per_second']:,} a second"
        )
    else:
        done = "nothing to add"
    return Text(
        f"{done}\n{report['directory']} goes up to position {report['position']:,}: {whole}\n{_content(report)}"
    )


def _verdict(verdict: "ExportCheck") -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    report = verdict.as_json()
    if verdict.ok:
        seen = f"{verdict.facts:,} facts in {verdict.files:,} files, up to position {verdict.position:,}"
        return Text(f"the export is whole: {seen}\n{_content(report)}")
    first = verdict.problems[0]
    table = Table("file", "problem")
    table.columns[0].overflow = "fold"
    for problem in verdict.problems:
        table.add_row(problem.file, problem.problem)
    return Group(Text(f"the export is NOT whole: {first.file}: {first.problem}"), table)


def _content(report: dict[str, Any]) -> str:
    return f"content {report['content']}"
