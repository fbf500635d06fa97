"""The accounts of the sample people, where these may sign in."""

from adapters.auth.access import AccountAccess
from adapters.auth.sample_accounts import SampleAccounts
from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings

SOURCE = "seed"


async def make_sample_people(settings: Settings) -> None:
    """Make what is not there of the five accounts, if this is a development campus that keeps accounts."""
    if not (settings.dev_login and settings.master_keys):
        return
    log = await PostgresLog.open(settings)
    try:
        await SampleAccounts(AccountAccess(log, Bus(log), settings)).make_all(SOURCE)
    finally:
        await log.close()
