"""`campus questions`: files in and out at the command line."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.questions.reading import read_questions
from adapters.settings import Settings
from commands.catalog import CreateCourse
from commands.log import Context
from commands.question_bank import CreateQuestionBank
from tests.adapters.questions.test_reading import FILES
from tests.support.appends import opened, query
from tests.support.campus_up import campus
from tests.support.projections_command import variables


async def said(settings: Settings, *arguments: str) -> Any:
    """The JSON of `campus questions … --json`, which succeeds."""
    env = variables(settings)
    done = await asyncio.to_thread(campus, "questions", *arguments, "--json", env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.processes
async def test_a_file_is_imported_once_and_written_again(settings: Settings, tmp_path: Path) -> None:
    """A dry run does nothing; the same file once more adds nothing; what is exported comes back."""
    arguments = ("import", str(FILES / "examples.moodle.xml"), "--bank", "biology")
    trial = await said(settings, *arguments, "--dry-run")
    assert await query(settings, "SELECT count(*) FROM events") == [(0,)]
    report = await said(settings, *arguments)
    assert report == trial
    assert (report["format"], report["questions"], report["imported"], report["unchanged"]) == ("moodle", 11, 9, 0)
    assert [(each["line"], each["title"]) for each in report["refused"]] == [(62, "Sum"), (63, "Picture")]
    assert (await query(settings, "SELECT count(*) FROM events")) == [(10,)]
    again = await said(settings, *arguments)
    assert (again["imported"], again["unchanged"]) == (0, 9)
    assert (await query(settings, "SELECT count(*) FROM events")) == [(10,)]

    out = tmp_path / "out.xml"
    written = await said(settings, "export", str(out), "--bank", "biology", "--format", "moodle")
    assert (written["questions"], written["written"], written["refused"]) == (9, 9, [])
    found = {each.question.question_id for each in read_questions(out.read_bytes()).found}
    assert found == {
        each.question.question_id for each in read_questions((FILES / "examples.moodle.xml").read_bytes()).found
    }
    bank: dict[str, Any] = {"bank_id": "biology", "title": "biology", "course_id": None, "shared_with": []}
    assert await said(settings, "banks") == {"items": [bank]}


@pytest.mark.processes
async def test_a_file_makes_a_bank_of_a_course(settings: Settings) -> None:
    """It stays of that course; another one for the same bank is refused."""
    async with opened(settings) as log:
        for course_id in ("biology", "botany"):
            await Bus(log).handle(CreateCourse(course_id, course_id), Context("test"))
    arguments = ("import", str(FILES / "examples.gift"), "--bank", "plants", "--course")
    assert (await said(settings, *arguments, "biology"))["imported"] > 0
    assert [each["course_id"] for each in (await said(settings, "banks"))["items"]] == ["biology"]
    env = variables(settings)
    done = await asyncio.to_thread(campus, "questions", *arguments, "botany", env=env)
    assert (done.returncode, "belongs to another course" in " ".join(done.stderr.split())) == (1, True)


@pytest.mark.processes
async def test_a_bank_is_given_away_and_shared(settings: Settings) -> None:
    """To a course, to the campus, with another one and no more; what is not there is said."""
    async with opened(settings) as log:
        for command in (CreateCourse("biology", "Biology"), CreateQuestionBank("plants", "Plants")):
            await Bus(log).handle(command, Context("test"))
    for arguments, whose in (
        (("move", "plants", "--course", "biology"), ("biology", [])),
        (("move", "plants"), (None, [])),
        (("share", "plants", "--course", "biology"), (None, ["biology"])),
        (("unshare", "plants", "--course", "biology"), (None, [])),
    ):
        assert (await said(settings, *arguments))["ok"] is True
        (bank,) = (await said(settings, "banks"))["items"]
        assert (bank["course_id"], bank["shared_with"]) == whose
    done = await asyncio.to_thread(campus, "questions", "share", "plants", "--course", "none", env=variables(settings))
    assert (done.returncode, "there is no course none" in done.stderr) == (1, True)


@pytest.mark.processes
async def test_what_cannot_be_done_is_said(settings: Settings, tmp_path: Path) -> None:
    """A file of no format, a bank that there is not, a format that is not written."""
    text, env = tmp_path / "letter.txt", variables(settings)
    text.write_text("Dear all, the quiz is on Friday.")
    for arguments, why in (
        (("import", str(text)), "no question was found"),
        (("import", str(FILES / "examples.gift"), "--course", "none"), "there is no course none"),
        (("export", str(tmp_path / "x"), "--bank", "music", "--format", "gift"), "no question bank music"),
        (("export", str(tmp_path / "x"), "--bank", "music", "--format", "pdf"), "there are gift, moodle, qti3"),
    ):
        done = await asyncio.to_thread(campus, "questions", *arguments, env=env)
        assert done.returncode == 1
        assert why in " ".join(done.stderr.split())
