"""paysim in memory for rules, and one running server for what needs HTTP."""

from collections.abc import Iterator

import pytest

from tests.support.paysim import SECRET, Paysim, Receiver, Server, receiving, serving


@pytest.fixture
def paysim() -> Paysim:
    """A fresh paysim in this process."""
    return Paysim()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Takes the webhooks of the running server."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def running_server(receiver: Receiver) -> Iterator[Server]:
    """One `campus paysim` for all tests."""
    with serving("--webhook", receiver.url, "--secret", SECRET) as server:
        yield server


@pytest.fixture
def server(running_server: Server) -> Iterator[Server]:
    """The running server, with no fault on before and after the test."""
    yield running_server
    running_server.control("faults", method="DELETE")
