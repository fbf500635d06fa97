"""`campus log export DIR`: the log as Parquet files, for analysts and for rebuilds; a later run adds what is new."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import INTERRUPTED, DataDir, Json, answer, progress, say
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
        typer.Argument(metavar="DIR", help="The directory of the files; it is made if there is none.", parser=_named),
    ],
    *,
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
    """
    if verify:
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
