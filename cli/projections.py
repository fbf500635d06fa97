"""`campus projections`: how far the read models are, whether they are right, and what to do with parked keys."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import DataDir, Failure, Json, answer, progress

if TYPE_CHECKING:
    from rich.table import Table

    from adapters.settings import Settings
    from projections.base import Projection

app = typer.Typer(no_args_is_help=True)

RETRY_TIMEOUT = 10.0  # seconds for the projector to try parked keys again

Name = Annotated[str | None, typer.Argument(help="One read model; all when left out.", show_default=False)]


@app.command()
def status(data: DataDir = None, as_json: Json = False) -> None:
    """Show how far each read model is behind the log."""
    from adapters.settings import Settings

    state = asyncio.run(_status(Settings.load(data)))
    answer({"projections": state}, as_json=as_json, table=lambda: _status_table(state))


@app.command()
def verify(name: Name = None, data: DataDir = None, as_json: Json = False) -> None:
    """Compare read models with a fresh fold of the log; exits with 1 when one is not what the log says."""
    from adapters.settings import Settings

    report = asyncio.run(_verify(Settings.load(data), _chosen(name)))
    answer(report, as_json=as_json, table=lambda: _verdict_table(report["projections"]))
    if not report["ok"]:
        raise typer.Exit(1)


@app.command()
def parked(name: Name = None, data: DataDir = None, as_json: Json = False) -> None:
    """List the keys whose facts wait because a read model failed at one of them."""
    from adapters.settings import Settings

    rows = asyncio.run(_parked(Settings.load(data), _chosen(name)))
    answer({"parked": rows}, as_json=as_json, table=lambda: _parked_table(rows))


@app.command()
def retry(
    name: Name = None,
    key: Annotated[str | None, typer.Option("--key", help="One learner or stream; all when left out.")] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Have the projector try parked keys again; exits with 1 when some still fail."""
    from adapters.settings import Settings

    left = asyncio.run(_retry(Settings.load(data), _chosen(name), key))
    answer({"ok": not left, "parked": left}, as_json=as_json, table=lambda: _parked_table(left))
    if left:
        raise typer.Exit(1)


def _chosen(name: str | None) -> "Sequence[Projection]":
    from projections.registry import PROJECTIONS

    chosen = [projection for projection in PROJECTIONS if name in {None, projection.name}]
    if not chosen:
        raise Failure(f"no read model is called {name}; there are {', '.join(p.name for p in PROJECTIONS)}")
    return chosen


async def _status(settings: "Settings") -> list[dict[str, Any]]:
    import msgspec

    from adapters.postgres.connection import connect
    from adapters.postgres.progress import progress as collect

    async with await connect(settings, application="status") as connection:
        return [msgspec.to_builtins(each) for each in await collect(connection)]


async def _verify(settings: "Settings", projections: "Sequence[Projection]") -> dict[str, Any]:
    import msgspec

    from adapters.postgres.log import PostgresLog
    from workers.verifier import verify

    log = await PostgresLog.open(settings)
    total = await log.head()
    await log.close()
    with progress("folding the log", total=total, unit="facts") as advance:
        verdicts = await verify(settings, projections, folded=advance)
    return {"ok": all(verdict.ok for verdict in verdicts), "projections": msgspec.to_builtins(verdicts)}


async def _parked(settings: "Settings", projections: "Sequence[Projection]") -> list[dict[str, Any]]:
    from adapters.postgres.connection import connect
    from adapters.postgres.parking import parked_of

    async with await connect(settings, application="parked") as connection:
        return await parked_of(connection, [projection.name for projection in projections])


async def _retry(settings: "Settings", projections: "Sequence[Projection]", key: str | None) -> list[dict[str, Any]]:
    from adapters.postgres.connection import connect
    from adapters.postgres.parking import parked_of, request_retry

    names = [projection.name for projection in projections]
    async with await connect(settings, application="retry") as connection:
        await request_retry(connection, names, key)
        try:
            async with asyncio.timeout(RETRY_TIMEOUT):
                while any(row["requested"] for row in await parked_of(connection, names)):  # noqa: ASYNC110 - elsewhere
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise Failure("no projector has tried again: is one running?") from None
        return [row for row in await parked_of(connection, names) if key in {None, row["key"]}]


def _status_table(state: list[dict[str, Any]]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    names = ("read model", "version", "generation", "position", "lag", "behind", "parked")
    table = Table(*names, box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False, caption_justify="left")
    for each in state:
        table.add_row(
            each["name"],
            str(each["version"]),
            f"{each['generation']} ({each['status']})",
            f"{each['position']:,}",
            f"{each['lag_events']:,}",
            f"{each['lag_seconds']:.1f} s",
            str(each["parked"]),
        )
    beats = [each["heartbeat_seconds"] for each in state if each["heartbeat_seconds"] is not None]
    table.caption = f"lag in facts; projector seen {min(beats):.1f} s ago" if beats else "no projector is running"
    return table


def _verdict_table(verdicts: list[dict[str, Any]]) -> "Table":
    from rich.table import Table

    table = Table("read model", "position", "rows", "digest", "verdict")
    for each in verdicts:
        same = each["digest_live"] == each["digest_log"]
        digest = each["digest_log"][:16] if same else f"{each['digest_live'][:16]} ≠ {each['digest_log'][:16]}"
        first = "".join(f"\n{d['table']} {':'.join(map(str, d['key']))} is {d['is']}" for d in each["differences"][:5])
        verdict = "[green]as the log says[/]" if each["ok"] else f"[red]{each['reason']}[/]{first}"
        table.add_row(each["name"], f"{each['position']:,}", f"{each['rows']:,}", digest, verdict)
    return table


def _parked_table(rows: list[dict[str, Any]]) -> "Table":
    from rich.table import Table

    table = Table("read model", "key", "from position", "fact", "attempts", "error")
    for row in rows:
        table.add_row(
            row["projection"], row["key"], f"{row['first_position']:,}", row["type"], str(row["attempts"]), row["error"]
        )
    table.caption = "" if rows else "nothing is parked"
    return table
