"""`campus log rewound`: say that the log went back while its server was running, so that every process forgets it."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import DataDir, Failure, Json, answer

if TYPE_CHECKING:
    from adapters.settings import Settings


def rewound(
    reason: Annotated[str, typer.Option(help="Why, for those who come later.")],
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Say that facts were taken back while PostgreSQL was running, such as by putting a dump back in place.

    Not needed where PostgreSQL was stopped meanwhile, or another server has taken over: that is noticed by itself.
    """
    from adapters.settings import Settings

    if not reason.strip():
        raise Failure("say why: --reason TEXT")
    ended = asyncio.run(_begin(Settings.load(data), reason.strip()))
    report = {"connections_ended": ended}
    answer(
        report,
        as_json=as_json,
        table=lambda: (
            f"a new life of the log has begun, {ended} connections have ended; all processes forget what they remember."
            "\nCheck the read models in PostgreSQL next: `campus projections verify`"
        ),
    )


async def _begin(settings: "Settings", reason: str) -> int:
    from adapters.postgres.connection import connect
    from adapters.postgres.ops.rewound import begin_life

    async with await connect(settings, application="log rewound") as connection:
        return (await begin_life(connection, reason))[1]
