"""A dossier names the file from which imported facts come, and has the source of the rules."""

import hashlib
import json
from pathlib import Path

import pytest

from adapters.command_bus.bus import Bus
from adapters.dossier.assemble import SOURCES
from adapters.dossier.refold import differences
from adapters.dossier.verifier.checks import RULES, check
from adapters.settings import Settings
from commands.admin.read_models import RecordSwitch
from commands.log import Context
from domain.admin import Switch
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.dossiers import dossier, signed_campus, unzipped
from tests.support.oulad import SMALL, write
from workers.importing.oulad import import_oulad

pytestmark = pytest.mark.processes


async def test_imports_promotions_and_sources_are_in_the_dossier(settings: Settings, tmp_path: Path) -> None:
    """With their proofs; of the import, what was known at the position; the sources have the hashes of the rules."""
    async with signed_campus(settings, tmp_path / "data") as campus, opened(settings) as log:
        report = await import_oulad(settings, write(tmp_path / "small.zip", SMALL))
        switch = Switch(generation=2, before=1, version=1, code="c", source_hash=None, position=1)
        promoted = await Bus(log).handle(RecordSwitch("gradebook", switch), Context("ada", source="cli"))
        files = unzipped(await dossier(campus, "11"))
        earlier = unzipped(await dossier(campus, "11", report.position - 1))
        found, before = check(files), check(earlier)
        assert (found.wrong, before.wrong) == ([], [])
        assert await differences(found, files, PROJECTIONS) == []
        origins = [each.type for each in found.facts if each.stream.startswith(("import-", "projection-"))]
        assert origins == ["import.begun", "import.finished", "projection.promoted"]
        assert [each.position for each in found.facts][-1] == promoted
        assert [each.type for each in before.facts if each.stream.startswith("import-")] == ["import.begun"]
    rules = json.loads(files[RULES])
    for rule in rules.values():
        for module, sha256 in rule["sources"].items():
            text = files[f"{SOURCES}{module.replace('.', '/')}.py"]
            assert hashlib.sha256(text).hexdigest() == sha256
