"""`campus grades import`: a dry run, and a file that is none."""

import asyncio
import json
from pathlib import Path

import pytest

from adapters.command_bus.bus import Bus
from adapters.settings import Settings
from commands.enrollment import RequestEnrollment
from commands.log import Context
from commands.quiz import PublishQuiz
from tests.cli.test_account import environment
from tests.support.appends import opened
from tests.support.campus_up import campus
from tests.support.usecases import AT, COURSE, LASTING, LONG
from workers.dispatching import bulk_jobs

pytestmark = pytest.mark.processes


async def test_grades_are_imported(settings: Settings, tmp_path: Path) -> None:
    """By the job that a dispatcher carries out; what is refused is named with exit code 1."""
    env, file = environment(settings), tmp_path / "grades.csv"
    file.write_text("learner_id;quiz_id;score_bp\nann;exam;7500\nben;exam;1\n")
    stop = asyncio.Event()
    async with opened(settings) as log:
        exam = PublishQuiz("exam", LONG, "q2", "Exam", kind="exam")
        for command in (*COURSE, *LASTING, exam, RequestEnrollment("ann", LONG)):
            await Bus(log).handle(command, Context("admin", AT))
        task = asyncio.create_task(bulk_jobs.keep_carrying_out(log, stop))
        done = await asyncio.to_thread(campus, "grades", "import", str(file), "--run", LONG, "--json", env=env)
        stop.set()
        await task
    found = json.loads(done.stdout)
    assert (done.returncode, found["changed"], found["done"]) == (1, 1, 1)
    assert found["refused"] == [{"line": 3, "field": "learner_id", "problem": "is no learner of this run"}]
    file.write_text("learner_id\nann\n")
    refused = await asyncio.to_thread(campus, "grades", "import", str(file), "--run", LONG, env=env)
    assert (refused.returncode, "no column is an assessment" in refused.stderr) == (1, True)
