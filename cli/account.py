"""`campus account`: invite people from a CSV file, export what is held about a person, and erase a person."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import DataDir, Failure, Json, answer, progress, say
from cli.operator import Justification, Ticket, Why
from cli.output_path import check_writable, file_named, naming_errors

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.auth.invitations import Invitee
    from adapters.csv_lines import BadLine
    from adapters.personal.export import PersonalExport
    from adapters.settings import Settings
    from cli.admin.desk import Desk

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def invite(
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A CSV file with a head; `-` reads it from standard input.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Open accounts for the people of a CSV file, who get a mail each, and ask for their places on runs.

    The head names the columns: email, and any of display_name, language, time_zone, run_id. The same file once more
    does what is left to do. Exits with 1 if a line was refused.

    That persons have an account is recorded as a look at each of them, also of a dry run.

    Example: campus account invite people.csv --dry-run
    """
    from adapters.auth.invitations import read_people
    from adapters.settings import Settings
    from domain.errors import DomainError

    try:
        people = read_people(_text_of(file))
        report = asyncio.run(_invite(Settings.load(data), people, Justification(ticket, why), dry_run=dry_run))
    except DomainError as error:
        raise Failure(error.sentence) from None
    answer(report, as_json=as_json, table=lambda: _shown(report))
    if report["refused"]:
        raise typer.Exit(1)


def _text_of(file: Path) -> str:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}") from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Failure(f"{file}, line {line}: not UTF-8; save the file as UTF-8") from None


async def _invite(
    settings: "Settings", people: "list[Invitee | BadLine]", said: Justification, *, dry_run: bool
) -> dict[str, Any]:
    import msgspec

    from adapters.auth.invitations import Invitations
    from adapters.command_bus.bus import Bus
    from adapters.command_bus.record_look import look_at, record_looks
    from adapters.csv_lines import BadLine
    from adapters.postgres.log.postgres_log import PostgresLog
    from cli.operator import accounted, command_context

    log = await PostgresLog.open(settings)
    report: dict[str, Any] = {"dry_run": dry_run, "invited": 0, "known": 0, "enrolled": 0, "refused": []}
    bus, known = Bus(log), []
    try:
        invitations = Invitations(log, bus, settings)
        context = command_context(log.clock.now()) if dry_run else await accounted(log, said)
        with progress("inviting", total=len(people), unit="lines") as advance:
            async for found in invitations.invite_all(people, context, dry_run=dry_run):
                if isinstance(found, BadLine):
                    report["refused"].append(msgspec.to_builtins(found))
                else:
                    report["invited"] += found.is_new
                    report["known"] += not found.is_new
                    report["enrolled"] += found.is_enrolled
                    known += [] if found.is_new else [found.learner_id]
                advance(1)
        await record_looks(log, bus, known, look_at("campus account invite", None, said.why), context)
    finally:
        await log.close()
    return report


def _shown(report: dict[str, Any]) -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    would = "would be " if report["dry_run"] else ""
    counts = {name: f"{report[name]:,}" for name in ("invited", "known", "enrolled")}
    first = f"{counts['invited']} people {would}invited, {counts['known']} have an account, {counts['enrolled']} lines"
    lines = [f"{first} {would}enrolled, {len(report['refused']):,} refused"]
    for each in report["refused"]:
        field = f"{each['field']} " if each["field"] else ""
        lines.append(f"line {each['line']}: {field}{each['problem']}")
    return Group(*map(Text, lines))


@app.command()
def export(
    *,
    learner: Annotated[str, typer.Argument(help="The id of the person.")],
    html: Annotated[bool, typer.Option("--html", help="A page to read and to print, instead of JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(parser=file_named, help="The file to write.", show_default="LEARNER.json or .html")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why another person's record is looked at; it is recorded.", show_default=False)
    ] = None,
    data: DataDir = None,
) -> None:
    """
    Write all that is held about a person into a file, to be handed to that person: it has names in clear.

    That it was taken is recorded as a look at the record.

    Example: campus account export 28400 --html --out 28400.html --reason "asked for by letter"
    """
    import msgspec

    from adapters.personal.export_page import export_page
    from adapters.settings import Settings

    path = out or Path(f"{''.join(each if each.isalnum() else '_' for each in learner)}.{'html' if html else 'json'}")
    check_writable(path)
    found = asyncio.run(_export(Settings.load(data), learner, reason))
    body = export_page(found) if html else msgspec.json.format(msgspec.json.encode(found), indent=2)
    with naming_errors(path):
        path.touch(mode=0o600)
        path.write_bytes(body)
    say(f"{path}: {len(body):,} bytes, {len(found.facts):,} facts; it has names in clear, and is for that person")


async def _export(settings: "Settings", learner: str, reason: str | None) -> "PersonalExport":
    from adapters.command_bus.bus import Bus
    from adapters.command_bus.record_look import look_at, record_look
    from adapters.personal.export import export_of
    from adapters.postgres.as_of.folder import KeyFolder
    from adapters.postgres.log.postgres_log import PostgresLog
    from cli.operator import command_context
    from projections.registry import PROJECTIONS

    log = await PostgresLog.open(settings)
    try:
        context = command_context(log.clock.now())
        await record_look(log, Bus(log), learner, look_at("campus account export", None, reason), context)
        found = await export_of(log, [KeyFolder(log.link, each) for each in PROJECTIONS], learner)
    finally:
        await log.close()
    if not found.facts:
        raise Failure(f"nothing is recorded about {learner}")
    return found


@app.command()
def erase(
    *,
    person: Annotated[str, typer.Argument(help="The person: an id, or the e-mail address of an account.")],
    ground: Annotated[
        str,
        typer.Option(
            help="Why: asked, no_longer_needed, unlawful, legal_obligation or mistake; it is recorded, and stays.",
            show_default=False,
        ),
    ],
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Erase a person, with an account or without one, as those have who were imported; it cannot be taken back.

    Sessions, tokens and roles end, and the dispatcher destroys the key of what is sealed. Facts stay, and name no one.

    Example: campus account erase 28400 --ground asked
    """
    from cli.admin.desk import at_desk
    from commands.user import RequestErasure
    from domain.erasures import ErasureGround

    if ground not in list(ErasureGround):
        raise Failure(f"{ground!r} is no ground: there are {', '.join(ErasureGround)}")

    async def work(desk: "Desk") -> tuple[str, int]:
        learner_id = await desk.person(person)
        known, stays = await desk.is_known(learner_id), await desk.other_admin(learner_id)
        command = RequestErasure(learner_id, ErasureGround(ground), stays, known)
        return learner_id, await desk.bus.handle(command, desk.context)

    learner_id, position = at_desk(data, work, Justification(ticket, why))
    done = {"ok": True, "learner_id": learner_id, "position": position}
    answer(done, as_json=as_json, table=lambda: f"{learner_id} is erased; the dispatcher destroys the key")


@app.command("rewrap-keys")
def rewrap_keys(data: DataDir = None) -> None:
    """
    Wrap all kept keys by the newest master key, so that older ones can be taken out of CAMPUS_MASTER_KEYS.

    First put the new key in front, with a comma between, and restart every process. Needs the owner's URL. What was
    wrapped by a key that you then destroy opens no more, also in dumps that were made before.
    """
    from adapters.personal.key_service import KeyLost, local_keys
    from adapters.personal.rewrap import rewrap
    from adapters.settings import Settings
    from domain.errors import DomainError

    settings = Settings.load(data)
    service = local_keys(settings)
    try:
        with progress("wrapping keys", total=None, unit="keys") as advance:
            done = asyncio.run(rewrap(settings, service, advance))
    except (DomainError, KeyLost) as error:
        raise Failure(str(error)) from None
    say(f"{done:,} keys wrapped by master key {service.masters[0]}; all others were before")
