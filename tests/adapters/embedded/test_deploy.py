"""What compose.yaml mounts into the servers makes the roles and users that `campus up` does, and replaces passwords."""

import os
import shutil
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

from adapters.embedded import nats, postgres, valkey
from adapters.embedded.postgres import ANALYST, MIGRATOR, OPERATOR, ROLE_OF
from adapters.embedded.secrets import free_port
from adapters.tls import check_certificate
from tests.support.polling import wait_until
from tests.support.servers import Servers

ROOT = Path(__file__).parents[3]
EMBEDDED = ROOT / "adapters" / "embedded"


@pytest.mark.servers
def test_the_script_makes_the_roles_and_replaces_their_passwords(own_servers: Servers) -> None:
    """While the server runs: old passwords are refused from then on, and open connections stay."""
    server = own_servers.postgres
    roles = (MIGRATOR, OPERATOR, ANALYST, *ROLE_OF.values())
    words = {f"POSTGRES_{role.removeprefix('campus_').upper()}_PASSWORD": f"new '{role}" for role in roles}
    word = urlsplit(server.url("postgres")).password or ""
    access = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGPASSWORD": word}
    path = f"{Path(postgres.binary('psql')).parent}:{os.environ['PATH']}"
    with psycopg.connect(server.url("campus_api"), autocommit=True) as open_before:
        for _ in range(2):  # safe to run again
            environment = {**os.environ, **words, **access, "PATH": path, "CAMPUSLOG_SQL": str(EMBEDDED)}
            subprocess.run([str(ROOT / "deploy/postgres-roles.sh")], check=True, env=environment)
        for role in roles:
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(server.url(role))
            psycopg.connect(server.url(role), password=f"new '{role}").close()
        assert open_before.execute("SELECT current_user").fetchone() == ("campus_api",)


@pytest.mark.processes
def test_nats_takes_its_configuration(tmp_path: Path) -> None:
    """With passwords that look like numbers, too."""
    for file in (ROOT / "deploy/nats.conf", EMBEDDED / "nats.users"):
        shutil.copy(file, tmp_path)
    users = ("campus", "gateway", "route", *nats.USERS)
    words = {f"NATS_{user.upper()}_PASSWORD": '"12e5"' for user in users} | {"NATS_NAME": "nats-1"}
    words |= {f"NATS_ROUTE_{n}": f'"nats-route://route:12e5@nats-{n}:6222"' for n in (1, 2, 3)}
    command = [str(nats.binary()), "-t", "--config", str(tmp_path / "nats.conf")]
    said = subprocess.run(command, env={**os.environ, **words}, capture_output=True, text=True, check=False)
    assert (said.returncode, "configuration file" in said.stderr) == (0, True), said.stderr


@pytest.mark.servers
def test_valkey_starts_with_its_users(tmp_path: Path) -> None:
    """Its command line has no password."""
    words = {f"VALKEY_{user}PASSWORD": f"word-of-{user}" for user in ("", "API_", "PROJECTOR_", "AUDITOR_")}
    files = {"VALKEY_CONF": str(tmp_path / "valkey.conf"), "CAMPUSLOG_USERS": str(EMBEDDED / "valkey.users")}
    path = f"{valkey.binary().parent}:{os.environ['PATH']}"
    port = free_port()
    command = ["sh", str(ROOT / "deploy/valkey.sh"), "--port", str(port), "--dir", str(tmp_path), "--bind", "127.0.0.1"]
    process = subprocess.Popen(command, env={**os.environ, **words, **files, "PATH": path}, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: "api" in _who_am_i(port, "word-of-API_"))
        assert "word-of" not in Path(f"/proc/{process.pid}/cmdline").read_text()
        assert "invalid username-password pair" in _who_am_i(port, "word-of-AUDITOR_")
    finally:
        process.terminate()
        process.wait()


def _who_am_i(port: int, password: str) -> str:
    """`api` if the server takes this password, else what it says."""
    try:
        with Redis(port=port, username="api", password=password) as client:
            client.ping()
    except RedisError as error:
        return str(error)
    return "api"


@pytest.mark.processes
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_certificates_are_of_one_authority(tmp_path: Path) -> None:
    """The script makes it once; what it signs is good for its name only, and keys are their owner's."""
    for _ in range(2):
        subprocess.run([str(ROOT / "deploy/certificates.sh"), str(tmp_path / "tls"), "api", "gateway"], check=True)
    tls = tmp_path / "tls"
    trust = ssl.create_default_context(cafile=str(tls / "ca.pem"))
    for name in ("api", "gateway"):
        check_certificate(str(tls / f"{name}.pem"), str(tls / f"{name}.key"))
        assert (tls / f"{name}.key").stat().st_mode & 0o077 == 0
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(tls / f"{name}.pem", tls / f"{name}.key")
        assert shaken(server, trust, name)
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            shaken(server, trust, "other")


def shaken(server: ssl.SSLContext, trust: ssl.SSLContext, name: str) -> bool:
    """Whether a client that asks for *name* gets its connection; in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = trust.wrap_bio(to_client, to_server, server_hostname=name)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (here, there, here, there):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return here.getpeercert() is not None
