"""`campus roster import`: a dry run, the import by a dispatcher, and the same file again."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.settings import Settings
from commands.catalog import OpenRun, ScheduleRun
from commands.log import Context
from tests.cli.test_account import environment
from tests.support.appends import opened, query
from tests.support.campus_up import campus
from tests.support.polling import until
from tests.support.usecases import AT, COURSE, END, LASTING, LONG, START
from workers.dispatching import bulk_jobs

pytestmark = pytest.mark.processes


async def test_a_roster_is_imported(settings: Settings, tmp_path: Path) -> None:
    """A line that is refused is named with exit code 1, and keeps no other back; a file that is none is refused."""
    env, file = environment(settings), tmp_path / "class.csv"
    file.write_text("Learner\tE-Mail\n1\t\n\tada@example.org\n\tbob@example\n", "utf-16")

    async def bring(*arguments: str) -> tuple[int, dict[str, Any]]:
        command = ("roster", "import", str(file), "--run", LONG, *arguments, "--json")
        done = await asyncio.to_thread(campus, *command, env=env)
        return done.returncode, json.loads(done.stdout)

    stop = asyncio.Event()
    async with opened(settings) as log:
        for command in (*COURSE, *LASTING):
            await Bus(log).handle(command, Context("admin", AT))
        code, dry = await bring("--dry-run")
        assert (code, dry["dry_run"], dry["enter"], dry["invite"], dry["job_id"]) == (1, True, 1, 1, None)
        assert [each["line"] for each in dry["refused"]] == [4]
        assert await query(settings, "SELECT count(*) FROM events WHERE type LIKE 'enrollment.%%'") == [(0,)]
        task = asyncio.create_task(bulk_jobs.keep_carrying_out(log, stop))
        assert (await bring())[1]["done"] == 2
        code, again = await bring()
        assert (code, again["enter"], again["invite"], again["unchanged"], again["done"]) == (1, 2, 0, 2, 0)
        stop.set()
        await task
    file.write_bytes(b"PK\x03\x04 no package")
    refused = await asyncio.to_thread(campus, "roster", "import", str(file), "--run", LONG, env=env)
    assert refused.returncode == 1
    assert "the package is no whole zip file" in refused.stderr


@pytest.mark.slow
async def test_a_roster_is_brought_in_whatever_is_killed(settings: Settings, tmp_path: Path) -> None:
    """
    The command while it invites, and the dispatcher while it enrolls: sent again, each line is done, and none twice.
    """
    known, invited, run = 300, 100, "algebra-big"
    env, file = {**os.environ, **environment(settings)}, tmp_path / "class.csv"
    lines = [*(f"p{number}," for number in range(known)), *(f",q{number}@example.org" for number in range(invited))]
    file.write_text("\n".join(("learner_id,email", *lines, "")))
    async with opened(settings) as log:
        for command in (*COURSE, ScheduleRun(run, "algebra", 1, START, END.replace(year=2126)), OpenRun(run)):
            await Bus(log).handle(command, Context("admin", AT))

    async def start(*arguments: str) -> asyncio.subprocess.Process:
        command = (sys.executable, "-m", "cli.main", *arguments)
        return await asyncio.create_subprocess_exec(*command, env=env, stdout=asyncio.subprocess.PIPE)

    async def kill_after(process: asyncio.subprocess.Process, kind: str, number: int) -> None:
        async def are_there() -> bool:
            ((count,),) = await query(settings, f"SELECT count(*) FROM events WHERE type = '{kind}'")
            return bool(count >= number)

        await until(are_there)
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL, "it was killed in the middle"

    bring = ("roster", "import", str(file), "--run", run, "--json")
    await kill_after(await start(*bring), "user.invited", 20)
    importing = await start(*bring)
    await kill_after(await start("worker", "dispatcher"), "enrollment.activated", 60)
    second = await start("worker", "dispatcher")
    try:
        out, _ = await importing.communicate()
        again, _ = await (await start(*bring)).communicate()
    finally:
        second.send_signal(signal.SIGTERM)
        await second.wait()
    found, rest = json.loads(out), json.loads(again)
    assert (found["done"], found["unchanged"], found["refused"]) == (known + invited, 0, [])
    assert (rest["enter"], rest["unchanged"], rest["invite"], rest["done"]) == (known + invited, known + invited, 0, 0)
    facts = await query(settings, "SELECT type, stream_id FROM events WHERE type ~ '^(enrollment|user.invited)'")
    assert Counter(kind for kind, _ in facts) == {
        "enrollment.requested": known + invited,
        "enrollment.activated": known + invited,
        "user.invited": invited,
    }
    assert len(set(facts)) == len(facts), "each of them once for each person"
