"""`campus dev`: who can sign in to a development campus, and the code that their apps show now."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from cli.console import DataDir, Failure, Json, answer

if TYPE_CHECKING:
    from rich.text import Text

    from adapters.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command()
def people(data: DataDir = None, as_json: Json = False) -> None:
    """List the five sample people, with their password and the code of their second factor."""
    from rich.console import Group

    from adapters.settings import Settings

    settings = _development(Settings.load(data))
    found = collect(settings, settings.clock().now())
    code = f"{found['code']}, for {found['code_ends_in']} s more"
    answer(found, as_json=as_json, table=lambda: Group(*lines(found, code)))


@app.command()
def code(data: DataDir = None) -> None:
    """Print the code that the app of the sample staff shows now."""
    from adapters.auth.sample_people import code_at
    from adapters.settings import Settings

    settings = _development(Settings.load(data))
    typer.echo(code_at(settings.clock().now())[0])


def collect(settings: "Settings", now: datetime) -> dict[str, Any]:
    """The sample people, their password, and the code at a time."""
    from adapters.auth.sample_people import PASSWORD, SAMPLE_PEOPLE, code_at

    present, seconds = code_at(now)
    people = [
        {"role": each.role, "name": each.name, "address": each.email, "second_factor": each.is_staff}
        for each in SAMPLE_PEOPLE.values()
    ]
    return {
        "page": page_url(settings),
        "people": people,
        "password": PASSWORD,
        "code": present,
        "code_ends_in": seconds,
    }


def page_url(settings: "Settings") -> str:
    """Where a browser on this machine opens the pages."""
    return f"{settings.web_url}/"


def lines(found: dict[str, Any], code: str) -> "list[Text]":
    """The sample people for a terminal; *code* is what the staff give beside the password, or prints it."""
    from rich.text import Text

    people: list[dict[str, Any]] = found["people"]
    widths = {head: max(len(each[head]) for each in people) + 3 for head in ("role", "address", "name")}
    shown = [Text.assemble(("sign in as one of these, with the password ", "bold"), (found["password"], "bold cyan"))]
    for each in people:
        cells = "".join(each[head].ljust(width) for head, width in widths.items())
        shown.append(Text(f"  {cells}{'and a code' if each['second_factor'] else ''}".rstrip()))
    return [*shown, Text.assemble("  the code of the staff: ", (code, "cyan"))]


def _development(settings: "Settings") -> "Settings":
    if not settings.dev_login:
        raise Failure("this campus has no sample people: it was not started with the development login")
    return settings
