"""`campus admin remove-factors`: a person who has lost all second factors gets in again."""

from typing import Annotated

import typer

from cli.admin.desk import Desk, at_desk
from cli.admin.roles import Person
from cli.console import DataDir, Json, answer
from cli.operator import Justification, Ticket, reason_of


def remove_factors(
    *,
    person: Person,
    reason: Annotated[
        str,
        typer.Option(help="How the person has proved who it is. It is sealed beside the facts.", show_default=False),
    ],
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Take all second factors off a person who has lost them, recovery codes as well.

    Sessions, tokens and the password end, too: the person signs in again by the mail for a forgotten password.

    Example: campus admin remove-factors ada@example.org --reason "has shown the passport"
    """

    async def work(desk: Desk) -> tuple[str, int]:
        from adapters.auth.people import People

        learner_id = await desk.person(person)
        people = People(desk.log, desk.bus, desk.settings)
        return learner_id, await people.factors.remove_lost(learner_id, desk.context)

    learner_id, removed = at_desk(data, work, Justification(ticket, why=reason_of(reason)))
    onward = "the person signs in again by the mail for a forgotten password"
    said = f"{removed} second factors of {learner_id} are removed: {onward}" if removed else f"{learner_id} has none"
    answer({"ok": True, "learner_id": learner_id, "removed": removed}, as_json=as_json, table=lambda: said)
