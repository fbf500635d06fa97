"""`campus projections rebuild --rule FILE`: a changed rule is built, compared, deployed and promoted, in this order."""

import os
import re
import shutil
from pathlib import Path

import pytest

import projections
from adapters.settings import Settings
from projections.overview import Overview
from tests.support.projections_command import answer, done, refusal, small_campus
from tests.support.projections_command import projections as command

HERE = Path(projections.__file__).parent
DEPLOYED = os.path.relpath(HERE / "overview.py")
NEXT = Overview.version + 1


def changed_rule(directory: Path, version: int = NEXT) -> Path:
    """A copy of the rule of `overview` which counts amounts double."""
    file = directory / "my_rule.py"
    source = (HERE / "overview.py").read_text()
    changed = re.sub(r'(\+= )fact\.data\["amount"\]', r'\1 2 * fact.data["amount"]', source)
    changed = changed.replace(f"version = {Overview.version}", f"version = {version}")
    assert changed != source
    file.write_text(changed)
    return file


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The code of the read models in a place of its own, from where `campus` loads it."""
    copy = tmp_path / "site" / "projections"
    shutil.copytree(HERE, copy)
    monkeypatch.setenv("PYTHONPATH", str(copy.parent))
    return copy


@pytest.mark.slow
async def test_from_a_rule_file_to_its_promotion(settings: Settings, tmp_path: Path, deployed: Path) -> None:
    """The file alone builds a generation in several processes; `promote` refuses it until its code is deployed."""
    rule = str(changed_rule(tmp_path))
    async with small_campus(settings):
        code, plan = await answer(settings, "plan", "overview", "--rule", rule)
        assert (code, plan["version"], plan["change"]) == (0, NEXT, "both")
        code, built = await answer(settings, "rebuild", "overview", "--rule", rule, "--workers", "2")
        assert (code, len(built["processes"]), built["built"][0]["version"]) == (0, 2, NEXT)
        _, compared = await answer(settings, "diff", "overview", "--rule", rule)
        changed = {table["table"]: table["changed"] for table in compared["tables"]}
        assert (compared["remark"], changed["overview"] > 0) == ("", True)
        await done(settings, "verify", "overview", "--rule", rule, "--generation", "2")
        _, again = await answer(settings, "rebuild", "overview", "--rule", rule)
        assert again["built"][0]["resumed"]
        said = await refusal(settings, "promote", "overview")
        assert "deploy the code that built it" in " ".join(said.split())
        _, state = await answer(settings, "status", "overview")
        assert any("deploy that code and promote it" in note for each in state["projections"] for note in each["notes"])
        shutil.copy(rule, deployed / "overview.py")
        _, plan = await answer(settings, "plan", "overview")
        assert plan["next"][0] == "campus projections diff overview"
        _, promoted = await answer(settings, "promote", "overview")
        assert (promoted["before"], promoted["after"]) == (1, 2)
        _, listed = await answer(settings, "list")
        (overview,) = [each for each in listed["projections"] if each["name"] == "overview"]
        assert (overview["version"], overview["change"]) == (NEXT, "none")


async def test_a_rebuild_says_how_the_rule_is_deployed(settings: Settings, tmp_path: Path) -> None:
    """The next commands name the file, and where it goes."""
    rule = changed_rule(tmp_path)
    async with small_campus(settings):
        _, said, _ = await command(settings, "rebuild", "overview", "--rule", str(rule))
    flat = " ".join(said.split())
    assert f"campus projections diff overview --rule {rule}" in flat
    assert f"cp {rule} {DEPLOYED}, and restart the campus; then" in flat


async def test_a_file_that_is_no_changed_rule_is_refused(settings: Settings, tmp_path: Path) -> None:
    """Of another read model, of the deployed version with other code, or for several read models at once."""
    same_version = str(changed_rule(tmp_path, Overview.version))
    said = await refusal(settings, "rebuild", "overview", "--rule", same_version)
    assert f"has version {Overview.version}, as the deployed rule of overview, and other code: raise `version`" in said
    said = await refusal(settings, "rebuild", "gradebook", "--rule", same_version)
    assert 'is no rule of gradebook: say name = "gradebook" instead of "overview"' in said
    assert "name that one" in await refusal(settings, "rebuild", "--all", "--rule", same_version)
    unchanged = str(HERE / "overview.py")
    async with small_campus(settings):
        _, built = await answer(settings, "rebuild", "overview", "--rule", unchanged)
        assert built["built"][0]["version"] == Overview.version
        await done(settings, "promote", "overview")
