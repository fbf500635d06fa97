"""`campus log irregular` lists the imported facts that break a rule of today."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.settings import Settings
from cli.up.plan import variables
from tests.support.campus_up import campus
from tests.support.oulad import small, write
from workers.importing.oulad import import_oulad


@pytest.fixture
async def imported(settings: Settings, tmp_path: Path) -> Settings:
    """A campus with the small dataset, some rows of which break rules."""
    await import_oulad(settings, write(tmp_path / "small.zip", small()))
    return settings


def listed(settings: Settings, *options: str) -> dict[str, Any]:
    """What `campus log irregular --json` answers."""
    shown = campus("log", "irregular", "--json", *options, env=variables(settings))
    assert shown.returncode == 0, shown.stderr
    answer: dict[str, Any] = json.loads(shown.stdout)
    return answer


async def test_irregular_facts_are_listed(imported: Settings) -> None:
    """Which rule, where, whose, when; all of them, or those of a rule, a run, a learner, a time."""
    whole = listed(imported)
    facts = whole["facts"]
    assert whole["rules"] == {
        "before_registration": 1,
        "after_unregistration": 1,
        "no_registration_date": 1,
        "result_after_unregistration": 1,
        "no_unregistration_date": 1,
    }
    assert [fact["position"] for fact in facts] == sorted(fact["position"] for fact in facts)
    late = next(fact for fact in facts if fact["rule"] == "after_unregistration")
    assert (late["type"], late["learner_id"], late["run_id"]) == ("attempt.submitted", "12", "AAA-2013J")
    assert (late["occurred_at"], late["source"]) == ("2013-10-14T00:00:00Z", "import:oulad")

    assert listed(imported, "--rule", "after_unregistration")["facts"] == [late]
    of_learner = [fact for fact in facts if fact["learner_id"] == "12"]
    assert listed(imported, "--learner", "12")["facts"] == of_learner
    assert {fact["rule"] for fact in of_learner} == {"before_registration", "after_unregistration"}
    of_run = listed(imported, "--run", "BBB-2013B")["facts"]
    assert of_run == [fact for fact in facts if fact["run_id"] == "BBB-2013B"]
    assert 0 < len(of_run) < len(facts)
    day = [fact for fact in facts if fact["occurred_at"].startswith("2013-10-14")]
    assert listed(imported, "--since", "2013-10-14", "--until", "2013-10-14")["facts"] == day
    assert listed(imported, "--since", "2013-10-14T00:00:01Z", "--until", "2013-10-14")["facts"] == []


async def test_irregular_facts_in_words(imported: Settings) -> None:
    """A table that says how many there are of each rule; a rule that none breaks names those that are broken."""
    table = campus("log", "irregular", "-n", "1", env=variables(imported)).stdout
    assert "and 4 more: `--limit 5` lists them" in table
    assert "5 in all: 1 " in table
    refused = campus("log", "irregular", "--rule", "late", env=variables(imported))
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("campus: no fact breaks a rule late: there are ")
    bad = campus("log", "irregular", "--since", "yesterday", env=variables(imported))
    assert (bad.returncode, "write 2014-03-01" in bad.stderr) == (1, True)
    assert campus("log", "irregular", "--run", "nowhere", env=variables(imported)).stdout == "no fact breaks a rule\n"
