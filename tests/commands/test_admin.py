"""Use cases of those who run and audit a campus."""

from datetime import timedelta

import msgspec

from commands.admin import BeginImport, FinishImport, InterruptImport, ResolveDispute, ViewRecord
from commands.admin.read_models import RecordSwitch
from domain.admin import Import, ImportedFile, ImportedRows, ImportedTable, Look, ReadModel, Record, SignedTrees, Switch
from tests.support.given import fact
from tests.support.usecases import AT, Campus

LOOK = Look(what="/v1/learners/ann/dashboard", known_at=7)


async def test_a_look_is_recorded_once_in_its_hour(campus: Campus) -> None:
    """In the name of the actor; in the next hour it is another look."""
    fields = {"what": LOOK.what, "known_at": 7, "valid_at": None, "reason": "unspecified"}
    viewed = fact(Record.Viewed, by="test", **fields)
    look = ViewRecord("ann", LOOK)
    assert await campus.new(look) == [("record-ann:2026-02-02T09", viewed)]
    assert await campus.repeats(look)
    assert await campus.new(look, at=AT + timedelta(hours=1)) == [("record-ann:2026-02-02T10", viewed)]


async def test_a_dispute_is_resolved_once(campus: Campus) -> None:
    """With the reason that was given first."""
    resolved = fact(SignedTrees.DisputeResolved, origin="a", reason="backup of 3 July")
    command = ResolveDispute("a", "backup of 3 July")
    assert await campus.new(command) == [("checkpoint-main", resolved)]
    assert await campus.repeats(command)


async def test_an_import_from_its_beginning_to_its_end(campus: Campus) -> None:
    """Each step is one fact of the stream of the import, and is recorded once."""
    tables = [ImportedTable(name="courses.csv", rows=1)]
    what = ImportedFile(file="a.zip", sha256="ab", size=7, plan=3, tables=tables, parts=["a"], before=[], continues=6)
    begun = fact(Import.Begun, **msgspec.to_builtins(what))
    assert await campus.new(BeginImport("oulad", 7, what)) == [("import-oulad:7", begun)]
    interrupted = fact(Import.Interrupted, reason="power")
    assert await campus.new(InterruptImport("oulad", 7, "power")) == [("import-oulad:7", interrupted)]
    assert await campus.repeats(InterruptImport("oulad", 7, "power"))
    rows = [ImportedRows(name="courses.csv", read=1, not_chosen=0, before=0, imported=1, refused=0)]
    finish = FinishImport("oulad", 7, rows, 3, 0, {})
    finished = fact(Import.Finished, rows=msgspec.to_builtins(rows), appended=3, found=0, irregular_by_rule={})
    assert await campus.new(finish) == [("import-oulad:7", finished)]
    assert await campus.repeats(finish)


async def test_a_switch_of_readers(campus: Campus) -> None:
    """Forward and back, one fact each."""
    switch = Switch(generation=2, before=1, version=4, code="c", source_hash="ab", position=9)
    fields = msgspec.structs.asdict(switch)
    there = fact(ReadModel.Promoted, **fields)
    back = fact(ReadModel.RolledBack, **fields)
    assert await campus.new(RecordSwitch("gradebook", switch)) == [("projection-gradebook", there)]
    assert await campus.new(RecordSwitch("gradebook", switch, back=True)) == [("projection-gradebook", back)]
