"""`campus projections verify`: is a read model what the log says?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cli.console import DataDir, Json, answer, progress
from cli.projections.options import NameOrAll, chosen, end, run, settings_of

if TYPE_CHECKING:
    from rich.table import Table

    from adapters.settings import Settings
    from projections.base import Projection


def verify(name: NameOrAll = None, data: DataDir = None, as_json: Json = False) -> None:
    """
    Compare read models with a fresh fold of the log; exits with 1 when one is not what the log says.

    Example: campus projections verify overview
    """
    report = run(_verify(settings_of(data), chosen(name)))
    answer(report, as_json=as_json, table=lambda: _view(report["projections"]))
    end(ok=report["ok"])


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


def _view(verdicts: list[dict[str, Any]]) -> "Table":
    from rich.table import Table

    table = Table("read model", "position", "rows", "digest", "verdict")
    for each in verdicts:
        same = each["digest_live"] == each["digest_log"]
        digest = each["digest_log"][:16] if same else f"{each['digest_live'][:16]} ≠ {each['digest_log'][:16]}"
        first = "".join(f"\n{d['table']} {':'.join(map(str, d['key']))} is {d['is']}" for d in each["differences"][:5])
        verdict = "[green]as the log says[/]" if each["ok"] else f"[red]{each['reason']}[/]{first}"
        table.add_row(each["name"], f"{each['position']:,}", f"{each['rows']:,}", digest, verdict)
    return table
