"""`campus admin roles`: who has which role, and where; granting and revoking."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.admin.desk import Desk, at_desk, looked_up
from cli.console import MOST_ROWS, DataDir, Failure, Json, answer
from cli.operator import Justification, Ticket, reason_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from domain.roles import Grant

Person = Annotated[str, typer.Argument(help="The person: an id, or the e-mail address of an account.")]
RoleName = Annotated[
    str, typer.Argument(metavar="ROLE", help="admin, analyst, assistant, auditor, instructor or service.")
]
Scope = Annotated[str, typer.Option(help="Where it holds: campus, course:ID or run:ID.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is recorded.", show_default=False)]


def list_(
    *,
    person: Annotated[
        str | None, typer.Option(help="Only of this person: an id, or an e-mail address.", show_default=False)
    ] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    List the roles that hold now.

    Example: campus admin roles list --person ada@example.org
    """

    async def work(desk: Desk) -> list[dict[str, Any]]:
        import msgspec

        from adapters.postgres.queries import roles
        from adapters.postgres.queries.reader import NotBuilt, Reader

        asked = roles.Asked(None if person is None else await desk.person(person))
        reader = Reader(desk.settings)
        await reader.open()
        try:
            page = await roles.granted(reader, asked, ["", "", ""], MOST_ROWS, now=desk.bus.clock.now())
            page = await roles.with_reasons(desk.log.keys, page)
        except NotBuilt:
            raise Failure("the read model roles has no rows yet: run a projector, as `campus up` does") from None
        finally:
            await reader.close()
        return [msgspec.json.decode(row[-1]) for row in page.rows]

    found = looked_up(data, work)
    answer({"roles": found}, as_json=as_json, table=lambda: _table(found))


def grant(
    *,
    person: Person,
    role: RoleName,
    reason: Why,
    scope: Scope = "campus",
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="When it ends, in UTC.", show_default=False),
    ] = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Grant a role to a person.

    Example: campus admin roles grant ada@example.org instructor --scope run:algebra-2026 --reason "teaches it"
    """
    from datetime import UTC

    from commands.roles import GrantRole
    from domain.roles import ADMIN_OF_CAMPUS

    wanted, why = _grant(role, scope), reason_of(reason)
    end = None if until is None else until.replace(tzinfo=UTC)

    async def work(desk: Desk) -> int:
        learner_id = await desk.person(person)
        stays = await desk.other_admin(learner_id) if wanted == ADMIN_OF_CAMPUS else None
        return await desk.bus.handle(GrantRole(learner_id, wanted, end, why, stays), desk.context)

    position = at_desk(data, work, Justification(ticket, reason=why))
    said = f"{person} is {role} for {scope}{'' if end is None else f' until {end:%Y-%m-%d %H:%M} UTC'}"
    answer({"ok": True, "position": position}, as_json=as_json, table=lambda: said)


def revoke(
    *,
    person: Person,
    role: RoleName,
    reason: Why,
    scope: Scope = "campus",
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Take a role from a person; it holds nowhere after a second.

    Example: campus admin roles revoke ada@example.org instructor --scope run:algebra-2026 --reason "term is over"
    """
    from commands.roles import RevokeRole
    from domain.roles import ADMIN_OF_CAMPUS

    wanted, why = _grant(role, scope), reason_of(reason)

    async def work(desk: Desk) -> int:
        learner_id = await desk.person(person)
        stays = await desk.other_admin(learner_id) if wanted == ADMIN_OF_CAMPUS else None
        return await desk.bus.handle(RevokeRole(learner_id, wanted, why, stays), desk.context)

    position = at_desk(data, work, Justification(ticket, reason=why))
    answer(
        {"ok": True, "position": position}, as_json=as_json, table=lambda: f"{person} is no {role} for {scope} any more"
    )


def _grant(role: str, scope: str) -> "Grant":
    from domain.errors import DomainError
    from domain.roles import Grant, Role, check_scope

    if role not in list(Role):
        raise Failure(f"{role!r} is no role: there are {', '.join(sorted(Role))}")
    try:
        check_scope(Role(role), scope)
    except DomainError as error:
        raise Failure(error.sentence) from None
    return Grant(role, scope)


def _table(rows: list[dict[str, Any]]) -> "RenderableType":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("person", "role", "scope", "until", "granted", "by", "reason"):
        table.add_column(name)
    for row in rows:
        table.add_row(
            row["learner_id"],
            row["role"],
            row["scope"],
            row["until"] or "",
            row["granted_at"],
            row["granted_by"],
            row["reason"],
        )
    return table
