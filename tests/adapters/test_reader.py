"""The connections by which queries are answered."""

from adapters.postgres.connection import SILENCE
from adapters.postgres.reader import Reader
from adapters.settings import Settings


async def test_a_server_that_falls_silent_is_noticed(settings: Settings) -> None:
    """Queries do not wait a quarter of an hour for a peer that has vanished without a word."""
    reader = Reader(settings)
    await reader.open()
    try:
        async with reader._pool.connection() as connection:
            parameters = connection.info.get_parameters()
    finally:
        await reader.close()
    assert {name: parameters.get(name) for name in SILENCE} == {name: str(value) for name, value in SILENCE.items()}
