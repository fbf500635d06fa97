"""`campus jobs …`: what is due later or touches the outside world, and has failed for good."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import DataDir, Failure, Json, answer
from cli.operator import Justification, Ticket, Why, in_clear, operations

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.procrastinate.derived import FailedJob
    from adapters.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def jobs() -> None:
    """
    Show the jobs that have failed for good; try them again, or dismiss them.

    A job is what a fact makes due later, such as the end of an offered seat, or what touches the outside world. The
    dispatcher carries it out, and tries again after growing pauses; after the last try it is listed here.
    """


@app.command()
def failed(data: DataDir = None, as_json: Json = False) -> None:
    """
    List the jobs that have failed for good, each with the cause of its latest failure.

    Example: campus jobs failed
    """
    from adapters.settings import Settings

    rows = asyncio.run(_failed(Settings.load(data)))
    answer({"failed": [row._asdict() for row in rows]}, as_json=as_json, table=lambda: _table(rows))


@app.command()
def retry(
    job: Annotated[int, typer.Argument(min=1, metavar="ID", help="The job's id, from `campus jobs failed`.")],
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Have the dispatcher try a job again that has failed for good.

    Example: campus jobs retry 12
    """
    from adapters.settings import Settings

    asyncio.run(_retry(Settings.load(data), job, Justification(ticket, why)))
    said = f"the dispatcher tries job {job} again; if it fails, it is listed by `campus jobs failed`"
    answer({"ok": True, "job": job}, as_json=as_json, table=lambda: said)


@app.command()
def dismiss(
    job: Annotated[int, typer.Argument(min=1, metavar="ID", help="The job's id, from `campus jobs failed`.")],
    reason: Annotated[
        str,
        typer.Option(
            help="Why nothing needs to be done any more. It stays in clear: name no person.", show_default=False
        ),
    ],
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Take a job off the list that has failed for good, with the reason; it is not tried again.

    Example: campus jobs dismiss 12 --reason "refunded by hand" --ticket HELP-12
    """
    from adapters.settings import Settings

    if not reason.strip():
        raise Failure("the reason is empty: type --reason TEXT, for those who find the decision later")
    asyncio.run(_dismiss(Settings.load(data), job, Justification(ticket, reason=in_clear(reason))))
    answer({"ok": True, "job": job}, as_json=as_json, table=lambda: f"job {job} is dismissed")


async def _failed(settings: "Settings") -> "list[FailedJob]":
    from adapters.postgres.connection import connect
    from adapters.procrastinate.derived import failed_jobs

    async with await connect(settings, application="jobs") as connection:
        return await failed_jobs(connection)


async def _retry(settings: "Settings", job: int, said: Justification) -> None:
    await _must_have_failed(settings, job)
    async with operations(settings, said) as (decide, context):
        await decide.retry_job(job, context)


async def _dismiss(settings: "Settings", job: int, said: Justification) -> None:
    await _must_have_failed(settings, job)
    async with operations(settings, said) as (decide, context):
        await decide.dismiss_job(job, said.reason or "", context)


async def _must_have_failed(settings: "Settings", job: int) -> None:
    """Raise Failure for a job that has not failed, with one that has."""
    rows = await _failed(settings)
    if job not in {row.id for row in rows}:
        listed = f"{len(rows):,} have, such as {rows[0].id}" if rows else "none has"
        raise Failure(f"job {job} has not failed for good, {listed}: see `campus jobs failed`")


def _table(rows: "list[FailedJob]") -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return Text("no job has failed for good")
    table = Table("job", "name", "of", "position", "cause", "tries", "last", box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        last = f"{row.tried_at:%Y-%m-%d %H:%M:%S}" if row.tried_at else ""
        texts = (Text(row.stream_id), f"{row.position:,}", Text(row.cause))
        table.add_row(str(row.id), row.name, *texts, str(row.attempts), last)
    return table
