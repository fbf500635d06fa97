"""What a reconciliation can go on from, and when one looks at everything."""

import msgspec

from adapters.postgres.connection import connect
from adapters.postgres.ops import reconciliations
from adapters.postgres.ops.reconciliations import EXAMPLE, Kept, Outcome
from adapters.settings import Settings

DAY = 86_400.0  # seconds
AGED = "UPDATE reconciliations SET whole_at = whole_at - interval '25 hours'"
OTHER_CODE = """UPDATE reconciliations SET open = '[{"kind": "unheard_of"}]'"""


def outcome(**changes: object) -> Outcome:
    """What one has found that has looked at everything, before the first fact."""
    assert EXAMPLE.outcome is not None
    return msgspec.structs.replace(EXAMPLE.outcome, **{"since": None, "after": None, "position": 0, **changes})


async def test_each_day_one_looks_at_everything(settings: Settings) -> None:
    """When the last of these has begun stands in the database, so any process knows; a window changes nothing."""
    found = outcome()
    async with await connect(settings, application="test") as connection:
        assert await reconciliations.kept(connection, DAY) is None
        assert await reconciliations.begin(connection, 0.0)
        assert await reconciliations.kept(connection, DAY) is None
        await reconciliations.keep(connection, found, found.findings)
    async with await connect(settings, application="another process") as connection:
        assert await reconciliations.kept(connection, DAY) == Kept(found, found.findings)
        await connection.execute(AGED)
        assert await reconciliations.kept(connection, DAY) is None
        assert await reconciliations.kept(connection, 2 * DAY) == Kept(found, found.findings)
        window = outcome(since=found.at, after=7)
        await reconciliations.keep(connection, window, [])
        assert await reconciliations.kept(connection, DAY) is None
        assert await reconciliations.kept(connection, 2 * DAY) == Kept(window, [])


async def test_what_cannot_be_gone_on_from(settings: Settings) -> None:
    """Too much that is open, a log that is shorter than it was, and what other code has written."""
    async with await connect(settings, application="test") as connection:
        await reconciliations.begin(connection, 0.0)
        await reconciliations.keep(connection, outcome(), None)
        assert await reconciliations.kept(connection, DAY) is None
        await reconciliations.keep(connection, outcome(position=1), [])
        assert await reconciliations.kept(connection, DAY) is None
        await reconciliations.keep(connection, outcome(), [])
        assert await reconciliations.kept(connection, DAY) is not None
        await connection.execute(OTHER_CODE)
        assert await reconciliations.kept(connection, DAY) is None
