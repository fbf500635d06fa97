"""
Is everything there? One check per server and per promise that a server makes to us, for `campus doctor`.

A check returns what it has seen, or raises `Unhealthy` with what is wrong and what to do about it.
"""

import re
import shutil
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import nats
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import class_row
from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.nats.connection import NatsClient, tls_of
from adapters.postgres.connection import PatientConnection
from adapters.postgres.ops.migrate import all_migrations
from adapters.postgres.ops.worker_progress import (
    FAR,
    ONE_ACTIVE,
    PROGRESS,
    WORKERS,
    WorkerProgress,
    problem_of_each,
    problems,
)
from adapters.settings import Settings

TIMEOUT = 3  # seconds
OLDEST_POSTGRES = 160000  # server_version_num: the first with everything that append_events() uses
LEAST_SPACE = 1_000_000_000  # bytes
LONGEST_SILENCE = 30.0  # seconds without a heartbeat from any process of a worker

WRITABLE = "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'"
KEPT_SETTINGS = """
SELECT datname, unnest(setconfig) FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole
  LEFT JOIN pg_database ON pg_database.oid = setdatabase
 WHERE rolname = %s AND (setdatabase = 0 OR datname = current_database()) ORDER BY setdatabase
"""  # those for the database last, which go before the others


class Unhealthy(Exception):
    """Something is not as it should be; the hint says what to do."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.hint = hint


Check = Callable[[Settings], Awaitable[str]]


async def disk(settings: Settings) -> str:
    """Is there room to write?"""
    free = shutil.disk_usage(settings.data_dir).free
    if free < LEAST_SPACE:
        raise Unhealthy(
            f"{free / 1e6:.0f} MB free in {settings.data_dir}", "make room: PostgreSQL stops on a full disk"
        )
    return f"{free / 1e9:.0f} GB free"


async def postgres(settings: Settings) -> str:
    """Does PostgreSQL answer, in a version that we know, and take writes?"""
    async with connection_of(settings) as connection:
        version = connection.info.server_version
        if not await _value(connection, WRITABLE):
            raise Unhealthy(
                "it is read-only, and takes no facts", "point CAMPUS_POSTGRES_URL to the primary, or make it writable"
            )
    if version < OLDEST_POSTGRES:
        raise Unhealthy(f"version {version // 10000} is too old", f"use PostgreSQL {OLDEST_POSTGRES // 10000} or newer")
    return f"version {version // 10000}.{version % 10000}"


async def durability(settings: Settings) -> str:
    """Does a commit survive a power cut?"""
    async with connection_of(settings) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            if (value := await _value(connection, "SELECT current_setting(%s)", name)) == "off":
                raise Unhealthy(f"{name} is {value}", f"a power cut would lose acknowledged facts: set {name} = on")
    return "fsync, full_page_writes and synchronous_commit are on"


async def schema(settings: Settings) -> str:
    """Is the campus's schema as new as this code?"""
    known = {migration.number for migration in all_migrations()}
    async with connection_of(settings) as connection:
        try:
            rows = await (await connection.execute("SELECT number FROM migrations")).fetchall()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as error:
            raise Unhealthy(f"no migrations in {settings.schema_name}", "run `campus migrate`") from error
    applied = {number for (number,) in rows}
    if missing := sorted(known - applied):
        raise Unhealthy(f"migrations that are not applied: {', '.join(map(str, missing))}", "run `campus migrate`")
    if newer := sorted(applied - known):
        raise Unhealthy(f"migrations of newer code: {', '.join(map(str, newer))}", "run the newest code")
    return f"migration {max(known)} is the newest"


async def log(settings: Settings) -> str:
    """Can the log be read, and does its head agree with its last event?"""
    async with connection_of(settings) as connection:
        head = await _value(connection, "SELECT position FROM log_head")
        last = await _value(connection, "SELECT coalesce(max(position), 0) FROM events WHERE position <= %s", head)
    if head != last:
        raise Unhealthy(f"the head says {head}, the last event {last}", "run `campus log verify`")
    return f"position {head:,}"


async def workers(settings: Settings) -> str:
    """Does every worker get on, by its position against the head and not only by its signs of life?"""
    found = await _progress(settings)
    far = [each for each in found if each.active and each.name in ONE_ACTIVE and each.lag_seconds > FAR]
    wrong = problems(found, WORKERS) or [f"{each.name} is {each.lag_seconds:.0f} s late" for each in far]
    if wrong:
        raise Unhealthy("; ".join(wrong), "mend the cause; DATA/log/NAME.log of that worker has more")
    at = ", ".join(f"{each.name} at {each.position:,}" for each in found if each.active and each.name in ONE_ACTIVE)
    return f"heartbeats from {', '.join(WORKERS)}; {at}"


async def worker(settings: Settings, name: str, host: str) -> str:
    """Does the worker *name* on *host* live, and do its attempts succeed?"""
    found = await _progress(settings)
    here = [each for each in found if (each.name, each.process.rpartition(":")[0]) == (name, host)]
    if said := problem_of_each(name, here):
        raise Unhealthy(f"{said} (on {host})", "see its log")
    return f"heartbeat {min(each.silent_seconds for each in here):.0f} s ago, at position {here[0].position:,}"


async def _progress(settings: Settings) -> list[WorkerProgress]:
    async with (
        connection_of(settings) as connection,
        connection.cursor(row_factory=class_row(WorkerProgress)) as cursor,
    ):
        found: list[WorkerProgress] = await (await cursor.execute(PROGRESS)).fetchall()
    return found


async def valkey(settings: Settings) -> str:
    """Does Valkey answer and take writes, and does it throw nothing away?"""
    client = Redis.from_url(settings.valkey_url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
    try:
        info = await client.info()
    except (RedisError, OSError) as error:
        raise Unhealthy(_first_line(error), "is the server of CAMPUS_VALKEY_URL running?") from error
    finally:
        await client.aclose()
    policy, most, used = (info.get(name) for name in ("maxmemory_policy", "maxmemory", "used_memory"))
    if info.get("role") != "master":
        raise Unhealthy("it is a replica, and takes no writes", "point CAMPUS_VALKEY_URL to the primary")
    if most and policy != "noeviction":
        raise Unhealthy(
            f"maxmemory-policy is {policy}: it throws documents away", "set maxmemory-policy noeviction, then rebuild"
        )
    if most and used and used > most:
        raise Unhealthy(f"its memory is full: {used:,} of {most:,} bytes", "raise maxmemory: it takes no documents")
    if info.get("aof_last_write_status", "ok") != "ok":
        raise Unhealthy("it cannot write its file, and takes no documents", "make room on its disk; see its log")
    return f"version {info.get('valkey_version') or info.get('redis_version')}"


async def jetstream(settings: Settings) -> str:
    """Does NATS answer, with JetStream on?"""
    causes: list[Exception] = []

    async def note(cause: Exception) -> None:
        causes.append(cause)

    client = NatsClient()
    try:
        await client.connect(
            settings.nats_servers,
            connect_timeout=TIMEOUT,
            allow_reconnect=False,
            max_reconnect_attempts=1,  # or each server is tried 60 times
            reconnect_time_wait=0,
            error_cb=note,
            tls=tls_of(settings),
        )
    except (nats.errors.Error, OSError, TimeoutError) as error:
        await client.release()
        said = _first_line(causes[-1] if causes and isinstance(error, nats.errors.NoServersError) else error)
        raise Unhealthy(said, "is the server of CAMPUS_NATS_URL running?") from error
    try:
        account = await client.jetstream(timeout=TIMEOUT).account_info()
    except (nats.errors.Error, TimeoutError) as error:
        hint = "start nats-server again with JetStream (`-js`): it may turn it off for good when its disk is full"
        raise Unhealthy("JetStream does not answer", hint) from error
    finally:
        await client.release()
    version = client.connected_server_version
    streams = f"{account.streams} stream{'s' * (account.streams != 1)}"
    return f"version {version.major}.{version.minor}.{version.patch}, {streams}"


async def analysts(settings: Settings) -> str:
    """Has the role of analysts the limits with which it was made? It may change its own, also for one database."""
    if not settings.postgres_analyst_url:
        return "this campus has no role for analysts"
    role = conninfo_to_dict(settings.postgres_analyst_url).get("user")
    async with connection_of(settings) as connection:
        kept = await (await connection.execute(KEPT_SETTINGS, (role,))).fetchall()
    found = {setting.partition("=")[0].lower(): (database, setting.partition("=")[2]) for database, setting in kept}
    statements = files("adapters.embedded").joinpath("analyst.sql").read_text("utf-8")
    for name, wanted in re.findall(r"^ALTER ROLE \w+ SET (\w+) = '?([^';]+)'?;", statements, re.MULTILINE):
        database, value = found.get(name, (None, "not set"))
        if value != wanted:
            where, mend = f" in the database {database}" if database else "", f"SET {name} = '{wanted}'"
            if database:
                mend = f"IN DATABASE {database} RESET {name}"
            raise Unhealthy(
                f"{name} of {role} is {value}{where}, and should be {wanted}",
                f"say ALTER ROLE {role} {mend} (docs/analytics.md)",
            )
    return f"{role} has the limits of docs/analytics.md"


CHECKS: dict[str, Check] = {
    "disk": disk,
    "postgres": postgres,
    "durability": durability,
    "schema": schema,
    "log": log,
    "valkey": valkey,
    "nats": jetstream,
    "workers": workers,
    "analysts": analysts,
}


@asynccontextmanager
async def connection_of(settings: Settings) -> Any:
    """A connection for one check, of the owner where its URL is known; raises Unhealthy if there is none."""
    try:
        connection = await PatientConnection.connect(
            settings.postgres_owner_url or settings.postgres_url,
            autocommit=True,
            connect_timeout=TIMEOUT,
            options=f"-c search_path={settings.schema_name} -c statement_timeout={TIMEOUT}s",
        )
    except psycopg.OperationalError as error:
        raise Unhealthy(_first_line(error), "is the server of CAMPUS_POSTGRES_URL running?") from error
    connection.patience = 2 * TIMEOUT
    async with connection:
        yield connection


async def _value(connection: psycopg.AsyncConnection, query: str, *arguments: object) -> Any:
    row = await (await connection.execute(query.encode(), arguments)).fetchone()
    return row[0] if row else None


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0] or type(error).__name__
