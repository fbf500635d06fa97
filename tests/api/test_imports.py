"""Imports, and the rows that facts come from, over HTTP and by the command."""

import json

import msgspec
import uuid_utils

from adapters.command_bus.bus import Bus
from adapters.postgres.log.append import Append
from adapters.settings import Settings
from cli.up.plan import variables
from commands.admin import BeginImport, InterruptImport
from commands.log import Context
from domain.admin import ImportedFile, ImportedTable
from domain.fact import Meta
from tests.support.api import Campus
from tests.support.appends import new_event, opened
from tests.support.campus_up import campus as command


async def brought(settings: Settings, source: str, row: str | None) -> int:
    """The position of an imported fact that names this row."""
    meta = msgspec.json.encode(Meta(str(uuid_utils.uuid7()), "import", f"import:{source}", row=row))
    stream = f"progress-{uuid_utils.uuid7().hex}:r"
    async with opened(settings) as log:
        return (await log.append(Append([new_event(stream, 1, meta=meta)]))).last


async def test_an_import_and_the_rows_that_facts_come_from(campus: Campus, lively: Settings) -> None:
    """Which file, by whom, how it ended; a fact of before this was recorded says so."""
    source = f"s{campus.tag}".replace("_", "-")
    tables = [ImportedTable(name="a.csv", rows=1), ImportedTable(name="b.csv", rows=2)]
    what = ImportedFile(file="x.zip", sha256="ab" * 32, size=9, plan=1, tables=tables, parts=["p"], before=[])
    context = Context("ada@campus-1", source="cli", correlation_id=f"r{campus.tag}")
    async with opened(lively) as log:
        for each in (BeginImport(source, 1, what), InterruptImport(source, 1, "power"), BeginImport(source, 2, what)):
            await Bus(log).handle(each, context)

    listed = (await campus.get("/imports", user="auditor", limit=2)).json()["items"]
    assert [(each["number"], each["status"], each["reason"]) for each in listed] == [
        (2, "begun", None),
        (1, "interrupted", "power"),
    ]
    assert (listed[1]["by"], listed[1]["request_id"], listed[1]["file"]) == (context.actor, f"r{campus.tag}", "x.zip")
    first = (await campus.get("/imports", user="auditor", limit=1)).json()
    second = (await campus.get("/imports", user="auditor", limit=1, cursor=first["next"])).json()
    assert [first["items"], second["items"]] == [[each] for each in listed]
    assert (await campus.get("/imports", user=campus.learner)).status_code == 403
    shown = command("import", "list", "-n", "2", "--json", env=variables(lively))
    assert json.loads(shown.stdout) == listed, shown.stderr
    drawn = command("import", "list", env=variables(lively)).stdout
    assert "interrupted: power" in drawn
    assert "no end yet: it is running, or was killed" in drawn

    position = await brought(lively, source, "2:2:17")
    fact = (await campus.get(f"/facts/{position}", user="auditor")).json()
    row = {"recorded": True, "number": 2, "file": "x.zip", "sha256": "ab" * 32, "table": "b.csv", "line": 17}
    assert fact["imported_from"] == row
    assert fact["meta"]["row"] == "2:2:17"
    (began,) = (await campus.get(f"/facts/{position}/trace", user="auditor")).json()["began_with"]
    assert began["imported_from"] == row
    assert (
        "line 17 of b.csv in x.zip (import 2, SHA-256 abab"
        in command("log", "trace", str(position), env=variables(lively)).stdout
    )

    older = await brought(lively, source, None)
    assert (await campus.get(f"/facts/{older}", user="auditor")).json()["imported_from"]["recorded"] is False
    assert "its row was not recorded" in command("log", "trace", str(older), env=variables(lively)).stdout
    ours = (await campus.get(f"/facts/{listed[0]['position']}", user="auditor")).json()
    assert ours["imported_from"] is None
