"""`campus log tail` shows what was asked for; `campus log verify` finds whatever is wrong with a log."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.command_bus.bus import Bus
from adapters.parquet.export import export
from adapters.parquet.manifest import Manifest
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from cli.up.plan import variables
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from domain.catalog import Unit
from domain.personal import is_sealed
from tests.support.campus_up import CAMPUS, campus, environment
from tests.support.exports import change
from workers.consistency.log_check import check, head_of

START, END = datetime(2026, 1, 5, tzinfo=UTC), datetime(2126, 3, 30, tzinfo=UTC)
COMMANDS = (
    CreateCourse("logic", "Logic"),
    PublishCourse("logic", [Unit("u1", "reading", "And, or, not")]),
    ScheduleRun("logic-1", "logic", 1, START, END),
    OpenRun("logic-1"),
    RequestEnrollment("ada", "logic-1"),
    RequestEnrollment("alan_t", "logic-1"),
    WithdrawEnrollment("ada", "logic-1"),
)  # 9 facts


async def do(settings: Settings, *commands: Any) -> None:
    """Carry out *commands*, one after the other."""
    log = await PostgresLog.open(settings)
    for command in commands:
        await Bus(log).handle(command, Context("admin"))
    await log.close()


@pytest.fixture
async def filled(settings: Settings) -> Settings:
    """A campus with nine facts."""
    await do(settings, *COMMANDS)
    return settings


def tail(settings: Settings, *arguments: str) -> list[dict[str, Any]]:
    """What `campus log tail --json` prints."""
    shown = campus("log", "tail", "--json", *arguments, env=variables(settings))
    assert shown.returncode == 0, shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines()]


def verify(settings: Settings, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and answer of `campus log verify`."""
    shown = campus("log", "verify", "--json", *options, env=variables(settings))
    return shown.returncode, json.loads(shown.stdout)


async def test_a_log_that_was_put_back_in_place_is_forgotten(filled: Settings) -> None:
    """After `campus log rewound`, a process decides on the facts that are there, not on those that it remembers."""
    log = await PostgresLog.open(filled)
    bus, asks = Bus(log), RequestEnrollment("bob", "logic-1")
    lost = await bus.handle(asks, Context("admin"))
    with psycopg.connect(filled.postgres_owner_url) as owner:
        owner.execute(f"SET search_path TO {filled.schema_name}".encode())
        owner.execute("ALTER TABLE events DISABLE TRIGGER events_append_only")
        owner.execute("DELETE FROM events WHERE position > 9")
        owner.execute("UPDATE log_head SET position = 9")
        owner.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER events_append_only")
    assert "say why" in campus("log", "rewound", "--reason", " ", env=variables(filled)).stderr
    shown = campus("log", "rewound", "--reason", "a dump was put back", "--json", env=variables(filled))
    assert json.loads(shown.stdout)["connections_ended"] >= 2, shown.stderr
    assert (await bus.handle(asks, Context("admin")), await log.head()) == (lost, lost)
    await log.close()


async def test_tail_prints_the_newest_facts(filled: Settings) -> None:
    """The oldest of them first, one JSON object a line, or one line for people."""
    assert [fact["position"] for fact in tail(filled)] == list(range(1, 10))
    newest = tail(filled, "-n", "1")[0]
    assert (newest["type"], newest["stream_id"]) == ("enrollment.withdrawn", "enrollment-ada:logic-1")
    assert newest["data"] == {"reason": "unspecified"}
    line = campus("log", "tail", "-n", "1", env=variables(filled)).stdout
    assert line.split()[0] == "9"
    assert "enrollment.withdrawn" in line
    assert "reason=unspecified" in line


@pytest.mark.parametrize(
    ("arguments", "positions"),
    [
        (["--type", "enrollment.withdrawn"], [9]),
        (["--type", "run.*", "--type", "course.created"], [1, 3, 4]),
        (["--stream", "enrollment-ada:logic-1"], [5, 6, 9]),
        (["--stream", "enrollment-alan_*"], [7, 8]),
        (["--stream", "enrollment-alanxt*"], []),
        (["--learner", "ada"], [5, 6, 9]),
        (["--learner", "ad"], []),
        (["--learner", "ada", "--type", "enrollment.r*"], [5]),
        (["--since", "6", "-n", "2"], [7, 8]),
        (["--since", "9"], []),
    ],
)
async def test_tail_of_some(filled: Settings, arguments: list[str], positions: list[int]) -> None:
    """By type, stream, learner and position, and all of them together."""
    assert [fact["position"] for fact in tail(filled, *arguments)] == positions


async def test_tail_of_a_learner_has_what_names_the_learner(filled: Settings) -> None:
    """A seat on a run is a fact of the run; those that others have are not among them."""
    few = ScheduleRun("logic-2", "logic", 1, START, END, capacity=2)
    await do(filled, few, OpenRun("logic-2"), *(RequestEnrollment(each, "logic-2") for each in ("ada", "alan_t")))
    taken = tail(filled, "--learner", "ada", "--type", "seats.*")
    assert [(fact["type"], fact["data"]["learner_id"]) for fact in taken] == [("seats.taken", "ada")]


@pytest.mark.parametrize("of_ada", [("--learner", "ada"), ("--stream", "enrollment-ada:logic-1")])
async def test_a_look_at_a_learner_is_recorded(filled: Settings, of_ada: tuple[str, str]) -> None:
    """With the reason, once for the same question; a look at all streams of a kind, or at an unknown id, is none."""
    for _ in range(2):
        assert tail(filled, *of_ada, "--reason", "ticket 4711")
    tail(filled, "--stream", "enrollment-*")
    tail(filled, "--learner", "unknown")
    (look,) = tail(filled, "--type", "record.*")
    assert look["stream_id"].startswith("record-ada:")
    assert look["data"]["what"] == f"campus log tail {' '.join(of_ada)}"
    assert is_sealed(look["data"]["reason"]), "the command line shows what the log has"
    assert look["data"]["by"] == look["meta"]["actor"]


async def test_a_type_that_does_not_exist(filled: Settings) -> None:
    """Is a mistake, and not an empty answer."""
    refused = campus("log", "tail", "--type", "enrollmnt.*", env=variables(filled))
    assert refused.returncode == 1
    assert refused.stderr.startswith("campus: no fact is called enrollmnt.*; there are admission.invitation_accepted,")


async def test_tail_follows(filled: Settings) -> None:
    """What comes later is printed when it comes."""
    command = [*CAMPUS, "log", "tail", "--follow", "--json", "-n", "1", "--learner", "ada"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(variables(filled))) as process:  # noqa: ASYNC220
        assert process.stdout
        assert json.loads(process.stdout.readline())["position"] == 9
        assert json.loads(process.stdout.readline())["type"] == "record.viewed"  # that they are looked at
        await do(filled, RequestEnrollment("grace", "logic-1"), CreateCourse("sets", "Sets"))
        log = await PostgresLog.open(filled)
        await Bus(log).handle(ReactivateEnrollment("ada", "logic-1"), Context("admin"))
        await log.close()
        assert json.loads(process.stdout.readline())["position"] == 14
        process.terminate()


async def test_a_whole_log(filled: Settings) -> None:
    """What the log is, and that nothing is wrong with it."""
    code, report = verify(filled)
    assert code == 0
    causes = {"without_cause": 9, "first_without_cause": 1}  # `do` names none
    expected = {"ok": True, "events": 9, "foreign": 0, "streams": 4, "head": 9, "problem_count": 0, "problems": []}
    expected |= causes
    (not_checked,) = report.pop("not_checked")
    assert report == expected
    assert "whether stored facts were changed" in not_checked
    assert "the log is whole: 9 facts in 4 streams" in campus("log", "verify", env=variables(filled)).stdout


async def test_an_empty_log_is_whole(settings: Settings) -> None:
    """Nothing is in order."""
    code, report = verify(settings)
    assert (code, report["ok"], report["events"], report["problems"]) == (0, True, 0, [])


DAMAGE: dict[str, tuple[str, Callable[[dict[str, Any]], bool]]] = {
    "gap": ("DELETE FROM events WHERE position IN (2, 3)", lambda p: p["problem"] == "positions 2 to 3 are missing"),
    "end": ("DELETE FROM events WHERE position = 9", lambda p: p["problem"] == "position 9 is missing"),
    "beyond": (
        "UPDATE log_head SET position = 8",
        lambda p: p["problem"] == "1 facts stand after the head of the log",
    ),
    "version": (
        "UPDATE events SET stream_version = 4 WHERE position = 9",
        lambda p: p["problem"] == "versions are not 1 to 3 without a gap",
    ),
    "first": (
        "UPDATE events SET stream_version = stream_version + 5 WHERE stream_id = 'enrollment-alan_t:logic-1'",
        lambda p: p["problem"] == "versions are not 1 to 2 without a gap",
    ),
    "type": ("UPDATE events SET type = 'course.made' WHERE position = 1", lambda p: "course.made" in p["problem"]),
    "newer": ("UPDATE events SET schema_version = 9 WHERE position = 1", lambda p: "not 9" in p["problem"]),
    "data": (
        "UPDATE events SET data = '{\"title\": 1}' WHERE position = 1",
        lambda p: p["problem"].startswith("course.created cannot be decoded: "),
    ),
    "meta": ("UPDATE events SET meta = '{}' WHERE position = 4", lambda p: p["problem"].startswith("the meta of run.")),
    "partition": (
        "UPDATE events SET partition = (partition + 1) % 64 WHERE position = 5",
        lambda p: p["problem"].startswith("partition is "),
    ),
}


@pytest.mark.parametrize(("statement", "is_found"), DAMAGE.values(), ids=DAMAGE)
async def test_damage_is_found(filled: Settings, statement: str, is_found: Callable[[dict[str, Any]], bool]) -> None:
    """The check names any damage that the owner's role can do to the log."""
    change(filled, statement)
    report = (await check(filled, await head_of(filled))).as_json()
    assert (report["ok"], report["problem_count"] > 0) == (False, True)
    assert any(map(is_found, report["problems"])), report["problems"]


async def test_a_damaged_log_ends_with_an_error(filled: Settings) -> None:
    """The exit is not zero, and people see a table."""
    change(filled, DAMAGE["type"][0])
    code, report = verify(filled)
    assert (code, report["ok"], report["problem_count"]) == (1, False, 1)
    assert "the log is NOT whole" in campus("log", "verify", env=variables(filled)).stdout


async def test_a_changed_fact_is_found_against_an_export(filled: Settings, tmp_path: Path) -> None:
    """By position, with what was exported and what the log has; a missing one too; a digest tells that there is one."""
    out = tmp_path / "out"
    manifest = await export_of(filled, out)
    await do(filled, CreateCourse("sets", "Sets"))
    code, report = verify(filled, "--against", str(out))
    assert (code, report["compared"]["count"]) == (0, 0)
    assert report["not_checked"] == ["not checked: whether facts after position 9 were changed"]
    digest = f"9:{manifest.content}"
    assert verify(filled, "--against", digest)[0] == 0
    change(
        filled,
        "UPDATE events SET data = replace(convert_from(data, 'UTF8'), 'Logic', 'Magic')::bytea WHERE position = 1",
        "UPDATE events SET occurred_at = occurred_at + interval '1 day' WHERE position = 3",
        "DELETE FROM events WHERE position = 7",
    )
    code, report = verify(filled, "--against", str(out))
    found = {each["position"]: each["changes"] for each in report["compared"]["differences"]}
    assert (code, report["ok"], report["compared"]["count"]) == (1, False, 3)
    assert found[1] == {"data.title": ["Logic", "Magic"]}
    assert (list(found[3]), found[7]) == (["occurred_at"], {})
    shown = campus("log", "verify", "--against", str(out), env=variables(filled)).stdout
    assert "the log is NOT what was exported: 3 facts were changed" in shown
    assert "data.title" in shown
    code, report = verify(filled, "--against", digest)
    assert (code, report["compared"]["count"], report["compared"]["differences"]) == (1, 1, [])


async def test_what_cannot_be_compared_is_refused(filled: Settings, tmp_path: Path) -> None:
    """A directory without an export, and an export that was changed itself, prove nothing."""
    nothing = campus("log", "verify", "--against", str(tmp_path / "none"), env=variables(filled))
    assert nothing.returncode == 1
    assert "none" in nothing.stderr
    manifest = await export_of(filled, tmp_path / "out")
    file = tmp_path / "out" / manifest.files[0].path
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    changed = campus("log", "verify", "--against", str(tmp_path / "out"), env=variables(filled))
    assert changed.returncode == 1
    assert manifest.files[0].path in changed.stderr
    code, report = verify(filled, "--against", f"10:{manifest.content}")
    assert (code, report["compared"]["problem"]) == (1, "the log ends at position 9, before 10")


async def export_of(settings: Settings, directory: Path) -> Manifest:
    """The manifest of an export of everything into *directory*."""
    await export(settings, directory)
    return Manifest.load(directory)
