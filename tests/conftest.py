"""Fixtures for every test: real servers once per session, a fresh campus per test."""

import gc
import os
import sys
import uuid
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as Hypothesis  # noqa: N812 - `settings` is a fixture here

from adapters import gc_tuning
from adapters.settings import PREFIX, Settings
from tests.support.campus_up import NOT_IN_BACKGROUND
from tests.support.fast import guarded, is_fast
from tests.support.servers import Servers, running

PATIENT = {
    "adapters.postgres.connection.CONNECT_TIMEOUT": 300,  # seconds
    "adapters.postgres.connection.IDLE_IN_TRANSACTION_TIMEOUT": 300_000,  # milliseconds
    "adapters.postgres.connection.STATEMENT_TIMEOUT": 300_000,  # milliseconds
    "adapters.postgres.connection.LONGEST_RUN": 300.0,  # seconds
    "adapters.postgres.ops.lease.HUNG": 300_000,  # milliseconds
    "adapters.postgres.queries.reader.POOL_TIMEOUT": 300.0,  # seconds
    "api.http.dispatch.DEADLINE": 300.0,  # seconds
    "adapters.valkey.document_reader.LOOKUP_TIMEOUT": 300.0,  # seconds
    "adapters.valkey.client.TIMEOUT": 300.0,  # seconds
    "adapters.valkey.client.CONNECT_TIMEOUT": 300.0,  # seconds
}
"""Limits of the product that say when a server or a worker has gone."""

EAGER = {
    "workers.projecting.follower.LOOK_INTERVAL": 0.5,  # seconds; half of it costs each campus a twentieth of a core
    "workers.projecting.log_tail.HEAD_INTERVAL": 0.5,  # seconds
    "api.http.reads.RECORD_EVERY": 3_600.0,  # seconds
}
"""
Pauses after which a projector looks at what no hint says: hundreds of tests wait for their ends. The last one is that
after which reads by the staff are recorded: tests look as the staff and count facts; tests/api/test_reads.py records.
"""

LONGEST = (
    "tests/e2e",
    "tests/browser/",
    "tests/workers/",
    "tests/cli/",
    "tests/api/http/test_openapi",
    "tests/adapters/parquet/",
    "tests/test_",
)
"""Where the tests are that take the longest."""


def pytest_configure() -> None:
    """
    Keep bytecode, print tracebacks of the log without all variables, which would take seconds each, and let Hypothesis
    take its time: how long an example takes, or making it, says how busy the machine is.

    Where PYTHONDONTWRITEBYTECODE is set, as in many containers, each of the hundreds of processes that the tests start
    would compile the project, and each worker of pytest-xdist all the tests.
    """
    gc.disable()  # until all tests are collected: what they are made of lives to the end
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])
    Hypothesis.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    Hypothesis.load_profile("patient")


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Give every test an id of its own: of two with the same, pytest-xdist would run one.

    Tests without servers get the marker `fast`.
    """
    for item in items:
        if is_fast(item):
            item.add_marker("fast")
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))  # so that no worker of xdist begins them last
    twice = [nodeid for nodeid, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twice:
        raise pytest.UsageError(f"{len(twice)} tests share their id with another, such as {twice[0]}")


def pytest_collection_finish() -> None:
    """From here on the garbage collector works, as in a server, and leaves alone what has been collected."""
    gc.freeze()
    gc_tuning.look_seldom()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """The fixtures of a fast test start no server."""
    with guarded(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A fast test starts no server, whatever it calls."""
    with guarded(item):
        return (yield)


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> None:
    """A campus that runs in the developer's shell must not leak into the tests."""
    for variable in [variable for variable in os.environ if variable.startswith(PREFIX)]:
        del os.environ[variable]
    os.environ |= NOT_IN_BACKGROUND


@pytest.fixture(scope="session", autouse=True)
def _patient_connections() -> Iterator[None]:
    """
    A server that answers late, on a machine that is busy, has not gone; tests of limits set limits of their own.

    What a test waits for, workers in this process look for more often.
    """
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (PATIENT | EAGER).items():
            patched.setattr(name, value)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """A hash of a password takes a millisecond; tests/adapters/auth/test_passwords.py has the product's."""
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("adapters.auth.passwords._hasher", quick)
        yield


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL, Valkey and NATS for this session (with xdist: for this worker); not to be stopped by a test."""
    with running() as servers:
        yield servers


@pytest.fixture
def own_servers() -> Iterator[Servers]:
    """Durable servers for this test alone, which may kill and restart them."""
    with running(durable=True) as servers:
        yield servers


@pytest.fixture
def settings(servers: Servers) -> Iterator[Settings]:
    """A fresh, migrated campus: its own database, subjects and keys."""
    settings = migrated(servers)
    yield settings
    servers.drop_database(settings.name)


@pytest.fixture
def own_settings(own_servers: Servers) -> Settings:
    """A fresh, migrated campus on the test's own servers."""
    return migrated(own_servers)


def migrated(servers: Servers) -> Settings:
    """A migrated campus with an unused name, in a database of its own."""
    return servers.copy_of_first(_unused_name())


def beside(servers: Servers) -> Settings:
    """A migrated campus with an unused name, in the database that it shares with others; it takes longer to make."""
    from adapters.postgres.ops.migrate import migrate

    settings = servers.settings(_unused_name())
    migrate(settings)
    return settings


def _unused_name() -> str:
    return f"t{uuid.uuid4().hex[:12]}"
