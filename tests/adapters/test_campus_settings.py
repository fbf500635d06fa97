"""Settings hold as far as they can be read."""

import msgspec

from adapters.campus_settings import KnownSettings
from adapters.postgres.log.append import Append
from adapters.settings import Settings
from domain.admin.settings import CAMPUS_NAME, REGISTRATION, settings_stream
from tests.support.appends import new_event, opened


async def test_settings_stay_as_before_a_fact_that_cannot_be_read(settings: Settings) -> None:
    """No request fails because of it."""
    stream = settings_stream()

    def changed(name: str, new: str) -> bytes:
        return msgspec.json.encode({"name": name, "old": "", "new": new, "reason": "test"})

    async with opened(settings) as log:
        facts = [
            new_event(stream, 1, type="setting.changed", data=changed(CAMPUS_NAME, "Ours")),
            new_event(stream, 2, type="setting.changed", data=b"{}"),
            new_event(stream, 3, type="setting.changed", data=changed(CAMPUS_NAME, "Theirs")),
        ]
        await log.append(Append(facts))
        known = KnownSettings(log)
        assert await known.value(CAMPUS_NAME) == "Ours"
        assert await known.value(REGISTRATION)
