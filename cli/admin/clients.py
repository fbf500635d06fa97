"""`campus admin clients`: programs of other systems, and by what they prove themselves."""

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from cli.admin.desk import Desk, at_desk, looked_up
from cli.console import DataDir, Failure, Json, answer
from cli.operator import Justification, Ticket, in_clear, reason_of

if TYPE_CHECKING:
    from adapters.auth.clients import Clients

app = typer.Typer(no_args_is_help=True, add_completion=False)
Why = Annotated[str, typer.Option("--reason", help="Why. It stays in clear: name no person.", show_default=False)]
ClientId = Annotated[str, typer.Argument(metavar="CLIENT", help="The client, such as service-reports.")]
Scopes = Annotated[list[str], typer.Option("--scope", help="What its tokens open: read, write, or both.")]


@app.callback()
def clients() -> None:
    """Register programs of other systems, change by what they prove themselves, and end them."""


@app.command()
def register(
    *,
    client: ClientId,
    name: Annotated[str, typer.Argument(help="What people call it.")],
    reason: Why,
    scope: Scopes = ["read"],  # noqa: B006 - which is not changed
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Register a program of another system, with the role of a service.

    Example: campus admin clients register service-reports "Monthly reports" --reason "asked for by IT"
    """
    from commands.clients import RegisterClient
    from commands.roles import GrantRole
    from domain.roles import CAMPUS, Grant, Role

    why = in_clear(reason_of(reason))

    async def work(desk: Desk) -> int:
        await desk.bus.handle(RegisterClient(client, name, tuple(scope), why), desk.context)
        grant = GrantRole(client, Grant(Role.SERVICE.value, CAMPUS), None, why)
        return await desk.bus.handle(grant, desk.context)

    position = at_desk(data, work, Justification(ticket, reason=why))
    said = f"{client} is registered; it needs a credential: campus admin clients add {client}"
    answer({"ok": True, "position": position}, as_json=as_json, table=lambda: said)


@app.command()
def add(
    *,
    client: ClientId,
    reason: Why,
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is valid.")] = 90,
    public_key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A file with a public JWK, for no secret.")
    ] = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Have a client prove itself by a new secret, which is printed this once, or by a key.

    Example: campus admin clients add service-reports --reason "the yearly change"
    """
    from adapters.auth.clients import public_key as checked
    from commands.clients import AddCredential

    why, credential_id, given = in_clear(reason_of(reason)), uuid4().hex, _key_in(public_key)

    async def work(desk: Desk) -> str | None:
        key = checked(given) if given is not None else None
        secret = await _clients(desk).new_secret(client, credential_id) if key is None else None
        await desk.bus.handle(AddCredential(client, credential_id, key, timedelta(days=days), why), desk.context)
        return secret

    secret = at_desk(data, work, Justification(ticket, reason=why))
    said = f"{credential_id} is valid for {days} days" + (f"; its secret:\n{secret}" if secret is not None else "")
    found = {"ok": True, "credential_id": credential_id, "secret": secret}
    answer(found, as_json=as_json, table=lambda: said)


@app.command()
def remove(
    *,
    client: ClientId,
    credential: Annotated[str, typer.Argument(help="The id of a secret or a key.")],
    reason: Why,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Have a secret or a key prove nothing any more; tokens that were issued for it open nothing after a second.

    Example: campus admin clients remove service-reports 5e0c8f8b --reason "was found in a repository"
    """
    from commands.clients import RemoveCredential

    why = in_clear(reason_of(reason))

    async def work(desk: Desk) -> int:
        position = await desk.bus.handle(RemoveCredential(client, credential, why), desk.context)
        await _clients(desk).drop_secret(client, credential)
        return position

    position = at_desk(data, work, Justification(ticket, reason=why))
    answer({"ok": True, "position": position}, as_json=as_json, table=lambda: f"{credential} proves nothing any more")


@app.command()
def end(*, client: ClientId, reason: Why, ticket: Ticket = None, data: DataDir = None, as_json: Json = False) -> None:
    """
    End a client for good; its tokens open nothing after a second.

    Example: campus admin clients end service-reports --reason "is not needed any more"
    """
    from commands.clients import EndClient

    why = in_clear(reason_of(reason))

    async def work(desk: Desk) -> int:
        position = await desk.bus.handle(EndClient(client, why), desk.context)
        await _clients(desk).drop_secret(client)
        return position

    position = at_desk(data, work, Justification(ticket, reason=why))
    answer({"ok": True, "position": position}, as_json=as_json, table=lambda: f"{client} has ended")


@app.command()
def show(*, client: ClientId, data: DataDir = None, as_json: Json = False) -> None:
    """
    Show a client, and by what it proves itself.

    Example: campus admin clients show service-reports
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from domain.clients import ClientNotFound

        found = await _clients(desk).read(client)
        if not found.exists:
            raise ClientNotFound(client_id=client)
        live = found.live(desk.context.at)
        credentials = [{"credential_id": name, "kind": each.kind, "until": each.until} for name, each in live.items()]
        return {"client_id": client, "name": found.name, "scopes": found.scopes, "credentials": credentials}

    found = looked_up(data, work)
    lines = [
        f"{each['credential_id']}  {each['kind']}  until {each['until']:%Y-%m-%d}" for each in found["credentials"]
    ]
    title = f"{client}: {found['name']} ({' '.join(found['scopes'])})"
    answer(found, as_json=as_json, table=lambda: "\n".join((title, *(lines or ("no valid credential",)))))


def _clients(desk: Desk) -> "Clients":
    from adapters.auth.changes import AccessChanges
    from adapters.auth.clients import Clients

    return Clients(desk.log, AccessChanges(desk.log.link), ())


def _key_in(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        found = json.loads(path.read_text())
    except ValueError:
        raise Failure(f"{path} is no JSON: it has to be a public JWK") from None
    if not isinstance(found, dict):
        raise Failure(f"{path} is no JWK")
    return found
