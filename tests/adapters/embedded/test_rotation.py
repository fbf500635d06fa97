"""Passwords are replaced as docs/howto/rotate-secrets.md says."""

import json
import os
import signal
from typing import Any
from urllib.parse import urlsplit

import nats
import psycopg
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from adapters.embedded.secrets import write_private
from adapters.health.servers import Unhealthy, jetstream
from tests.support.polling import until
from tests.support.servers import Servers


@pytest.mark.servers
async def test_a_password_that_is_taken_out_of_the_file_is_drawn_again(own_servers: Servers) -> None:
    """`campus up` gives another one to the role or the user at the next start, and the old one is good no more."""
    taken = ("campus_api", "valkey_api", "nats_api", "campus_migrator", "postgres")
    old = own_servers.postgres.url("campus_api"), own_servers.valkey.url("api"), own_servers.nats.url("api")
    await own_servers.down()
    file = own_servers.directory / "run" / "secrets.json"
    kept: dict[str, Any] = json.loads(file.read_text())
    write_private(file, json.dumps({name: value for name, value in kept.items() if name not in taken}))
    again = Servers(own_servers.directory, durable=True)
    await again.up()
    try:
        assert (again.postgres.port, again.valkey.port) == (own_servers.postgres.port, own_servers.valkey.port)
        for role in ("campus_api", "campus_migrator", "postgres", "campus_relay"):
            psycopg.connect(again.postgres.url(role)).close()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(old[0])
        with Redis.from_url(again.valkey.url("api")) as client:
            assert client.ping()
        with Redis.from_url(old[1]) as client, pytest.raises(AuthenticationError):
            client.ping()
        settings = again.settings("x")
        await jetstream(settings)
        with pytest.raises(Unhealthy, match="Authorization Violation"):
            await jetstream(settings.model_copy(update={"nats_url": old[2]}))
        await _while_it_runs(again)
    finally:
        await again.down()


async def _while_it_runs(servers: Servers) -> None:
    """NATS reads its configuration once more; Valkey takes two passwords for a while."""
    relay = await nats.connect(servers.nats.url("relay"), allow_reconnect=False)
    conf = servers.nats.directory / "nats.conf"
    reactor = servers.nats.url("reactor")
    conf.write_text(conf.read_text().replace(_password(reactor), "another"))
    os.kill(servers.pid("nats"), signal.SIGHUP)
    settings = servers.settings("x")

    async def is_taken() -> bool:
        try:
            await jetstream(settings.model_copy(update={"nats_url": reactor}))
        except Unhealthy as error:
            return "Authorization Violation" in str(error)
        return False

    await until(is_taken)
    await (await nats.connect(reactor.replace(_password(reactor), "another"))).close()
    assert relay.is_connected
    await relay.close()

    projector = servers.valkey.url("projector")
    old = _password(projector)
    operator: Any = Redis.from_url(servers.valkey.settings()["valkey_url"])
    with operator:
        operator.execute_command("ACL", "SETUSER", "projector", ">another")
        for url in (projector, projector.replace(old, "another")):
            with Redis.from_url(url) as client:
                assert client.ping()
        operator.execute_command("ACL", "SETUSER", "projector", f"<{old}")
        with Redis.from_url(projector) as client, pytest.raises(AuthenticationError):
            client.ping()


def _password(url: str) -> str:
    return urlsplit(url).password or ""
