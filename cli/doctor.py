"""`campus doctor`: check every part, name the one that fails, and say what to do about it."""

import asyncio
import importlib
import time
from typing import TYPE_CHECKING, Any

import typer

from cli.console import DataDir, Json, answer

if TYPE_CHECKING:
    from rich.table import Table

    from adapters.health.servers import Check
    from adapters.postgres.ops.lag import ProjectionLag
    from adapters.settings import Settings

app = typer.Typer(add_completion=False)
MOST_LAG = 60.0  # seconds that a projection may be behind
RESTART = 5.0  # seconds that a process may take that is just being started again
AGAIN = 0.5  # seconds
FINDING_WIDTH, HINT_WIDTH = 90, 60  # characters; longer ones take several lines, also where no terminal ends a line
NOT_CHECKED = (
    "Not checked: the facts of the log, one by one (campus log verify), and whether stored facts were changed"
    " (campus log verify --against an export that was kept elsewhere)."
)


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
    from adapters.health import facts, jobs, payments, personal_data, proofs, reactions, roles, servers

    checks: dict[str, Check] = {
        **servers.CHECKS,
        "workers": _patient(servers.CHECKS["workers"]),
        **reactions.CHECKS,
        **jobs.CHECKS,
        **facts.CHECKS,
        **payments.CHECKS,
        **proofs.CHECKS,
        **personal_data.CHECKS,
        **roles.CHECKS,
        "code": _code,
        **(_of_read_models() if _fault() is None else {}),
        "processes": _patient(_processes),
        "api": _api,
        "sign-in": _sign_in,
        "connections": _connections,
        "checkpoints": _patient(_checkpoints),
        "projections": _projections,
    }
    return list(await asyncio.gather(*(_finding(name, check, settings) for name, check in checks.items())))


def _of_read_models() -> "dict[str, Check]":
    """What can be looked at only by code that knows the read models."""
    from adapters.health import read_models

    own: dict[str, Check] = {"followers": _patient(_followers), "parked": _parked, "versions": _versions}
    return {**read_models.CHECKS, **own}


def _patient(check: "Check") -> "Check":
    """A check of something that may just be started again, as a projector is after a promotion."""

    async def patient(settings: "Settings") -> str:
        from adapters.health.servers import Unhealthy

        until = time.monotonic() + RESTART
        while True:
            try:
                return await check(settings)
            except Unhealthy:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(AGAIN)

    return patient


async def _finding(name: str, check: "Check", settings: "Settings") -> dict[str, Any]:
    from adapters.health.servers import Unhealthy

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


def _fault() -> Exception | None:
    """Why the read models cannot be loaded, if they cannot."""
    try:
        importlib.import_module("adapters.health.read_models")
        importlib.import_module("cli.projections.outdated")
    except Exception as error:  # noqa: BLE001 - whatever a rule may do wrong
        return error
    return None


async def _code(_settings: "Settings") -> str:
    """Can the read models be loaded?"""
    from adapters.health.servers import Unhealthy
    from cli.error_location import what, where

    if (error := _fault()) is not None:
        raise Unhealthy(f"{where(error)}: {what(error)}", "mend it: until then nothing can be said of the read models")
    return "all read models can be loaded"


async def _processes(settings: "Settings") -> str:
    """Does every process live that `campus up` has started, and does its NATS store messages?"""
    from adapters.health.servers import Unhealthy
    from cli.http import get_json
    from cli.up.instance import read
    from cli.up.lock import identity

    instance = read(settings.data_dir)
    pids = instance.get("pids", {})
    dead = [name for name, pid in pids.items() if not identity(pid)]
    if dead:
        raise Unhealthy(f"{', '.join(dead)} not running", "`campus up` starts it again; see its log in DATA/log")
    if port := instance.get("ports", {}).get("nats_health"):
        health = await get_json(f"http://127.0.0.1:{port}/healthz")
        if health.status == 503:
            why = health.body.get("error") or health.body.get("status")
            hint = "`campus up` starts it again, after growing pauses if that does not help; see DATA/log/nats.log"
            raise Unhealthy(f"nats runs and stores no messages: {why}", hint)
    return ", ".join(pids) or "not started by `campus up`"


async def _api(settings: "Settings") -> str:
    """Does the API answer, and call itself ready?"""
    from adapters.health.servers import Unhealthy
    from cli.http import get_own

    ready = await get_own(settings, "/readyz")
    if ready.status == 0:
        raise Unhealthy(f"nothing answers at {settings.api_url}", "start the campus with `campus up`")
    if ready.status != 200:
        why = "; ".join(ready.body.get("problems", [])) or str(ready.body.get("status"))
        raise Unhealthy(f"it answers {ready.status}: {why}", "see DATA/log/api.log")
    return f"ready at {settings.api_url}"


async def _sign_in(settings: "Settings") -> str:
    """Does the API ask who is there? It says loudly where it does not; its process refuses that beyond loopback."""
    if settings.dev_login:
        return f"DEVELOPMENT LOGIN ON: all who reach {settings.api_url} get any user's token (CAMPUS_DEV_LOGIN=false)"
    return "by token; the development login is off"


async def _checkpoints(settings: "Settings") -> str:
    """Does every read model hold facts of this log only?"""
    from adapters.health.servers import Unhealthy
    from adapters.postgres.connection import connect
    from adapters.postgres.ops.checkpoints import of_another_log

    async with await connect(settings, application="doctor") as connection:
        above = await of_another_log(connection)
    if above:
        raise Unhealthy(
            f"above the head of the log, which went back: {', '.join(above)}",
            "a projector begins them again: is one running? After a dump was put back in place: `campus log rewound`",
        )
    return "no checkpoint is above the head of the log"


async def _connections(settings: "Settings") -> str:
    """Has the API room for the streams and requests that may come?"""
    from cli.connections import room

    return await room(settings)


async def _projections(settings: "Settings") -> str:
    """Do the read models keep up?"""
    from adapters.health.servers import Unhealthy
    from cli.http import get_own

    projections = (await get_own(settings, "/readyz")).body.get("projections", [])
    late = [p["name"] for p in projections if (p["lag_seconds"] or 0) > MOST_LAG]
    behind = max((p["lag_events"] for p in projections), default=0)
    if late:
        raise Unhealthy(
            f"{', '.join(late)} more than {MOST_LAG:.0f} s behind, up to {behind:,} facts", "see DATA/log/projector.log"
        )
    return f"{len(projections)} read models, " + (f"up to {behind:,} facts behind" if behind else "up to date")


async def _followers(settings: "Settings") -> str:
    """Is every segment followed, and how far is the last one behind?"""
    from adapters.health.read_models import followed

    said = await followed(settings)
    behind = max((each.lag_events for each in await _live(settings)), default=0)
    return f"{said}, but up to {behind:,} facts" if behind else said


async def _parked(settings: "Settings") -> str:
    """Does nothing wait at a fact that fails?"""
    from adapters.health.read_models import waiting
    from adapters.health.servers import Unhealthy
    from cli.projections.parked_view import counted

    said = await waiting(settings)
    if parked := [f"{counted(each.parked)} parked in {each.name}" for each in await _live(settings) if each.parked]:
        raise Unhealthy(", ".join(parked), "see where it fails with `campus projections parked`")
    return said


async def _live(settings: "Settings") -> "list[ProjectionLag]":
    """How far everything is that is served."""
    from adapters.postgres.connection import connect
    from adapters.postgres.ops.lag import projection_lags

    async with await connect(settings, application="doctor") as connection:
        return [each for each in await projection_lags(connection) if each.status == "live"]


async def _versions(settings: "Settings") -> str:
    """Is every read model that is served still followed, or does it wait for a generation of the code's version?"""
    from adapters.health.servers import Unhealthy
    from cli.projections.outdated import outdated

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

    table = Table("", "part")
    table.add_column("finding", max_width=FINDING_WIDTH, overflow="fold")
    table.add_column("what to do", max_width=HINT_WIDTH, overflow="fold")
    for finding in findings:
        mark = "[green]ok[/]" if finding["ok"] else "[bold red]no[/]"
        table.add_row(mark, finding["name"], finding["detail"], finding.get("hint", ""))
    table.caption, table.caption_justify = NOT_CHECKED, "left"
    return table
