"""An import is a fact, and each fact that it brings names its row of the file."""

import asyncio
import csv
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.oulad.archive import Malformed
from adapters.oulad.tables import COLUMNS, UnknownPresentation
from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append, Appended, Appender
from adapters.postgres.log.imports import imports_before
from adapters.postgres.log.pages import read_facts
from adapters.postgres.log.postgres_log import END
from adapters.postgres.ops.refused_commands import refused_imports
from adapters.postgres.trace.imported import ImportRecord, record_of
from adapters.settings import Settings
from cli.up.plan import variables
from commands.log import Context
from domain.fact import Fact
from tests.support.campus_up import campus
from tests.support.oulad import SMALL, crowd, texts, write
from workers.importing import register
from workers.importing.oulad import import_oulad, writer

ADA = Context("ada@campus-1", source="cli", correlation_id="r1")


async def imports(settings: Settings) -> list[ImportRecord]:
    """All imports that the log has, the oldest first."""
    async with await connect(settings, application="test") as connection:
        return [record_of(facts) for facts in await imports_before(connection, END, 100)][::-1]


async def brought(settings: Settings) -> list[Fact]:
    """The imported facts."""
    async with await connect(settings, application="test") as connection:
        return [fact for fact in await read_facts(connection, 0, END) if fact.meta.source == "import:oulad"]


def lines_of(file: Path) -> dict[str, list[list[str]]]:
    """The lines of each table in a file, as a reader of CSV sees them; line 1 is the first."""
    with zipfile.ZipFile(file) as archive:
        read = {name: archive.read(name).decode() for name in COLUMNS}
    return {name: list(csv.reader(io.StringIO(text, newline=""))) for name, text in read.items()}


async def test_an_import_says_what_was_imported_and_by_whom(settings: Settings, tmp_path: Path) -> None:
    """The file by its name and its digest, its rows by what has become of them, the person, and when."""
    file = write(tmp_path / "small.zip", SMALL)
    report = await import_oulad(settings, file, ["AAA-2013J"], context=ADA)
    (record,) = await imports(settings)
    assert (record.source, record.number, record.status, record.by, record.request_id) == (
        "oulad", 1, "finished", "ada@campus-1", "r1",
    )  # fmt: skip
    assert (record.file, record.sha256) == ("small.zip", hashlib.sha256(file.read_bytes()).hexdigest())
    assert (record.size, record.parts, record.before) == (file.stat().st_size, ["AAA-2013J"], [])
    assert (record.appended, record.found, record.irregular_by_rule) == (report.appended.total(), 0, report.irregular)
    assert record.ended_at is not None
    assert record.begun_at <= record.ended_at
    (activity,) = [rows for rows in record.rows or () if rows.name == "studentVle.csv"]
    assert msgspec.structs.astuple(activity) == ("studentVle.csv", 5, 1, 0, 4, 0)
    assert report.number == 1


async def test_a_file_that_is_refused_is_known_for_a_while(settings: Settings, tmp_path: Path) -> None:
    """Which one, by whom and why, beside the log, which has nothing of it; no file and no database leave no trace."""
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no zip")
    small = write(tmp_path / "small.zip", SMALL)
    for file, wanted in ((broken, []), (small, ["ZZZ-2013J"]), (tmp_path / "missing.zip", [])):
        with pytest.raises((Malformed, UnknownPresentation)):
            await import_oulad(settings, file, wanted, context=ADA)
    with pytest.raises(Malformed):
        await import_oulad(settings.model_copy(update={"postgres_url": "postgresql://127.0.0.1:1/none"}), broken)
    assert await imports(settings) == []
    async with await connect(settings, application="test") as connection:
        unknown, malformed = await refused_imports(connection, 10)
    digest = hashlib.sha256(b"no zip").hexdigest()
    assert malformed.sentence.startswith(f"broken.zip (SHA-256 {digest}) was not imported: ")
    assert (malformed.actor, malformed.correlation_id, malformed.code) == (ADA.actor, "r1", "Malformed")
    assert (unknown.code, "has no presentation ZZZ-2013J" in unknown.sentence) == ("UnknownPresentation", True)
    shown = await asyncio.to_thread(campus, "import", "list", "--refused", env=variables(settings))
    assert f"by ada@campus-1: broken.zip (SHA-256 {digest})" in " ".join(shown.stdout.split()), shown.stderr


async def test_a_second_import_says_that_all_was_there(settings: Settings, tmp_path: Path) -> None:
    """It is a fact that it was tried, though it has brought nothing."""
    file = write(tmp_path / "small.zip", SMALL)
    await import_oulad(settings, file, ["AAA-2013J"])
    await import_oulad(settings, file, ["AAA-2013J"])
    _, second = await imports(settings)
    assert (second.number, second.status, second.appended, second.found) == (2, "finished", 0, 0)
    assert second.before == second.parts == ["AAA-2013J"]
    assert second.continues is None
    (activity,) = [rows for rows in second.rows or () if rows.name == "studentVle.csv"]
    assert (activity.before, activity.imported) == (4, 0)


def stops_after(monkeypatch: pytest.MonkeyPatch, appends: int, error: BaseException) -> None:
    """The append after so many raises an error, once."""
    done = 0

    async def append(self: Appender, unit: Append) -> Appended:
        nonlocal done
        done += 1
        if done == appends:
            raise error
        return await self._batcher.submit(unit)

    monkeypatch.setattr(Appender, "append", append)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("the disk is full"), "RuntimeError: the disk is full"),
        (asyncio.CancelledError(), register.STOPPED),
    ],
)
async def test_an_interrupted_import_says_so_and_the_next_one_continues_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, reason: str
) -> None:
    """Both are facts, and each fact names the import that has appended it; another import between changes nothing."""
    file = write(tmp_path / "small.zip", SMALL)
    monkeypatch.setattr(writer, "BATCH", 3)
    with monkeypatch.context() as patch:
        stops_after(patch, 14, error)
        with pytest.raises(type(error)):
            await import_oulad(settings, file, ["AAA-2013J"], context=ADA)
    stored = len(await brought(settings))
    await import_oulad(settings, file, ["BBB-2013B"])
    between = len(await brought(settings))
    await import_oulad(settings, file)
    first, other, last = await imports(settings)
    assert (first.status, first.reason, first.rows) == ("interrupted", reason, None)
    assert (other.continues, last.continues, last.status) == (None, 1, "finished")
    assert last.before == ["BBB-2013B"]
    numbers = [(fact.meta.row or "").partition(":")[0] for fact in await brought(settings)]
    assert numbers == ["1"] * stored + ["2"] * (between - stored) + ["3"] * (last.appended or 0)
    assert 0 < stored < len(numbers) - (between - stored)


async def test_an_import_that_was_killed_is_found_by_the_next_one(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not say anything itself."""
    file = write(tmp_path / "small.zip", SMALL)

    async def killed(*_: object) -> None:
        pass

    with monkeypatch.context() as patch:
        patch.setattr(register.Register, "interrupt", killed)
        stops_after(patch, 10, RuntimeError("killed"))
        with pytest.raises(RuntimeError):
            await import_oulad(settings, file)
    (open_one,) = await imports(settings)
    assert (open_one.status, open_one.ended_at) == ("begun", None)
    await import_oulad(settings, file)
    first, second = await imports(settings)
    assert (first.status, first.reason) == ("interrupted", "found without an end by import 2")
    assert (second.continues, second.status) == (1, "finished")


KEYS: dict[str, Any] = {
    "courses.csv": lambda fact: [fact.stream_id.rpartition("-")[2]],
    "assessments.csv": lambda fact: [fact.id("quiz_id")],
    "studentInfo.csv": lambda fact: [fact.id("learner_id")],
    "studentRegistration.csv": lambda fact: [fact.id("learner_id")],
    "studentAssessment.csv": lambda fact: [fact.id("learner_id"), fact.data["unit_id"]],
    "studentVle.csv": lambda fact: [fact.id("learner_id"), fact.data["unit_id"], str(fact.data["amount"])],
}


@pytest.mark.parametrize("blank_lines", [False, True])
async def test_each_fact_names_its_row(settings: Settings, tmp_path: Path, *, blank_lines: bool) -> None:
    """The line that is named has the ids of the fact, also where a spreadsheet has left blank lines."""
    files = texts(crowd(learners=12, rows=300))
    if blank_lines:
        files = {name: "\r\n" + text.replace("\r\n", "\r\n\r\n", 9) for name, text in files.items()}
    file = write(tmp_path / "crowd.zip", files)
    await import_oulad(settings, file)
    lines, names = lines_of(file), list(COLUMNS)
    facts, named = await brought(settings), list[tuple[str, int]]()
    for fact in facts:
        number, table, line = map(int, (fact.meta.row or "").split(":"))
        name = names[table - 1]
        row = lines[name][line - 1]
        assert number == 1
        assert set(KEYS[name](fact)) <= set(row), (fact, row)
        if fact.type == "progress.activity_recorded":
            named.append((name, line))
    assert len(set(named)) == len(named) == 600  # no row twice, equal ones included
