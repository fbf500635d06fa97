"""`campus mail`: take in what mail servers report of mails that the campus has sent."""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import DataDir, Failure, Json, answer, say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h, by which mail servers keep a mail and come again


@app.callback()
def mail() -> None:
    """Take in what mail servers report of mails that the campus has sent."""


@app.command()
def bounces(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Mails as files; without one, a mail from standard input."),
    ] = None,
    *,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Take in mails that came back, and complaints.

    They are reports (RFC 3464, RFC 5965) about mails whose return address the campus has signed. No mails go any more
    to an address that a report says does not exist; every other mail, and the same one twice, changes nothing.
    CAMPUS_BOUNCE_ADDRESS says where mails come back to. A mail server runs the command for each of them. While the
    campus cannot be reached it exits with 75, after which a mail server tries again.

    Example: campus mail bounces Maildir/new/*
    """
    from adapters.postgres.connection import PostgresError, Unavailable
    from adapters.settings import Settings
    from cli.main import sentence

    mails = [_read(file) for file in files] if files else [sys.stdin.buffer.read()]
    settings = Settings.load(data)
    settings.must_sign()
    try:
        report = asyncio.run(_take_in(settings, mails))
    except (PostgresError, Unavailable, OSError) as error:
        say(f"the campus cannot be reached: {sentence(error)}")
        raise typer.Exit(TRY_AGAIN) from None
    answer(report, as_json=as_json, table=lambda: _shown(report))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}") from None


async def _take_in(settings: "Settings", mails: list[bytes]) -> dict[str, Any]:
    from adapters.command_bus.bus import Bus
    from adapters.mail.bounces import Bounces, TakenIn
    from adapters.postgres.log.postgres_log import PostgresLog

    log = await PostgresLog.open(settings)
    try:
        bounces = Bounces(log, Bus(log), settings.token_secret)
        counts = Counter([await bounces.take_in(each) for each in mails])
    finally:
        await log.close()
    return {each.name.lower(): counts[each] for each in TakenIn}


def _shown(report: dict[str, Any]) -> "RenderableType":
    from rich.text import Text

    from adapters.mail.bounces import TakenIn

    return Text("\n".join(f"{report[each.name.lower()]:,}  {each}" for each in TakenIn))
