"""Can the keys of persons be opened? For `campus doctor`."""

from adapters.health.servers import Check, Unhealthy
from adapters.personal.key_service import local_keys
from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Link
from adapters.settings import Settings

PATIENCE = 2.0  # seconds


async def opened(settings: Settings) -> str:
    """Whether the master keys are those that have wrapped what is kept."""
    service = local_keys(settings)
    link = Link(settings, "doctor", patience=PATIENCE)
    try:
        lost, master = await PersonKeys(link, service).lost()
    finally:
        await link.close()
    if lost:
        raise Unhealthy(
            f"{lost:,} keys of persons were wrapped by master key {master}, which is not here: they open nothing",
            "put that key back, after a comma, into CAMPUS_MASTER_KEYS (docs/privacy.md)",
        )
    return "all can be opened" if service.masters else "no master key: this campus keeps no accounts"


CHECKS: dict[str, Check] = {"personal data": opened}
