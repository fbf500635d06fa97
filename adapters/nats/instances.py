"""
Processes that serve contexts apart say so over NATS, as services (`nats.micro`), and gateways find them.

An instance answers `$SRV.INFO` with its URL and contexts, and proves that it knows the campus's secret: one that does
not is not believed. It says when it ends. A gateway asks again and again, so that nothing depends on a single message.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.micro import add_service
from nats.micro.service import Service

from adapters.nats.connection import Nats
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from adapters.tls import is_far_in_the_clear

VERSION = "1.0.0"
LOOK_INTERVAL = 0.5  # seconds between two questions of a gateway, and two looks of an instance at its connection
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared only

logger = structlog.get_logger()


@dataclass(frozen=True)
class InstanceInfo:
    """What an instance says of itself."""

    url: str
    contexts: frozenset[str]


def service_name(settings: Settings) -> str:
    """The name of the service of a campus's instances."""
    return f"campuslog-{settings.name}"


def own_url(settings: Settings) -> str:
    """Where others reach this process: by the setting, else where it listens, else by the address of its host."""
    if settings.instance_url:
        return settings.instance_url.rstrip("/")
    if settings.api_host not in EVERYWHERE:
        return settings.api_url
    parts = urlsplit(settings.api_url)
    return urlunsplit(parts._replace(netloc=f"{socket.gethostbyname(socket.gethostname())}:{settings.api_port}"))


def _proof(settings: Settings, info: InstanceInfo) -> str:
    text = "\n".join((settings.name, info.url, *sorted(info.contexts)))
    return hmac.new(settings.token_secret.encode(), f"instance\n{text}".encode(), hashlib.sha256).hexdigest()


def metadata_of(settings: Settings, info: InstanceInfo) -> dict[str, str]:
    """What a process says of itself, with the proof that it is one of the campus."""
    return {"url": info.url, "contexts": ",".join(sorted(info.contexts)), "proof": _proof(settings, info)}


class Announcer:
    """Has this process found by gateways until `stop`."""

    def __init__(self, settings: Settings, nats: Nats, contexts: frozenset[str]) -> None:
        self._settings, self._nats = settings, nats
        self._info = InstanceInfo(own_url(settings), contexts)
        self._service: Service | None = None
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Say that this process ends, and answer no gateway any more."""
        await cancel_and_wait([self._keeping])
        if self._service is not None:
            with contextlib.suppress(Exception):
                await self._service.stop()
        if (client := self._nats.client) is not None:
            with contextlib.suppress(Exception):  # a gateway sees by itself that it cannot be reached
                await client.publish(_leaving(self._settings), self._info.url.encode())
                await client.flush(1)

    async def _keep(self) -> None:
        """Be a service over each client that is connected, one after the other."""
        serving: Client | None = None
        while True:
            client = await self._nats.connected()
            if client is not serving:
                with contextlib.suppress(Exception):  # lost meanwhile: the next look finds another client
                    await self._serve(client)
                    serving = client
            await asyncio.sleep(LOOK_INTERVAL)

    async def _serve(self, client: Client) -> None:
        info, metadata = self._info, metadata_of(self._settings, self._info)
        self._service = await add_service(client, name=service_name(self._settings), version=VERSION, metadata=metadata)
        logger.info("instance.announced", url=info.url, contexts=metadata["contexts"])


class Finder:
    """Finds the instances of a campus until `stop`."""

    def __init__(
        self, settings: Settings, nats: Nats, heard: Callable[[InstanceInfo], None], left: Callable[[str], None]
    ) -> None:
        self._settings, self._nats, self._heard, self._left = settings, nats, heard, left
        self._answers = f"instances.{settings.name}.found.{uuid4().hex}"
        self._asking = asyncio.create_task(self._ask())

    async def stop(self) -> None:
        """Look for no more."""
        await cancel_and_wait([self._asking])

    async def _ask(self) -> None:
        await self._nats.subscribe(self._answers, self._answered)
        await self._nats.subscribe(_leaving(self._settings), self._ends)
        question = f"$SRV.INFO.{service_name(self._settings)}"
        while True:
            client = await self._nats.connected()
            with contextlib.suppress(Exception):  # asked again soon
                await client.publish(question, b"", reply=self._answers)
            await asyncio.sleep(LOOK_INTERVAL)

    async def _answered(self, message: Msg) -> None:
        info = believed(self._settings, message.data)
        if info is None:
            logger.warning("instance.not_believed", bytes=len(message.data))
        else:
            self._heard(info)

    async def _ends(self, message: Msg) -> None:
        self._left(message.data.decode(errors="replace"))


def believed(settings: Settings, data: bytes) -> InstanceInfo | None:
    """What an answer says, if its proof is right and its URL as safe as the settings ask for; else None."""
    try:
        metadata = json.loads(data)["metadata"]
        info = InstanceInfo(str(metadata["url"]), frozenset(str(metadata["contexts"]).split(",")))
        proof = str(metadata["proof"])
    except (ValueError, KeyError, TypeError):
        return None
    safe = urlsplit(info.url).scheme in ("http", "https") and not (
        settings.require_tls and is_far_in_the_clear(info.url)
    )
    return info if safe and hmac.compare_digest(proof, _proof(settings, info)) else None


def _leaving(settings: Settings) -> str:
    return f"instances.{settings.name}.leaving"
