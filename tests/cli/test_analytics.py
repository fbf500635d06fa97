"""`campus analytics`: the URL for analysts, and what they find there."""

import json
import os
import pty
import subprocess

import psycopg
import pytest

from adapters.postgres.analytics import VIEWS
from adapters.settings import Settings
from tests.support.campus_up import CAMPUS, RunningCampus, campus, environment
from tests.support.polling import wait_until


def test_the_url_leads_to_the_views(running: RunningCampus) -> None:
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


def test_on_a_terminal_it_says_what_the_url_is_for(running: RunningCampus) -> None:
    """With the place of a psql, on standard error."""
    ours, theirs = pty.openpty()
    try:
        command = [*CAMPUS, "analytics", "url", "--data", str(running.data_dir)]
        done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=True, env=environment())
    finally:
        os.close(ours)
        os.close(theirs)
    assert "psql" in done.stderr


def test_the_views_come_by_themselves(running: RunningCampus) -> None:
    """The projector of `campus up` makes them, all that are documented."""
    url = campus("analytics", "url", "--data", str(running.data_dir)).stdout.strip()

    def there() -> set[str]:
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT viewname FROM pg_views WHERE schemaname = current_schema")
            return {name for (name,) in rows}

    wait_until(lambda: there() == {view.name for view in VIEWS}, there)


def test_a_campus_without_the_role_says_so(settings: Settings) -> None:
    """And names what to set."""
    values = settings.model_dump(mode="json", exclude={"postgres_analyst_url"})
    env = {f"CAMPUS_{name.upper()}": str(value) for name, value in values.items()}
    refused = campus("analytics", "url", env=env)
    assert refused.returncode == 1
    assert "set CAMPUS_POSTGRES_ANALYST_URL" in refused.stderr


@pytest.mark.processes
def test_the_views_are_listed() -> None:
    """All of them, or one with its columns; no campus need run."""
    everything = json.loads(campus("analytics", "views", "--json").stdout)["views"]
    assert [view["name"] for view in everything] == [view.name for view in VIEWS]
    (grades,) = json.loads(campus("analytics", "views", "grades", "--json").stdout)["views"]
    assert {"name": "late_seconds", "meaning": "How long after the deadline that was; 0 if in time."} in grades[
        "columns"
    ]
    shown = campus("analytics", "views", "grades").stdout
    assert "late_seconds" in shown
    elsewhere = campus("analytics", "views", "--data", "/nowhere")
    assert (elsewhere.returncode, elsewhere.stdout) == (1, "")
    refused = campus("analytics", "views", "marks")
    assert refused.returncode == 1
    assert "no view is called marks; there are facts" in refused.stderr
    assert "no view is called ''; there are facts" in campus("analytics", "views", "").stderr
