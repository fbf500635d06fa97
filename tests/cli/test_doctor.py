"""What `campus doctor` finds: one verdict about each part, also where a rule cannot even be loaded."""

import asyncio
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from adapters.health.servers import Unhealthy, analysts
from adapters.settings import Settings
from cli import doctor
from cli.connections import judged, parsed
from cli.doctor import examine
from projections.registry import PROJECTIONS
from tests.support.campus_up import environment
from tests.support.polling import PATIENCE, until
from tests.support.projections_command import execute, small_campus, variables
from tests.support.workers import caught_up

ROOT = Path(__file__).parents[2]
PACKAGES = ("adapters", "api", "campuslog", "cli", "commands", "domain", "projections", "workers")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A copy of the code with a half-written rule."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "projections" / "course_dashboard.py"
    file.write_text(file.read_text() + "\n\ndef apply(fact, rows:\n")
    return tmp_path


async def call(code: Path, settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`campus …` of the code in some directory."""
    variables_of_code = environment({**variables(settings), "PYTHONPATH": str(code)})
    command = [sys.executable, "-P", "-m", "cli.main", *arguments]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=PATIENCE, env=variables_of_code
    )


async def test_a_rule_that_cannot_be_loaded_is_named(settings: Settings, broken: Path) -> None:
    """Doctor runs, and says file and line once; what needs no read model is looked at; so say other commands."""
    place = (
        f"projections/course_dashboard.py:{len((broken / 'projections/course_dashboard.py').read_text().splitlines())}"
    )
    examined = await call(broken, settings, "doctor", "--json")
    assert examined.returncode == 1, examined.stderr
    found = {check["name"]: check for check in json.loads(examined.stdout)["checks"]}
    assert found["postgres"]["ok"]
    assert found["code"]["detail"] == f"{place}: SyntaxError: '(' was never closed: def apply(fact, rows:"
    assert [name for name, check in found.items() if "SyntaxError" in check["detail"]] == ["code"]
    listed = await call(broken, settings, "projections", "list")
    assert (listed.returncode, listed.stdout) == (1, "")
    assert f"campus: {place}: SyntaxError: '(' was never closed" in listed.stderr


async def test_limits_that_an_analyst_has_changed_are_named(settings: Settings) -> None:
    """With the statement that puts them back; they give no right to anything more."""
    assert await analysts(settings) == "campus_analyst has the limits of docs/analytics.md"
    with psycopg.connect(settings.postgres_analyst_url, autocommit=True) as connection:
        try:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER ROLE campus_analyst SET default_transaction_read_only = off")
            with pytest.raises(Unhealthy, match="default_transaction_read_only of campus_analyst is off, and should"):
                await analysts(settings)
            with (
                psycopg.connect(settings.postgres_analyst_url) as another,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                another.execute(f"CREATE TABLE {settings.analytics_schema}.mine (a integer)".encode())
            connection.execute("ALTER ROLE campus_analyst RESET default_transaction_read_only")
            with pytest.raises(Unhealthy, match="is not set, and should be on") as refused:
                await analysts(settings)
        finally:
            connection.execute("ALTER ROLE campus_analyst SET default_transaction_read_only = 'on'")
    assert refused.value.hint.startswith("say ALTER ROLE campus_analyst SET default_transaction_read_only = 'on'")
    assert await analysts(settings)


async def test_limits_that_hold_in_the_database_only_are_named(settings: Settings) -> None:
    """They go before those of the role, which look as they should."""
    with psycopg.connect(settings.postgres_analyst_url, autocommit=True) as connection:
        role = f"ALTER ROLE campus_analyst IN DATABASE {connection.info.dbname}"
        connection.execute("SET default_transaction_read_only = off")
        try:
            connection.execute(f"{role} SET statement_timeout = 0".encode())
            with psycopg.connect(settings.postgres_analyst_url) as another:
                assert another.execute("SHOW statement_timeout").fetchone() == ("0",)
            found = {finding["name"]: finding for finding in await examine(settings)}["analysts"]
        finally:
            connection.execute(f"{role} RESET statement_timeout".encode())
    assert not found["ok"]
    assert found["detail"].startswith("statement_timeout of campus_analyst is 0 in the database ")
    assert found["detail"].endswith(", and should be 5min")
    assert found["hint"].startswith(f"say {role} RESET statement_timeout")
    assert {finding["name"]: finding["ok"] for finding in await examine(settings)}["analysts"]


async def test_there_is_one_verdict_about_what_is_parked(settings: Settings) -> None:
    """Where keys wait the answer is no, once, with how many and where."""
    async with small_campus(settings, 20) as log:
        assert (await details(settings))["parked"] == (True, "nothing is parked")
        await log.record_nonsense("ann")
        await log.record_nonsense("bob")
        await caught_up(settings, log.head, PROJECTIONS)
        found = await details(settings)
        ok, said = found["parked"]
        assert (ok, "2 keys parked in overview" in said) == (False, True)
        assert [name for name, (_, said) in found.items() if "parked" in said or "keys wait" in said] == ["parked"]


async def test_facts_that_are_still_to_be_folded_are_counted(settings: Settings) -> None:
    """After an import none may be late, and yet all far behind."""
    async with small_campus(settings, 20):

        async def reported() -> bool:
            await execute(settings, "UPDATE segments SET position = 5 WHERE projection = 'gradebook'")
            try:
                return "none more than 60 s behind, but up to 15 facts" in await doctor._followers(settings)
            except Unhealthy:  # the follower has noticed, and begins again
                return False

        await until(reported)


async def test_what_is_just_started_again_is_waited_for(settings: Settings) -> None:
    """A check that fails for a moment holds."""
    answers = iter([False, True])

    async def check(_: Settings) -> str:
        if not next(answers):
            raise Unhealthy("not yet", "wait")
        return "well"

    assert await doctor._patient(check)(settings) == "well"


async def details(settings: Settings) -> dict[str, tuple[bool, str]]:
    """Verdict and finding of every part."""
    return {each["name"]: (each["ok"], each["detail"]) for each in await examine(settings)}


FIGURES = """# HELP process_open_fds Number of open file descriptors.
process_open_fds {files}
process_max_fds 20000.0
process_resident_memory_bytes 1.25e+08
campus_event_streams {streams}
campus_event_streams_most {most}
campus_http_request_seconds_count{{route="/healthz"}} 7.0
"""


@pytest.mark.parametrize(
    ("files", "streams", "most", "problem"),
    [
        (120, 100, 10_000, ""),
        (9_700, 9_600, 10_000, "hardly a place left"),
        (120, 100, 4_000, "too few files for CAMPUS_API_STREAMS=10000"),
    ],
)
def test_doctor_looks_at_streams_files_and_memory(files: int, streams: int, most: int, problem: str) -> None:
    """It says what one process of the API holds, and what to do before a client is refused."""
    offline = Settings(name="x", postgres_url="", nats_url="", valkey_url="", token_secret="0" * 16)
    has = parsed(FIGURES.format(files=files, streams=streams, most=most))
    said = f"{streams:,} of at most {most:,} streams, {files:,} of 20,000 files open, 125 MB resident in one process"
    if not problem:
        assert judged(has, offline) == said
        return
    with pytest.raises(Unhealthy) as found:
        judged(has, offline)
    assert str(found.value) == f"{said}: {problem}"


def test_a_long_finding_takes_several_lines() -> None:
    """Off a terminal, where nothing else ends a line; no word of it is lost."""
    finding = {"name": "reactions", "ok": False, "detail": " ".join(map(str, range(300))), "hint": "retry " * 40}
    console = Console(width=100_000, file=io.StringIO())
    console.print(doctor.render([finding]))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) < 200
    assert {*map(str, range(300))} <= {word for text in lines for word in text.split()}
