"""
Announcements of changed rows, on core NATS, after each commit of a projection.

The API subscribes, for queries that wait for a position and for server-sent events. A lost announcement costs time
only.
"""

import contextlib
from collections.abc import Awaitable, Callable

import msgspec
from nats.aio.msg import Msg

from adapters.nats.connection import Nats
from adapters.settings import Settings


class CommittedChange(msgspec.Struct, frozen=True):
    """
    What one commit of a projection has changed.

    Attributes:
        position: the checkpoint after it, of the segments that it moved.
        keys: table and key of each changed row; None where they are too many to list.
        moved: these segments, of all `segments` that the projection has.
        before: the checkpoint of these segments before it; a listener that knows another one has missed something.
        generation: of which generation; another one than before means that all that is read may have changed.
    """

    projection: str
    position: int
    keys: list[tuple[str | int, ...]] | None
    moved: tuple[int, ...] = (0,)
    segments: int = 1
    before: int | None = None
    generation: int = 0  # not said, by a projector of an earlier version


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CommittedChange).decode


def subject(settings: Settings) -> str:
    """The subject of this campus's announcements."""
    return f"changes.{settings.name}"


async def announce(settings: Settings, nats: Nats, change: CommittedChange) -> None:
    """Publish *change*; never waits for subscribers and never fails."""
    client = nats.client
    if client is not None:
        with contextlib.suppress(Exception):  # listeners look for themselves after a while
            await client.publish(subject(settings), _encode(change))


async def listen(settings: Settings, nats: Nats, heard: Callable[[CommittedChange], Awaitable[None]]) -> None:
    """Subscribe, over this connection and all later ones: call *heard* with each change that is announced."""

    async def decode(message: Msg) -> None:
        await heard(_decode(message.data))

    await nats.subscribe(subject(settings), decode)
