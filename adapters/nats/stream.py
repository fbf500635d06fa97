"""
The log's stream in JetStream: a fan-out and a wake-up, never the truth.

Subscribers check positions and read a gap from the log itself. The stream therefore keeps a day and a gibibyte at most,
and the relay creates it again when it is gone.
"""

from collections.abc import Iterable
from typing import NamedTuple

import nats.js.errors
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, StorageType, StreamConfig

from adapters.nats.message import MESSAGE_ID, POSITION, PREVIOUS, decode_fact, encode_row, subject_of
from adapters.postgres.log.decoding import LogRow
from adapters.postgres.log.pages import mark_of
from adapters.settings import Settings
from domain.streams import PARTITIONS

MAX_AGE = 24 * 3600  # seconds
MAX_BYTES = 1024**3
DUPLICATE_WINDOW = 10  # seconds; ids are kept in the server's memory for so long
ACK_TIMEOUT = 5.0  # seconds
LARGEST_HEAD = 1_024  # bytes; the headers of a message count for its size


def stream_name(settings: Settings) -> str:
    """The stream of this campus."""
    return f"LOG_{settings.name}"


async def ensure_stream(client: Client, settings: Settings) -> None:
    """Create the stream, or update its limits if it exists."""
    config = StreamConfig(
        name=stream_name(settings),
        subjects=[f"log.{settings.name}.>"],
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_age=MAX_AGE,
        max_bytes=MAX_BYTES,
        duplicate_window=DUPLICATE_WINDOW,
        allow_direct=True,
        num_replicas=settings.nats_replicas,
    )
    try:
        await client.jetstream().add_stream(config)
    except nats.js.errors.BadRequestError:
        await client.jetstream().update_stream(config)


class Published(NamedTuple):
    """The newest fact in the stream: its position, and when it was recorded (`mark_of`)."""

    position: int
    mark: str


async def last_published(client: Client, settings: Settings) -> int | None:
    """Position of the newest fact in the stream; None where the stream is missing or empty."""
    found = await newest(client, settings)
    return None if found is None else found.position


async def newest(client: Client, settings: Settings) -> Published | None:
    """
    The newest fact in the stream; None where the stream is missing or empty.

    Raises:
        ValueError: the newest message is no fact of the relay.
    """
    jetstream = client.jetstream()
    try:
        info = await jetstream.stream_info(stream_name(settings))
        if not info.state.messages:
            return None
        message = await jetstream.get_msg(stream_name(settings), seq=info.state.last_seq)
    except nats.js.errors.NotFoundError:
        return None
    position = int((message.headers or {}).get(POSITION, ""))
    return Published(position, mark_of(decode_fact(message.data or b"").recorded_at))


async def purge(client: Client, settings: Settings) -> None:
    """Take all facts out of the stream: some of them are no longer in the log. Consumers stay."""
    await client.jetstream().purge_stream(stream_name(settings))


class NotStored(NatsError):
    """JetStream takes messages and confirms none."""

    def __str__(self) -> str:
        return (
            f"JetStream has confirmed no message within {ACK_TIMEOUT:.0f} s; a stream that has met a full disk"
            " takes none before its server is started again"
        )


class Publisher:
    """
    Publishes stored facts in order.

    Args:
        position: facts up to here are published, or need not be.
        life: of the log, from which they are read; a part of the messages' ids, since the next life may have another
            fact at a position, and the server passes over ids that it has just seen.
    """

    def __init__(self, client: Client, settings: Settings, position: int, life: str) -> None:
        self._life = life
        self._client = client
        self._jetstream = client.jetstream()
        self._campus = settings.name
        self._previous = [position] * PARTITIONS

    async def publish(self, rows: Iterable[LogRow]) -> None:
        """
        Publish a batch and wait until the last of it is stored.

        The server stores the messages of one connection in the order in which they are sent, so the answer to the last
        one covers all. An earlier message that was lost is a gap, which subscribers read from the log; so is a fact
        that is too large for a message.
        """
        largest = self._client.max_payload - LARGEST_HEAD
        messages = [(row, payload) for row in rows if len(payload := encode_row(row)) <= largest]
        for row, payload in messages[:-1]:
            await self._client.publish(subject_of(self._campus, row), payload, headers=self._headers(row))
        for row, payload in messages[-1:]:
            try:
                await self._jetstream.publish(
                    subject_of(self._campus, row), payload, timeout=ACK_TIMEOUT, headers=self._headers(row)
                )
            except TimeoutError as error:
                raise NotStored from error

    def _headers(self, row: LogRow) -> dict[str, str]:
        position, partition = row[0], row[5]
        previous, self._previous[partition] = self._previous[partition], position
        return {
            MESSAGE_ID: f"{self._campus}-{position}-{self._life}",
            POSITION: str(position),
            PREVIOUS: str(previous),
        }
