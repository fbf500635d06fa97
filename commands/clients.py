"""What the admins do with programs of other systems."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from commands.log import Log, Position
from domain.clients import Client, client_stream


@dataclass(frozen=True)
class RegisterClient:
    """A program of another system may have tokens of these scopes, once it has a credential and the role `service`."""

    client_id: str
    name: str
    scopes: Sequence[str]
    reason: str


async def register_client(command: RegisterClient, log: Log) -> Position:
    client = await log.load(Client, client_stream(command.client_id))
    client.register(command.name, command.scopes, command.reason)
    return await log.save(client)


@dataclass(frozen=True)
class AddCredential:
    """A client proves itself by one more credential: by a key, or by a secret that stands beside the log."""

    client_id: str
    credential_id: str
    public_key: str | None
    lifetime: timedelta
    reason: str


async def add_credential(command: AddCredential, log: Log) -> Position:
    client = await log.load(Client, client_stream(command.client_id))
    terms = (command.public_key, command.lifetime, command.reason, log.context.at)
    client.add_credential(command.credential_id, *terms)
    return await log.save(client)


@dataclass(frozen=True)
class RemoveCredential:
    """A credential of a client proves nothing any more."""

    client_id: str
    credential_id: str
    reason: str


async def remove_credential(command: RemoveCredential, log: Log) -> Position:
    client = await log.load(Client, client_stream(command.client_id))
    client.remove_credential(command.credential_id, command.reason)
    return await log.save(client)


@dataclass(frozen=True)
class EndClient:
    """A client ends, for good."""

    client_id: str
    reason: str


async def end_client(command: EndClient, log: Log) -> Position:
    client = await log.load(Client, client_stream(command.client_id))
    client.end(command.reason)
    return await log.save(client)
