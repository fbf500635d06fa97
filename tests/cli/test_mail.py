"""`campus mail bounces`, as a mail server runs it."""

import asyncio
import json
from pathlib import Path

import pytest

from adapters.command_bus.bus import Bus
from adapters.mail.return_address import return_address
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.log import Context
from commands.user import RegisterAccount, VerifyEmail
from tests.support.campus_up import campus
from tests.support.mail_reports import delivery
from tests.support.projections_command import variables

pytestmark = pytest.mark.processes


async def test_reports_are_taken_in_from_files(settings: Settings, tmp_path: Path) -> None:
    """Twice as once; what is no report changes nothing, and a file that is not there is named."""
    log = await PostgresLog.open(settings)
    try:
        bus = Bus(log)
        for command in (RegisterAccount("ann", "ann@example.org"), VerifyEmail("ann")):
            await bus.handle(command, Context("test", log.clock.now()))
        fact = (await log.stream("user-ann"))[-1]
        address = return_address("bounces@campus.test", fact, 1, settings.token_secret)
        report, other = tmp_path / "report.eml", tmp_path / "other.eml"
        report.write_bytes(delivery(to=str(address)))
        other.write_bytes(b"Subject: hello\r\n\r\nI am away.\r\n")
        secrets = {"CAMPUS_TOKEN_SECRET": settings.token_secret, "CAMPUS_MASTER_KEYS": settings.master_keys}
        more = variables(settings) | secrets
        done = await asyncio.to_thread(
            campus, "mail", "bounces", str(report), str(other), str(report), "--json", env=more
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {"suppressed": 2, "passes": 0, "other_address": 0, "no_report": 1}
        assert [each.type for each in await log.stream("mailbox-ann")] == ["mailbox.suppressed"]
        missing = await asyncio.to_thread(campus, "mail", "bounces", str(tmp_path / "none.eml"), env=more)
        assert (missing.returncode, "cannot be read" in missing.stderr) == (1, True)
        away = more | {"CAMPUS_POSTGRES_URL": "postgresql://campus_app@127.0.0.1:1/campus"}
        later = await asyncio.to_thread(campus, "mail", "bounces", str(report), env=away)
        assert (later.returncode, "cannot be reached" in later.stderr) == (75, True)
    finally:
        await log.close()
