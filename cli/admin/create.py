"""`campus admin create`: an account with the role of an admin."""

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.admin.desk import Desk, at_desk, looked_up
from cli.console import DataDir, Failure, Json, answer
from cli.operator import Justification, Ticket, Why

if TYPE_CHECKING:
    from adapters.auth.admins import NewAdmin


def create(
    *,
    email: Annotated[str, typer.Argument(help="The e-mail address of the person.")],
    by_link: Annotated[
        bool, typer.Option("--link", help="Print a link by which the person chooses the password.")
    ] = False,
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Make a person an admin, with an account if there is none.

    The password is typed in twice; it is shown nowhere, and there is none by default. A person who has an account
    keeps its password.

    Example: campus admin create ada@example.org
    """
    from api.http.types import ADDRESS

    if re.fullmatch(ADDRESS, email) is None:
        raise Failure(f"{email!r} is no e-mail address, such as ada@example.org")
    password = None if by_link or looked_up(data, lambda desk: desk.admins.is_in_use(email)) else _typed_in(email)

    async def work(desk: Desk) -> "NewAdmin":
        return await desk.admins.create(email, password, desk.context)

    made = at_desk(data, work, Justification(ticket, why))
    answer({"ok": True, **made._asdict()}, as_json=as_json, table=lambda: _said(email, made))


def _typed_in(email: str) -> str:
    """The password, from a terminal, or the first line of standard input."""
    if sys.stdin.isatty():
        typed: str = typer.prompt(f"Password of {email}", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    line = sys.stdin.readline().rstrip("\n")
    if not line:
        raise Failure("there is no terminal to type a password in: pass it on standard input, or use --link")
    return line


def _said(email: str, made: "NewAdmin") -> str:
    if made.link is not None:
        return f"{email} is an admin ({made.learner_id}), once a password is chosen within a day:\n{made.link}"
    kept = ", with the password that the account had" if made.had_account else ""
    return f"{email} is an admin ({made.learner_id}){kept}"
