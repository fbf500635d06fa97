"""`campus log export`: what it prints, how it ends, and that what docs/howto/export.md shows is so."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from adapters.parquet.manifest import NAME, Manifest
from adapters.settings import Settings
from cli.up.plan import variables
from tests.support.campus_up import campus, environment
from tests.support.exports import exported, fill, log_of
from tests.support.oulad import SMALL, write
from tests.support.xapi_rules import check_statement
from workers.importing.oulad import import_oulad

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
async def small(settings: Settings, tmp_path: Path) -> Settings:
    """A campus with a small dataset of real learners' kind."""
    await import_oulad(settings, write(tmp_path / "small.zip", SMALL), [])
    return settings


def export(settings: Settings, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `campus log export`."""
    return campus("log", "export", str(directory), *options, env=variables(settings))


async def test_export_and_again(small: Settings, tmp_path: Path) -> None:
    """The first run adds everything, the second nothing, the third what has come."""
    out, count = tmp_path / "out", len(await log_of(small))
    first = json.loads(export(small, out, "--json").stdout)
    assert (first["campus"], first["position"], first["facts"], first["new_facts"]) == (small.name, count, count, count)
    assert first["files"] == len(Manifest.load(out).files)
    assert "nothing to add" in export(small, out).stdout
    await fill(small, 20)
    outcome = export(small, out)
    assert outcome.stdout.startswith("20 facts added in ")
    assert f"goes up to position {count + 20:,}: {count + 20:,} facts in " in outcome.stdout
    assert f"content {Manifest.load(out).content}" in outcome.stdout
    assert exported(out) == await log_of(small)


async def test_statements(small: Settings, tmp_path: Path) -> None:
    """Every fact of a learner is one, by the rules of xAPI; what follows a position goes on, and twice is the same."""
    out, log = tmp_path / "statements.jsonl", await log_of(small)
    said = json.loads(export(small, out, "--format", "xapi", "--json").stdout)
    whole = out.read_bytes()
    found = [json.loads(line) for line in whole.splitlines()]
    for each in found:
        check_statement(each)
    assert (said["position"], said["statements"], said["unreadable"]) == (len(log), len(found), 0)
    assert len({each["id"] for each in found}) == len(found) > 0
    half = len(log) // 2
    rest = tmp_path / "rest.jsonl"
    assert f"--after {len(log)}" in export(small, rest, "--format", "xapi", "--after", str(half)).stdout
    assert whole.endswith(rest.read_bytes())
    assert rest.stat().st_size > 0
    refused = export(small, out, "--format", "xapi", "--after", str(len(log) + 1))
    assert (refused.returncode, out.read_bytes()) == (1, whole)
    assert f"the log ends at position {len(log):,}" in refused.stderr


async def test_verify(small: Settings, tmp_path: Path) -> None:
    """Needs no campus, and names the first file that is wrong."""
    out = tmp_path / "out"
    export(small, out)
    content = Manifest.load(out).content
    whole = campus("log", "export", str(out), "--verify", "--json")
    assert (whole.returncode, json.loads(whole.stdout)["content"]) == (0, content)
    assert "the export is whole: " in campus("log", "export", str(out), "--verify").stdout
    wrong = Manifest.load(out).files[2].path
    os.truncate(out / wrong, 100)
    found = campus("log", "export", str(out), "--verify")
    assert found.returncode == 1
    assert f"the export is NOT whole: {wrong}: " in found.stdout
    as_json = campus("log", "export", str(out), "--verify", "--json")
    verdict = json.loads(as_json.stdout)
    assert (as_json.returncode, verdict["ok"], verdict["problems"][0]["file"]) == (1, False, wrong)


async def test_refused_with_one_sentence(small: Settings, tmp_path: Path) -> None:
    """Whatever is wrong with the directory."""
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "a.txt").touch()
    refused = export(small, tmp_path / "used")
    assert refused.returncode == 1
    assert refused.stderr == f"campus: {tmp_path}/used is not empty and has no {NAME}: choose an empty directory\n"
    refused = campus("log", "export", str(tmp_path / "none"), "--verify")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"campus: {tmp_path}/none has no {NAME}: make one with ")
    refused = campus("log", "export", "", "--verify")
    assert refused.returncode == 2
    assert "the name of the directory is empty" in refused.stderr


async def test_two_at_once_and_a_kill(small: Settings, tmp_path: Path) -> None:
    """While one process holds the directory another is refused; once it was killed, the next goes on."""
    holder = "import sys, time; from pathlib import Path; from adapters.parquet.export import _locked\n"
    holder += "with _locked(Path(sys.argv[1])): print('locked', flush=True); time.sleep(3_600)"  # until it is killed
    command = [sys.executable, "-c", holder, str(tmp_path / "out")]
    (tmp_path / "out").mkdir()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:  # noqa: ASYNC220
        assert process.stdout
        assert process.stdout.readline() == b"locked\n"
        refused = export(small, tmp_path / "out")
        assert refused.returncode == 1
        assert refused.stderr == f"campus: another export into {tmp_path}/out is under way: wait for its end\n"
        process.send_signal(signal.SIGKILL)
    assert export(small, tmp_path / "out").returncode == 0
    assert exported(tmp_path / "out") == await log_of(small)


async def test_the_examples(small: Settings, tmp_path: Path) -> None:
    """Both run on an export and answer what is true of it."""
    export(small, tmp_path / "out")
    by_duckdb, by_polars = (_run(f"{name}_export.py", tmp_path / "out") for name in ("duckdb", "polars"))
    assert _cells(by_duckdb) == [
        ["2013-01-28", "1", "5"],
        ["2013-09-23", "2", "9"],
        ["2013-10-07", "1", "5"],
        ["2013-10-10", "1", "[unregistered]"],
        ["2013-10-13", "1", "[unregistered]"],
    ]
    assert _cells(by_polars) == [
        ["2013-01-28", "1", "5"],
        ["2013-09-23", "2", "9"],
        ["2013-10-07", "1", "5"],
        ["13", "AAA-2013J", "11"],
        ["12", "AAA-2013J", "19"],
    ]


@pytest.mark.processes
@pytest.mark.parametrize("name", ["duckdb", "polars"])
def test_the_examples_without_an_export(name: str, tmp_path: Path) -> None:
    """Say how they are used, and what is no export."""
    for arguments, said in {
        (): "the following arguments are required: DIR",
        (str(tmp_path),): f"{tmp_path} has no _manifest.parquet: it is no export made by `campus log export DIR`",
    }.items():
        command = [sys.executable, str(DOCS / "examples" / f"{name}_export.py"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"usage: {name}_export.py [-h] DIR\n{name}_export.py: error: {said}\n"


def _run(name: str, directory: Path) -> str:
    return _python(str(DOCS / "examples" / name), str(directory))


def _python(*arguments: str, directory: Path | None = None) -> str:
    """What a Python program prints, which must not warn of anything."""
    command = [sys.executable, "-W", "error", *arguments]
    env = environment({"PYTHONPATH": str(DOCS.parent)})
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True, env=env).stdout


def _cells(table: str) -> list[list[str]]:
    """The cells of the rows that hold a number."""
    rows = [[cell.strip() for cell in re.split("[│┆]", line)[1:-1]] for line in table.splitlines()]
    return [row for row in rows if row and row[-1] and any(cell[0].isdigit() for cell in row if cell)]


async def test_the_sql_of_the_howto(small: Settings, tmp_path: Path) -> None:
    """Every statement runs in DuckDB as it stands, and each question has an answer."""
    export(small, tmp_path / "out")
    blocks = re.findall(r"```sql\n(.*?)```", (DOCS / "howto/export.md").read_text(), re.DOTALL)
    database = duckdb.connect()
    statements = [statement for block in blocks for statement in block.strip().removesuffix(";").split(";\n")]
    assert len(statements) >= 6
    for statement in statements:
        here = statement.replace("DIR", str(tmp_path / "out")).replace("'11391'", "'11'")  # who is not in this one
        answer = database.sql(here)
        asks = not statement.startswith(("CREATE", "SET"))
        assert bool(answer and answer.pl().height) == asks


async def test_the_python_of_the_howto(small: Settings, tmp_path: Path) -> None:
    """It runs as it stands."""
    export(small, tmp_path / "DIR")
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "howto/export.md").read_text(), re.DOTALL)
    count = len(await log_of(small))
    assert _python("-c", code, directory=tmp_path) == f"{count} {count}\n"
