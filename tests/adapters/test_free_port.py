"""Ports for servers that start a while after their port was chosen."""

import socket
import sys
from pathlib import Path

import pytest

from adapters.embedded import secrets
from adapters.embedded.secrets import EPHEMERAL_PORTS, LOOPBACK, free_port, is_free


@pytest.mark.skipif(not EPHEMERAL_PORTS.exists(), reason="the range of outgoing connections is not known here")
def test_a_free_port_is_none_that_a_connection_is_given() -> None:
    """A port of that range may be gone before its server listens."""
    first = int(EPHEMERAL_PORTS.read_text().split()[0])
    for _ in range(50):
        port = free_port()
        assert port < first
        assert is_free(port)


@pytest.mark.parametrize("said", ["1024 65535\n", "20000 65535", "", "?"])
def test_a_machine_with_another_range_has_free_ports(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All ports may be given to connections, or the range may not be known."""
    known = tmp_path / "range"
    known.write_text(said)
    monkeypatch.setattr(secrets, "EPHEMERAL_PORTS", known)
    assert is_free(free_port())


def test_a_port_with_a_listener_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first choice is taken, there is another."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        taken = listener.getsockname()[1]
        monkeypatch.setattr(secrets, "FIRST_PORT", taken)
        monkeypatch.setattr("secrets.randbelow", lambda _: 0)
        assert free_port() != taken


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a port for a server")
def test_a_port_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two campuses that start at the same time each has a port of its own, before either listens."""
    chosen = free_port()
    monkeypatch.setattr(secrets, "FIRST_PORT", chosen)
    monkeypatch.setattr("secrets.randbelow", lambda _: 0)
    assert free_port() != chosen
    with socket.create_server((LOOPBACK, chosen)):
        pass
