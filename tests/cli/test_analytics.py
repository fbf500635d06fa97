"""`campus analytics`: what it lists and refuses; tests/cli/test_commands.py has its URL, for which a campus runs."""

import json

import pytest

from adapters.postgres.analytics import VIEWS
from adapters.settings import Settings
from tests.support.campus_up import campus


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
