"""The rules that were served, over HTTP and by the command: which, since when, why, and their source."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.store.deciding_rules import deciding_texts
from adapters.settings import Settings
from cli.up.plan import variables
from commands.admin.read_models import RecordSwitch
from commands.log import Context
from domain.admin import Switch
from projections.engine.fingerprint import source_hash, source_hashes
from projections.gradebook import Gradebook
from tests.support.api import Campus
from tests.support.appends import opened
from tests.support.campus_up import campus as command
from tests.support.polling import until


@pytest.fixture
async def served(campus: Campus) -> None:
    """A projector follows the gradebook."""

    async def is_noted() -> bool:
        return bool((await campus.get("/projections/gradebook/rules")).json()["rules"])

    await until(is_noted)


@pytest.mark.usefixtures("served")
async def test_the_rule_that_is_served_can_be_read(campus: Campus, lively: Settings, tmp_path: Path) -> None:
    """Who has moved the readers and why; the source of the rule of a moment, each module with its hash."""
    switch = Switch(generation=7, before=1, version=9, code="c", source_hash=None, position=3, reason="ticket 4711")
    async with opened(lively) as log:
        position = await Bus(log).handle(RecordSwitch("gradebook", switch), Context("ada@campus-1", source="cli"))
    found = (await campus.get("/projections/gradebook/rules", user="auditor")).json()
    rule = found["rules"][0]
    assert (rule["version"], rule["source_hash"]) == (Gradebook.version, source_hash(Gradebook()))
    shown_switch = found["switches"][0]
    assert (shown_switch["position"], shown_switch["what"], shown_switch["by"], shown_switch["reason"]) == (
        *(position, "promoted", "ada@campus-1", "ticket 4711"),
    )
    source = (await campus.get(f"/rules/{rule['source_hash']}", user="auditor")).json()["modules"]
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in source.items()}
    assert hashes == source_hashes(Gradebook())
    named = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(hashes.items()))
    assert hashlib.sha256(named.encode()).hexdigest() == rule["source_hash"]
    why = await campus.get("/why", view="gradebook", key=f"x,y,{campus.learner}", field="best_bp")
    assert why.json()["rule"]["source_hash"] == rule["source_hash"], why.text

    environment = variables(lively)
    listed = command("projections", "source", "gradebook", env=environment).stdout
    assert "generation 7 (was 1) promoted by ada@campus-1: ticket 4711" in listed
    at = command("projections", "source", "gradebook", "--at", str(position), "--json", env=environment)
    assert json.loads(at.stdout)["modules"] == source, at.stderr
    written = command(
        *("projections", "source", "gradebook", "--rule", rule["source_hash"][:12], "--out", str(tmp_path)),
        env=environment,
    )
    assert written.returncode == 0, written.stderr
    assert (tmp_path / "projections" / "gradebook.py").read_text() == source["projections.gradebook"]


@pytest.mark.usefixtures("served")
async def test_what_is_not_kept(campus: Campus, lively: Settings) -> None:
    """Neither a name nor a hash nor a time of before is taken for another; learners do not ask."""
    assert (await campus.get("/projections/nothing/rules")).json()["code"] == "no_such_read_model"
    assert (await campus.get(f"/rules/{'0' * 64}")).json()["code"] == "source_not_kept"
    assert (await campus.get("/projections/gradebook/rules", user=campus.learner)).status_code == 403
    environment = variables(lively)
    before = command("projections", "source", "gradebook", "--at", "2001-01-01", env=environment)
    assert "which rule of gradebook was served at 2001-01-01 is not recorded; the first is since" in before.stderr
    unknown = command("projections", "source", "gradebook", "--rule", "zz", env=environment)
    assert "no rule of gradebook that was served has a hash that begins with zz" in unknown.stderr


async def test_the_rules_that_decide_can_be_read(campus: Campus, lively: Settings) -> None:
    """Of commands and reactions: noted when the reactor or the API begins, once for the same code."""
    found: list[dict[str, Any]] = []

    async def is_noted() -> bool:
        found[:] = (await campus.get("/projections/commands-and-reactions/rules", user="auditor")).json()["rules"]
        return bool(found)

    await until(is_noted)
    (rule,) = found
    assert rule["noted_by"] in {"api", "reactor"}
    source = (await campus.get(f"/rules/{rule['source_hash']}", user="auditor")).json()["modules"]
    assert source == dict(deciding_texts())
    decided_there = {"domain.progress.progress", "commands.progress", "workers.reactions.progress"}
    assert decided_there <= set(source)
    assert "def " in source["commands.progress"]
    shown = command("projections", "source", "commands-and-reactions", env=variables(lively))
    assert rule["source_hash"][:16] in shown.stdout, shown.stderr
