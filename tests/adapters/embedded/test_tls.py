"""TLS to each of the three servers, by certificates of an authority of the test's own."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from adapters.embedded import nats
from adapters.embedded.secrets import free_port
from adapters.health import servers as health
from adapters.health.servers import Unhealthy
from adapters.nats.connection import Nats
from adapters.postgres.connection import connect
from adapters.settings import Settings, SettingsError
from adapters.valkey.flow_limits import FlowLimits
from tests.support.certificates import Certificates, made
from tests.support.polling import until
from tests.support.servers import Servers

SSL_REQUEST = bytes((0, 0, 0, 8, 4, 210, 22, 47))
NOT_THERE: dict[str, Any] = {"postgres_url": "", "nats_url": "", "valkey_url": "", "token_secret": "0" * 16}


@asynccontextmanager
async def behind_tls(port: int, files: Certificates, *, asked: bool = False) -> AsyncIterator[int]:
    """
    A port that speaks TLS, before the server on *port*: the wheels' PostgreSQL and Valkey are built without it.

    Args:
        asked: whether clients ask for TLS first, as those of PostgreSQL do.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                if asked:
                    assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
                    writer.write(b"S")
                    await writer.start_tls(context)
                there, back = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(copy(reader, back), copy(there, writer))
        finally:
            writer.close()
            served.set()

    served = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=None if asked else context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await served.wait()
        await asyncio.sleep(0)  # what was closed last


async def test_postgres_is_believed_by_its_certificate(settings: Settings, servers: Servers, tmp_path: Path) -> None:
    """By the authority of `CAMPUS_CA_FILE`, for the host of the URL; another one gets no password."""
    files, other = made(tmp_path / "own"), made(tmp_path / "other")
    async with behind_tls(servers.postgres.port, files, asked=True) as port:

        def through(ca_file: Path, host: str = "localhost") -> Settings:
            url = settings.postgres_url.replace(f"127.0.0.1:{servers.postgres.port}", f"{host}:{port}")
            values = {"postgres_url": f"{url}?sslmode=verify-full", "postgres_owner_url": ""}
            return Settings(**(settings.model_dump() | values | {"ca_file": str(ca_file), "require_tls": True}))

        async with await connect(through(files.authority), application="test") as connection:
            assert connection.pgconn.ssl_in_use
        for believed, host, said in (
            (other.authority, "localhost", "certificate verify failed"),
            (files.authority, "127.0.0.1", "does not match host name"),
        ):
            with pytest.raises(Exception, match=said):
                await connect(through(believed, host), application="test")
        assert "version 18" in await health.postgres(
            through(files.authority).model_copy(update={"postgres_owner_url": ""})
        )


@pytest.mark.servers
async def test_nats_is_believed_by_its_certificate(tmp_path: Path) -> None:
    """As above; and a password is never sent to who offers no TLS in the place of a server of `tls://`."""
    files, other = made(tmp_path / "own"), made(tmp_path / "other")
    for tls in (f'tls {{ cert_file: "{files.certificate}", key_file: "{files.key}" }}', ""):
        port = free_port()
        users = "authorization { users: [ { user: campus, password: word } ] }"
        store = f'jetstream {{ store_dir: "{tmp_path}" }}'
        (tmp_path / "nats.conf").write_text(f"host: 127.0.0.1\nport: {port}\n{users}\n{store}\n{tls}\n")
        process = await asyncio.create_subprocess_exec(
            nats.binary(), "--config", tmp_path / "nats.conf", stderr=subprocess.DEVNULL
        )
        try:
            values = NOT_THERE | {"nats_url": f"tls://campus:word@localhost:{port}"}
            here = Settings(**values, ca_file=str(files.authority), require_tls=True)
            if not tls:
                await _says(here, "offers no TLS")
                continue
            client = Nats(here, "test")
            await client.connected()
            await client.close()
            assert "version" in await health.jetstream(here)
            await _says(Settings(**values, ca_file=str(other.authority)), "certificate verify failed")
            with pytest.raises(Unhealthy, match="certificate verify failed"):
                await health.jetstream(Settings(**values, ca_file=str(other.authority)))
        finally:
            process.terminate()
            await process.wait()


async def _says(settings: Settings, said: str) -> None:
    client = Nats(settings, "test")
    await until(lambda: said in client.trouble)
    assert client.client is None
    await client.close()


async def test_valkey_is_believed_by_its_certificate(servers: Servers, tmp_path: Path) -> None:
    """Also where attempts are counted, by another client."""
    files, other = made(tmp_path / "own"), made(tmp_path / "other")
    async with behind_tls(servers.valkey.port, files) as port:
        values = NOT_THERE | {"valkey_url": f"rediss://:{servers.valkey.password}@localhost:{port}/0"}
        here = Settings(**values, ca_file=str(files.authority), require_tls=True)
        limits = FlowLimits(here)
        await limits.take(limits.sign_in, "a client")
        await limits.close()
        assert "version 9" in await health.valkey(here)
        with pytest.raises(Unhealthy, match="certificate verify failed"):
            await health.valkey(Settings(**values, ca_file=str(other.authority)))


FAR: dict[str, Any] = {
    "postgres_url": "postgresql://a:b@db.example/campus?sslmode=verify-full",
    "nats_url": "tls://a:b@one.example,two.example",
    "valkey_url": "rediss://a:b@cache.example/0",
    "token_secret": "0" * 16,
}


@pytest.mark.parametrize(
    ("field", "url"),
    [
        ("postgres_url", "postgresql://a:b@db.example/campus"),
        ("postgres_url", "postgresql://a:b@db.example/campus?sslmode=require"),
        ("postgres_url", "postgresql://a:b@127.0.0.1:1,db.example:2/campus"),
        ("postgres_url", "postgresql://a:b@127.0.0.1/campus?host=db.example"),
        ("postgres_owner_url", "postgresql://db.example"),
        ("nats_url", "nats://a:b@one.example"),
        ("nats_url", "tls://a:b@one.example,nats://two.example"),
        ("valkey_url", "redis://a:b@cache.example/0"),
        ("valkey_url", "rediss://a:b@cache.example/0?ssl_cert_reqs=none"),
        ("proof_witnesses", "https://one.example,http://two.example"),
        ("instance_url", "http://10.0.0.7:8000"),
    ],
)
def test_where_tls_is_required_no_url_is_in_the_clear(field: str, url: str) -> None:
    """It is refused at the start, without the password in the sentence."""
    Settings(**FAR, require_tls=True)
    Settings(**(FAR | {field: url}))
    with pytest.raises(SettingsError, match=f"^CAMPUS_{field.upper()} leads to another machine without TLS") as refused:
        Settings.load(**(FAR | {field: url, "require_tls": True}))
    assert "a:b" not in str(refused.value)


def test_servers_of_this_machine_need_no_tls(tmp_path: Path) -> None:
    """Nor is one asked for that is not there; a file of authorities has to be."""
    for host in ("127.0.0.1", "localhost", "[::1]"):
        urls = {
            "postgres_url": f"postgresql://{host}:1/a",
            "nats_url": f"nats://{host}",
            "valkey_url": f"redis://{host}",
        }
        Settings(**(FAR | urls), require_tls=True)
    none = {"nats_url": "", "valkey_url": "", "postgres_url": "postgresql:///a?host=/run/postgresql"}
    Settings(**(FAR | none), require_tls=True)
    with pytest.raises(SettingsError, match=r"^CAMPUS_API_HOST lets other machines in without TLS"):
        Settings.load(**FAR, require_tls=True, api_host="0.0.0.0")  # noqa: S104 - refused
    with pytest.raises(SettingsError, match="CAMPUS_CA_FILE cannot be used: there is no file"):
        Settings.load(**FAR, ca_file=str(tmp_path / "none.pem"))
    found = Settings(**FAR, ca_file=__file__)
    assert found.postgres_url.endswith(f"?sslmode=verify-full&sslrootcert={__file__}")
    assert found.valkey_url.endswith(f"?ssl_ca_certs={__file__}")
    assert found.nats_servers == ["tls://a:b@one.example", "tls://a:b@two.example"]


def test_a_port_has_a_certificate_and_its_key(tmp_path: Path) -> None:
    """Half of them, a file that is not there and the key of another are refused at the start; no file is shown."""
    own, other = made(tmp_path / "own"), made(tmp_path / "other")
    files: dict[str, Any] = {"tls_certificate_file": str(own.certificate), "tls_key_file": str(own.key)}
    found = Settings(**FAR, **files, require_tls=True, api_host="0.0.0.0")  # noqa: S104 - nothing listens
    assert (found.api_url, Settings(**FAR).api_url) == ("https://0.0.0.0:8000", "http://127.0.0.1:8000")
    assert (found.web_url, Settings(**FAR).web_url) == ("https://0.0.0.0:8000", "http://localhost:8000")
    for changed, said in (
        ({"tls_key_file": ""}, "go together, and one of them is not named"),
        ({"tls_key_file": str(tmp_path / "none")}, "there is no file"),
        ({"tls_key_file": str(other.key)}, "do not go together, or are no PEM"),
        ({"tls_certificate_file": __file__}, "do not go together, or are no PEM"),
    ):
        with pytest.raises(SettingsError, match=f"^CAMPUS_TLS_CERTIFICATE_FILE and CAMPUS_TLS_KEY_FILE: .*{said}"):
            Settings.load(**FAR, **(files | changed))
