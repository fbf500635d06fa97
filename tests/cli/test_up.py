"""`campus up`: start, stop, and everything that can go wrong between."""

import json
import os
import shlex
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from adapters.auth.sample_people import PASSWORD, SAMPLE_PEOPLE
from adapters.settings import Settings, SettingsError, instance_file
from cli.up.examples import Examples
from cli.up.lock import identity
from cli.up.plan import SECRETS, SECRETS_OF, make_plan
from cli.up.screen import suggestions
from tests.conftest import migrated
from tests.support.campus_up import RunningCampus, campus, running_campus, wait_until_gone
from tests.support.polling import wait_until
from tests.support.servers import Servers

pytestmark = pytest.mark.processes

SERVERS = {"postgres", "valkey", "nats", "paysim", "witness", "inbox"}
PROCESSES = {*SERVERS, "api", "relay", "projector", "reactor", "dispatcher", "auditor"}


def stops_in_order(running: RunningCampus) -> None:
    """SIGTERM stops the API first and PostgreSQL last, and leaves nothing running."""
    pids = list(running.pids.values())
    assert running.stop() == 0
    wait_until_gone(pids)
    lines = [line.split()[0] for line in running.said.splitlines() if line.endswith(" stopped")]
    assert lines[0] == "api"
    assert set(lines[1:6]) == {"relay", "projector", "reactor", "dispatcher", "auditor"}
    assert set(lines[6:10]) == {"nats", "paysim", "witness", "inbox"}
    assert lines[10:] == ["valkey", "postgres"]
    assert not instance_file(running.data_dir).exists()


def test_who_may_be_anyone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where other machines reach the API, it hands out no users, and does not start with a setting that asks for it."""

    def is_on(**environment: str) -> bool:
        with monkeypatch.context() as patched:
            for name, value in environment.items():
                patched.setenv(name, value)
            return make_plan(tmp_path, None, None).settings.dev_login

    assert is_on()
    assert not is_on(CAMPUS_DEV_LOGIN="false")
    assert is_on(CAMPUS_API_HOST="127.0.0.2")
    assert not is_on(CAMPUS_API_HOST="192.0.2.1")
    assert not is_on(CAMPUS_PUBLIC_URL="https://campus.example")
    with pytest.raises(SettingsError, match=r"CAMPUS_API_HOST lets other machines reach it \(192\.0\.2\.1\)"):
        is_on(CAMPUS_API_HOST="192.0.2.1", CAMPUS_DEV_LOGIN="true")


def test_passwords_are_for_the_owner_only(running: RunningCampus) -> None:
    """What is kept in the data directory cannot be read by others."""
    assert [file.name for file in (running.data_dir / "run").iterdir() if file.stat().st_mode & 0o077] == []


def secrets_of(running: RunningCampus) -> dict[str, str]:
    """Every secret of a campus, by name."""
    kept: dict[str, Any] = json.loads((running.data_dir / "run" / "secrets.json").read_text())
    return {name: value for name, value in kept.items() if isinstance(value, str)}


def test_a_running_campus_says_no_secret(running: RunningCampus) -> None:
    """In its logs, on command lines, in what it prints, and in what the commands print that look at it."""
    shown = {f"log of {log.name}": log.read_text(errors="replace") for log in (running.data_dir / "log").iterdir()}
    shown |= {f"arguments of {name}": Path(f"/proc/{pid}/cmdline").read_text() for name, pid in running.pids.items()}
    shown["output"] = running.said
    for command in (("doctor", "--json"), ("status", "--json"), ("projections", "status"), ("privileges",)):
        done = campus(*command, "--data", str(running.data_dir))
        shown[" ".join(command)] = done.stdout + done.stderr
    secrets = secrets_of(running)
    assert len(secrets) > 20
    found = {(name, where) for where, text in shown.items() for name, secret in secrets.items() if secret in text}
    assert found == set()


def test_a_process_has_the_secrets_that_it_uses(running: RunningCampus) -> None:
    """Each process its own password of each server, and none of another's."""
    passwords = {name: secret for name, secret in secrets_of(running).items() if name not in ("token_secret", "paysim")}
    for process in ("api", "relay", "projector", "reactor", "dispatcher", "auditor"):
        environment = Path(f"/proc/{running.pid(process)}/environ").read_text().split("\0")
        values = dict(each.partition("=")[::2] for each in environment)
        held = {name for name, secret in passwords.items() if any(secret in value for value in values.values())}
        others = {"master_key"} if "MASTER_KEYS" in SECRETS_OF.get(process, ()) else set()
        others |= {"campus_analyst"} if process == "api" else set()  # which asks what analysts ask
        assert held - others <= {f"campus_{process}", f"nats_{process}", f"valkey_{process}"}, process
        assert f"campus_{process}" in held
        kept = [each for each in SECRETS if values[f"CAMPUS_{each}"] and each not in SECRETS_OF.get(process, ())]
        assert kept == [], process


def test_a_killed_parent_leaves_no_orphan_and_the_next_start_recovers(data_dir: Path) -> None:
    """
    One command starts everything. After `kill -9` of the supervisor all children end by themselves; a new start has the
    same campus, and stops in order.
    """
    with running_campus(data_dir) as running:
        pids = running.pids
        assert set(pids) == PROCESSES
        assert running.get("/readyz")["head"] == 0
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait()
        secrets = (data_dir / "run" / "secrets.json").read_text()
        with running_campus(data_dir) as again:
            assert [name for name, pid in pids.items() if identity(pid)] == []
            assert set(again.pids) == PROCESSES
            assert again.get("/readyz")["head"] == 0
            assert (data_dir / "run" / "secrets.json").read_text() == secrets
            stops_in_order(again)


@pytest.mark.slow
def test_a_kill_in_the_middle_of_the_first_start_does_no_harm(data_dir: Path) -> None:
    """A half-made PostgreSQL cluster is not mistaken for a whole one."""
    first = RunningCampus(data_dir)
    wait_until((data_dir / "postgres" / "data.new").exists)
    first.process.kill()
    first.process.wait()
    with running_campus(data_dir) as again:
        assert again.get("/readyz")["head"] == 0


@pytest.mark.slow
def test_two_campuses_run_side_by_side(running: RunningCampus, data_dir: Path) -> None:
    """Another data directory is another campus, with servers of its own."""
    with running_campus(data_dir, "--name", "other") as other:
        assert not set(running.pids.values()) & set(other.pids.values())
        assert running.get("/readyz")["status"] == other.get("/readyz")["status"] == "ready"
    assert running.get("/readyz")["status"] == "ready"


@pytest.mark.slow
def test_an_empty_campus_is_filled_and_says_who_signs_in(data_dir: Path) -> None:
    """The page is named before it is filled; both sides of the payments agree, and a second start fills nothing."""
    with running_campus(data_dir, seed=True) as running:
        said = running.said
        page = f"http://localhost:{running.port}/"
        assert said.index(page) < said.index("filling the campus") < said.index(f"open in a browser:  {page}")
        assert [person.email for person in SAMPLE_PEOPLE.values() if person.email not in said] == []
        assert PASSWORD in said
        head = running.get("/readyz")["head"]
        assert head > 5_000
        compared = campus("payments", "reconcile", "--data", str(data_dir))
        assert "all agrees" in compared.stdout, compared.stdout
    with running_campus(data_dir, seed=True) as again:
        assert "filling" not in again.said
        assert again.get("/readyz")["head"] - head < 200  # what the workers had still to do


def test_a_data_directory_in_use_is_refused(running: RunningCampus) -> None:
    """Two campuses cannot share a data directory; the message says which process has it."""
    refused = campus("up", "--data", str(running.data_dir))
    assert refused.returncode == 1
    assert f"in use by another `campus up` (pid {running.process.pid})" in refused.stderr
    assert running.get("/readyz")["status"] == "ready"


def test_a_taken_port_is_refused(data_dir: Path) -> None:
    """The message names the port and what to type instead; nothing has been started."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        refused = campus("up", "--data", str(data_dir), "--port", str(port))
    assert refused.returncode == 1
    assert f"port {port} is taken" in refused.stderr
    assert f"--port {port + 1}" in refused.stderr
    assert not (data_dir / "postgres").exists()


def test_an_api_for_a_taken_port_says_so_in_a_sentence(running: RunningCampus) -> None:
    """Its server adds a page of its own frames."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = {"CAMPUS_DATA_DIR": str(running.data_dir), "CAMPUS_API_PORT": str(port)}
        refused = campus("serve", env=env)
    assert refused.returncode == 1
    last = refused.stderr.splitlines()[-1]
    assert last.startswith(f"campus: cannot serve on 127.0.0.1:{port}: Address already in use")
    assert "Stack backtrace" not in last


def test_a_server_that_does_not_start_is_named_with_its_last_words(data_dir: Path) -> None:
    """The sentence names the server, its log follows, and the others are stopped again."""
    (data_dir / "valkey").mkdir(parents=True)
    (data_dir / "valkey" / "appendonlydir").write_text("not a directory")
    refused = campus("up", "--data", str(data_dir), "--no-seed", "--port", "18999")
    assert refused.returncode == 1
    assert "valkey failed to start" in refused.stderr
    assert "appendonlydir" in refused.stderr
    assert "nats stopped" in refused.stderr


@pytest.mark.parametrize("name", ["api", "projector", "valkey", "nats", "postgres"])
def test_whoever_dies_is_started_again(running: RunningCampus, name: str) -> None:
    """A killed process comes back, a server on the same port, and the campus is ready again."""
    before = running.pids[name]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: running.pids[name] != before and answers(running), lambda: running.said)
    assert running.process.poll() is None


def test_paysim_runs_unless_a_key_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dispatcher and the API get its address, its key and its secret; with a key of Stripe there is none."""
    plan = make_plan(tmp_path, None, None)
    (paysim,) = [server for server in plan.servers if server.name == "paysim"]
    assert plan.settings.stripe_api_base == f"http://127.0.0.1:{paysim.port}"
    assert (len(plan.settings.webhook_secrets), plan.settings.stripe_key[:8]) == (1, "sk_test_")
    assert plan.settings.webhook_secrets[0] not in " ".join(paysim.program(tmp_path).command)
    assert make_plan(tmp_path, None, None).settings == plan.settings
    monkeypatch.setenv("CAMPUS_STRIPE_KEY", "sk_live_1")
    plan = make_plan(tmp_path, None, None)
    assert "paysim" not in [server.name for server in plan.servers]
    assert (plan.settings.stripe_key, plan.settings.stripe_api_base) == ("sk_live_1", "")


def test_a_line_orders_what_is_for_sale(tmp_path: Path) -> None:
    """Where a learner could buy something, a third line does; it is a command that a shell takes."""
    plan = make_plan(tmp_path, None, None)
    nothing = suggestions(plan, Examples("r", "ann"))
    *others, line = suggestions(plan, Examples("r", "ann", "algebra", "EUR"))
    assert others == nothing
    words = shlex.split(line, comments=True)
    assert words[-3:] == [f"{plan.settings.api_url}/v1/orders", "-d", '{"product_id": "algebra", "currency": "EUR"}']
    assert "--as ann" in line


def test_servers_with_a_url_are_not_embedded_and_a_second_interrupt_stops_at_once(
    data_dir: Path, servers: Servers
) -> None:
    """With all URLs set, the others are started; who presses Ctrl-C twice does not wait."""
    settings: Settings = migrated(servers)
    urls = ("postgres_url", "postgres_owner_url", "nats_url", "valkey_url")
    env = {f"CAMPUS_{url.upper()}": str(getattr(settings, url)) for url in urls}
    with running_campus(data_dir, "--name", settings.name, env=env) as running:
        pids = running.pids
        assert set(pids) == PROCESSES - {"postgres", "valkey", "nats"}
        assert running.get("/readyz")["head"] == 0
        os.kill(pids["inbox"], signal.SIGSTOP)  # it will not obey
        running.process.send_signal(signal.SIGINT)
        wait_until_gone([pid for name, pid in pids.items() if name not in SERVERS])  # it waits for what hangs now
        assert running.stop(signal.SIGINT) == 130
        wait_until_gone(list(pids.values()))


def answers(running: RunningCampus) -> bool:
    """Whether the campus calls itself ready."""
    try:
        return "head" in running.get("/readyz")
    except OSError:
        return False
