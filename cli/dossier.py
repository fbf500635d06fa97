"""`campus dossier`: everything about a learner with proofs, in a zip file that can be checked without this program."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from cli.console import DataDir, Failure, progress, say
from cli.looks import Reason, record_look
from cli.output_path import check_writable, file_named, naming_errors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.dossier.verifier.checks import Report
    from adapters.settings import Settings

MAKE = "make"


class OrLearner(TyperGroup):
    """`campus dossier LEARNER` is `campus dossier make LEARNER`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the command in front where there is none."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = [MAKE, *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


app = typer.Typer(cls=OrLearner, add_completion=False, no_args_is_help=True)


@app.callback()
def dossier() -> None:
    """
    Put everything about a learner into a zip file, with proofs; and check such a file.

    Example: campus dossier 28400 --known-at 2026-03-01 --out 28400.zip
    """


@app.command()
def make(
    *,
    learner: Annotated[str, typer.Argument(help="The id of the learner.")],
    known_at: Annotated[
        str | None, typer.Option(help="What the log held by then: a position, a time or a day.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(parser=file_named, help="The file to write.", show_default="dossier-LEARNER.zip")
    ] = None,
    reason: Reason = None,
    data: DataDir = None,
) -> None:
    """
    Make the dossier of a learner: facts, proofs, documents, a page, and verify.py, which checks them alone.

    `campus dossier LEARNER` is enough, unless the learner's id is `make` or `verify`.
    """
    from adapters.dossier.make import STEPS, make_dossier
    from adapters.settings import Settings
    from campuslog.errors import BadTime
    from campuslog.positions import bound
    from domain.errors import DomainError
    from projections.registry import PROJECTIONS

    path = out or Path(f"dossier-{_as_name(learner)}.zip")
    check_writable(path)
    settings = Settings.load(data)
    try:
        known = bound(int(known_at) if known_at and known_at.isdigit() else known_at, "--known-at", end=True)
        at = known.time if known.position is None else known.position
        with progress(f"dossier of {learner}", total=STEPS, unit="steps") as advance:
            position = asyncio.run(_look(settings, learner, at, reason))
            made = asyncio.run(make_dossier(settings, PROJECTIONS, learner, position, advance))
    except BadTime as error:
        raise Failure(str(error)) from None
    except DomainError as error:
        raise Failure(error.sentence) from None
    with naming_errors(path):
        path.write_bytes(made)
    say(f"{path}: {len(made):,} bytes; check it with `campus dossier verify {path}`, or unpack it: `python3 verify.py`")


async def _look(settings: "Settings", learner: str, known_at: "int | datetime | None", reason: str | None) -> int:
    """Record that the operator takes a dossier; returns the position as of which it is to be."""
    from adapters.postgres.as_of.moments import moment_at
    from adapters.postgres.log.postgres_log import PostgresLog

    log = await PostgresLog.open(settings)
    try:
        moment = await moment_at(log, known_at, None)
        await record_look(log, learner, f"campus dossier {learner}", reason, moment)
        return moment.position
    finally:
        await log.close()


@app.command()
def verify(
    *,
    file: Annotated[Path, typer.Argument(help="A dossier: the zip file, or a directory with its files.")],
    key: Annotated[
        list[str] | None, typer.Option(help="A key of the campus that you have from elsewhere: NAME+ID+KEY.")
    ] = None,
    witness: Annotated[list[str] | None, typer.Option(help="A key of a witness: NAME+ID+KEY.")] = None,
) -> None:
    """Check a dossier as verify.py does, fold its documents again from its facts, and compare."""
    from adapters.dossier.verifier.checks import check
    from adapters.dossier.verifier.command import files_in, in_words
    from adapters.dossier.verifier.notes import Wrong

    try:
        files = files_in(file)
    except Wrong as error:
        raise Failure(str(error)) from None
    report = check(files, key or [], witness or [])
    typer.echo(in_words(report), nl=False)
    if report.wrong:
        raise Failure(f"{file} is not as it was made")
    _fold_again(report, files, file)


def _fold_again(report: "Report", files: "Mapping[str, bytes]", file: Path) -> None:
    """Say whether the documents follow from the facts; raises Failure if they do not."""
    from adapters.dossier.refold import differences, is_own_verifier
    from projections.registry import PROJECTIONS

    found = asyncio.run(differences(report, files, PROJECTIONS))
    for each in found:
        typer.echo(f"- {each}.")
    if found:
        raise Failure(f"{file} has documents that this code does not make of its facts")
    typer.echo("Folded again by this code, the facts make the same documents.")
    if not is_own_verifier(files):
        typer.echo("Its verify.py is not the one of this code: it is of another version, or was replaced.")


def _as_name(learner: str) -> str:
    """The learner's id, as part of a file's name."""
    return "".join(each if each.isalnum() or each in "-_." else "_" for each in learner)
