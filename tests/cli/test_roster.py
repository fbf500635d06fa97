"""`campus roster import`: a dry run, the import by a dispatcher, and the same file again."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.settings import Settings
from commands.log import Context
from tests.cli.test_account import environment
from tests.support.appends import opened, query
from tests.support.campus_up import campus
from tests.support.usecases import AT, COURSE, LASTING, LONG
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
    assert "the package is damaged" in refused.stderr
