"""`campus status`, `doctor`, `token`, `analytics url` and the command itself, against a running campus."""

import json
import os
import pty
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from adapters.jwt import InvalidToken, claims_of, sign, verify
from adapters.postgres.analytics import VIEWS
from adapters.settings import Settings
from tests.support.campus_up import CAMPUS, RunningCampus, campus, environment
from tests.support.polling import wait_until

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "only for these tests, really"


@pytest.mark.processes
def test_help_names_every_command() -> None:
    """`campus --help` shows what there is."""
    shown = campus("--help")
    for command in ("up", "status", "doctor", "token", "import", "projections", "log", "bench", "migrate"):
        assert f" {command} " in shown.stdout


def test_status_as_json(running: RunningCampus) -> None:
    """Scripts get the API's address, the head and every projection's lag."""
    status = json.loads(campus("status", "--json", "--data", str(running.data_dir)).stdout)
    assert status["api"] == f"http://127.0.0.1:{running.port}"
    assert status["head"] == 0
    assert {"name", "position", "lag_events", "lag_seconds"} <= set(status["projections"][0])
    assert status["processes"] == running.pids


def test_status_as_a_table(running: RunningCampus) -> None:
    """People get a table."""
    assert "read model" in campus("status", "--data", str(running.data_dir)).stdout


@pytest.mark.processes
def test_status_without_a_campus(tmp_path: Path) -> None:
    """Where nothing runs, one sentence says so."""
    refused = campus("status", "--json", "--data", str(tmp_path))
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("campus: no running campus found")


def test_doctor_finds_everything_well(running: RunningCampus) -> None:
    """A campus that has just started is healthy."""
    report = json.loads(campus("doctor", "--json", "--data", str(running.data_dir)).stdout)
    assert [check for check in report["checks"] if not check["ok"]] == []
    assert {"postgres", "durability", "schema", "log", "valkey", "nats", "api"} <= {c["name"] for c in report["checks"]}


def test_doctor_names_what_is_broken(running: RunningCampus) -> None:
    """With NATS not answering, the doctor says so, and how to go on."""
    os.kill(running.pids["nats"], signal.SIGSTOP)
    try:
        examined = campus("doctor", "--json", "--data", str(running.data_dir))
    finally:
        os.kill(running.pids["nats"], signal.SIGCONT)
    assert examined.returncode == 1
    broken = {check["name"]: check["hint"] for check in json.loads(examined.stdout)["checks"] if not check["ok"]}
    assert "CAMPUS_NATS_URL" in broken["nats"]


def test_the_url_of_analysts_leads_to_the_views(running: RunningCampus) -> None:
    """In the role of analysts, with plain names, and without any right to write."""
    printed = campus("analytics", "url", "--data", str(running.data_dir))
    assert printed.returncode == 0, printed.stderr
    assert printed.stderr == ""  # what is meant for a person is said on a terminal only
    with psycopg.connect(printed.stdout.strip()) as connection:
        assert connection.execute("SELECT current_user, current_schema").fetchone() == (
            "campus_analyst",
            "campus_demo_analytics",
        )
        assert connection.execute("SHOW transaction_read_only").fetchone() == ("on",)


def test_on_a_terminal_the_url_of_analysts_has_its_use(running: RunningCampus) -> None:
    """With the place of a psql, on standard error."""
    ours, theirs = pty.openpty()
    try:
        command = [*CAMPUS, "analytics", "url", "--data", str(running.data_dir)]
        done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=True, env=environment())
    finally:
        os.close(ours)
        os.close(theirs)
    assert "psql" in done.stderr


def test_the_views_of_analysts_come_by_themselves(running: RunningCampus) -> None:
    """The projector of `campus up` makes them, all that are documented."""
    url = campus("analytics", "url", "--data", str(running.data_dir)).stdout.strip()

    def there() -> set[str]:
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT viewname FROM pg_views WHERE schemaname = current_schema")
            return {name for (name,) in rows}

    wait_until(lambda: there() == {view.name for view in VIEWS}, there)


@pytest.mark.parametrize(
    ("user", "roles"), [("admin", ("admin",)), ("instructor", ("instructor",)), ("l-17", ("learner",))]
)
def test_a_token_says_who_it_is_for(running: RunningCampus, user: str, roles: tuple[str, ...]) -> None:
    """`campus token --as USER` speaks for a demo user, or for the learner of that id."""
    token = campus("token", "--as", user, "--data", str(running.data_dir)).stdout.strip()
    claims = verify(token, Settings.load(running.data_dir).token_secret, now=datetime.now(UTC))
    assert (claims.subject, claims.roles) == (user, roles)


@pytest.mark.processes
@pytest.mark.parametrize("user", ["", "ann lee", "a" * 65])
def test_a_token_needs_an_id(user: str, tmp_path: Path) -> None:
    """What can be the id of no learner is refused, as by the API's login."""
    refused = campus("token", "--as", user, "--data", str(tmp_path))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "is no id of a learner" in refused.stderr


def test_a_token_ends() -> None:
    """After its lifetime a token is refused."""
    token = sign(claims_of("admin"), SECRET, now=NOW, lifetime=timedelta(hours=1))
    found = verify(token, SECRET, now=NOW)
    assert (found.subject, found.roles, found.name) == ("admin", ("admin",), "Admin")
    with pytest.raises(InvalidToken):
        verify(token, SECRET, now=NOW + timedelta(hours=2))


@pytest.mark.parametrize("token", ["", "abc", "a.b.c"])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Anything else than a token is an error with a sentence."""
    with pytest.raises(InvalidToken, match="the token cannot be accepted"):
        verify(token, SECRET, now=NOW)


def test_another_secret_makes_another_token() -> None:
    """Without the secret, a token cannot be made."""
    token = sign(claims_of("admin"), "some other secret of theirs", now=NOW, lifetime=timedelta(hours=1))
    with pytest.raises(InvalidToken):
        verify(token, SECRET, now=NOW)
