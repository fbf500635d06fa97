"""A subscriber to the log's stream, as a service outside of this repository is one."""

from collections.abc import Awaitable, Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from adapters.nats.message import POSITION
from adapters.nats.stream import stream_name
from adapters.settings import Settings

UNHEARD_CONSUMER = 10.0  # seconds after which the server removes the consumer of a subscriber that has gone
INCOMING_MESSAGES = 20_000  # messages waiting in a subscriber; the client drops further ones


async def subscribe(
    client: Client, settings: Settings, heard: Callable[[Msg], Awaitable[None]]
) -> JetStreamContext.PushSubscription:
    """
    Subscribe to the facts that are published from now on: in order, each at most once.

    Raises:
        nats.js.errors.NotFoundError: there is no stream.
    """
    return await client.jetstream().subscribe(
        f"log.{settings.name}.>",
        stream=stream_name(settings),
        cb=heard,
        manual_ack=True,
        config=ConsumerConfig(
            deliver_policy=DeliverPolicy.NEW,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=UNHEARD_CONSUMER,
            mem_storage=True,
            num_replicas=1,
        ),
        pending_msgs_limit=INCOMING_MESSAGES,
    )


def position_of(message: Msg) -> int:
    """The position of the fact in a message; 0 where it does not say."""
    return int((message.headers or {}).get(POSITION, 0))
