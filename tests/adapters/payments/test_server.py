"""`campus paysim` as a process: loopback only, started with a sentence or not at all, killed without a loss."""

import socket
import urllib.error
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.campus_up import campus
from tests.support.paysim import SECRET, Receiver, Server, serving
from tests.support.polling import wait_until

pytestmark = pytest.mark.processes


def test_a_killed_paysim_has_every_charge_that_it_answered(tmp_path: Path, receiver: Receiver) -> None:
    """After `kill -9` and a start on the same file: the charge, its recorded answer, and the webhooks still owed."""
    arguments = ("--data", str(tmp_path / "paysim.db"), "--webhook", receiver.url, "--secret", SECRET)
    charge = {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    charge["return_url"] = "https://x.example"
    with serving(*arguments) as server:
        server.control("faults", {"next": {"delay": 3}})
        made = server.api.payment_intents.create(charge, {"idempotency_key": "k"})
        server.kill()
    with serving(*arguments) as server:
        assert server.api.payment_intents.retrieve(made.id).status == "succeeded"
        assert server.api.payment_intents.create(charge, {"idempotency_key": "k"}).id == made.id
        server.control("clock/advance", {"hours": 49})
        wait_until(lambda: len(receiver.of(made.id)) == 2)
        assert len(server.api.webhook_endpoints.list().data) == 1


def test_the_request_log_shows_what_was_asked(server: Server) -> None:
    """So that a test can show that a rebuild sends nothing to the provider."""
    before = server.control("requests", method="GET")["last"]
    id_ = server.api.customers.create({"email": "ada@example.org"}).id
    server.api.customers.retrieve(id_)
    seen = server.control(f"requests?after={before}", method="GET")["requests"]
    assert [(row["method"], row["path"], row["status"]) for row in seen] == [
        ("POST", "/v1/customers", 200), ("GET", f"/v1/customers/{id_}", 200),
    ]  # fmt: skip
    assert seen[0]["params"] == {"email": "ada@example.org"}


def test_it_listens_on_one_address_of_loopback(server: Server) -> None:
    """No other machine reaches it: not even another address of this one."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", urlsplit(server.url).port or 0))


def test_a_wrong_command_line_is_explained(server: Server) -> None:
    """A port in use, which granian would share."""
    taken = campus("paysim", "--port", str(urlsplit(server.url).port))
    assert taken.returncode == 1
    assert "is in use: choose another port with --port" in taken.stderr


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("disputes", {}, 400),
        ("disputes", {"charge": "ch_none"}, 400),
        ("clock/advance", {"hours": -1}, 400),
        ("x", {}, 404),
    ],
)
def test_a_wrong_control_request_says_what_to_send(
    server: Server, path: str, body: dict[str, str], status: int
) -> None:
    """With the form of the route, and no effect."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.control(path, body)
    assert refused.value.code == status
    assert "error" in refused.value.read().decode()
