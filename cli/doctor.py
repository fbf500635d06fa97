"""`campus doctor`: check every part, name the one that fails, and say what to do about it."""

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from cli.console import DataDir, Json, answer

if TYPE_CHECKING:
    from rich.table import Table

    from adapters.health import Check
    from adapters.settings import Settings

app = typer.Typer()
MOST_LAG = 60.0  # seconds that a projection may be behind


@app.command()
def doctor(data: DataDir = None, as_json: Json = False) -> None:
    """Check every part and name the one that fails; the exit code is 1 when one does."""
    from adapters.settings import Settings

    findings = asyncio.run(examine(Settings.load(data)))
    report = {"ok": all(finding["ok"] for finding in findings), "checks": findings}
    answer(report, as_json=as_json, table=lambda: render(findings))
    raise typer.Exit(0 if report["ok"] else 1)


async def examine(settings: "Settings") -> list[dict[str, Any]]:
    """Run every check, all at once."""
    from adapters import health, read_model_health

    checks: dict[str, Check] = {
        **health.CHECKS,
        **read_model_health.CHECKS,
        "processes": _processes,
        "api": _api,
        "projections": _projections,
        "versions": _versions,
    }
    return list(await asyncio.gather(*(_finding(name, check, settings) for name, check in checks.items())))


async def _finding(name: str, check: "Check", settings: "Settings") -> dict[str, Any]:
    from adapters.health import Unhealthy

    try:
        return {"name": name, "ok": True, "detail": await check(settings)}
    except Unhealthy as problem:
        return {"name": name, "ok": False, "detail": str(problem), "hint": problem.hint}
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, not the end of the examination
        return {
            "name": name,
            "ok": False,
            "detail": f"{type(error).__name__}: {error}",
            "hint": "see the other findings",
        }


async def _processes(settings: "Settings") -> str:
    """Does every process live that `campus up` has started?"""
    from adapters.health import Unhealthy
    from cli.up.instance import read
    from cli.up.lock import identity

    pids = read(settings.data_dir).get("pids", {})
    dead = [name for name, pid in pids.items() if not identity(pid)]
    if dead:
        raise Unhealthy(f"{', '.join(dead)} not running", "`campus up` starts it again; see its log in DATA/log")
    return ", ".join(pids) or "not started by `campus up`"


async def _api(settings: "Settings") -> str:
    """Does the API answer, and call itself ready?"""
    from adapters.health import Unhealthy
    from cli.http import get_json

    ready = await get_json(f"{settings.api_url}/readyz")
    if ready.status == 0:
        raise Unhealthy(f"nothing answers at {settings.api_url}", "start the campus with `campus up`")
    if ready.status != 200:
        raise Unhealthy(f"it answers {ready.status} ({ready.body.get('status')})", "see DATA/log/api.log")
    return f"ready at {settings.api_url}"


async def _projections(settings: "Settings") -> str:
    """Do the read models keep up, with nothing parked?"""
    from adapters.health import Unhealthy
    from cli.http import get_json

    projections = (await get_json(f"{settings.api_url}/readyz")).body.get("projections", [])
    late = [p["name"] for p in projections if (p["lag_seconds"] or 0) > MOST_LAG]
    parked = [p["name"] for p in projections if p.get("parked")]
    if late:
        raise Unhealthy(f"{', '.join(late)} more than {MOST_LAG:.0f} s behind", "see DATA/log/projector.log")
    if parked:
        raise Unhealthy(f"events are parked in {', '.join(parked)}", "see `campus projections parked`")
    return f"{len(projections)} up to date"


async def _versions(settings: "Settings") -> str:
    """Is every read model that is served still followed, or does it wait for a generation of the code's version?"""
    from adapters.health import Unhealthy
    from cli.projections.serving import outdated

    found = await outdated(settings)
    still = [each for each in found if not each.followed]
    if still:
        names = ", ".join(each.name for each in still)
        raise Unhealthy(f"{names} stands still, built by another version of the code", still[0].sentence)
    if found:
        return f"{', '.join(each.name for each in found)} served in another version than this code's, and followed"
    return "all served in the version of this code"


def render(findings: list[dict[str, Any]]) -> "Table":
    """Lay the findings out for a terminal."""
    from rich.table import Table

    table = Table("", "part", "finding", "what to do")
    for finding in findings:
        mark = "[green]ok[/]" if finding["ok"] else "[bold red]no[/]"
        table.add_row(mark, finding["name"], finding["detail"], finding.get("hint", ""))
    return table
