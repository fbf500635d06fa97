"""`campus payments dismiss`: nothing is to follow from a message of the provider that was left unmatched."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli.console import DataDir, Failure, say
from cli.operator import Justification, Ticket, accounted, in_clear


def dismiss(
    event_id: Annotated[str, typer.Argument(metavar="EVENT", help="The id of the message, such as evt_1Qx.")],
    *,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why nothing is to follow from it. It stays in clear: name no person.")
    ],
    ticket: Ticket = None,
    data: DataDir = None,
) -> None:
    """
    Say that nothing is to follow from a message of the provider, so that it is no finding of a reconciliation any more.

    It is a fact, with who has said so and why. A message that was understood stays as it is.
    """
    if not reason.strip():
        raise typer.BadParameter("say why nothing is to follow from it", param_hint="--reason")
    asyncio.run(_dismiss(data, event_id, in_clear(reason), ticket))
    say(f"nothing is to follow from {event_id}")


async def _dismiss(data: Path | None, event_id: str, reason: str, ticket: str | None) -> None:
    from adapters.command_bus.bus import Bus
    from adapters.postgres.log.postgres_log import PostgresLog
    from adapters.settings import Settings
    from commands.payment.books import DismissProviderEvent
    from domain.errors import DomainError

    log = await PostgresLog.open(Settings.load(data))
    try:
        context = await accounted(log, Justification(ticket, reason=reason))
        await Bus(log).handle(DismissProviderEvent(event_id, reason), context)
    except DomainError as error:
        raise Failure(error.sentence) from None
    finally:
        await log.close()
