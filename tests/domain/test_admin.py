"""Looks at the records of a learner, disputes about trees, imports."""

from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from domain.admin import (
    LONGEST_OPENING,
    MOST_LOOKS,
    BreakGlass,
    Import,
    ImportBegan,
    ImportedFile,
    ImportedRows,
    ImportedTable,
    Look,
    NamesOfRun,
    ReadModel,
    Record,
    SignedTrees,
    Switch,
    UnfitOpening,
    names_stream,
)
from tests.support.given import AT, fact, given, replay

LOOK = Look(what="/v1/learners/ann/dashboard", known_at=7, valid_at=AT, reason="dispute 4711")
FIELDS = {"what": LOOK.what, "known_at": 7, "valid_at": AT, "reason": LOOK.reason}


def test_the_same_look_is_recorded_once_in_an_hour() -> None:
    """A look by another person, for another reason or as of another moment is another one."""
    viewed = fact(Record.Viewed, by="ada", **FIELDS)
    given(Record).when(lambda record: record.view("ada", LOOK)).then(viewed)
    given(Record, viewed).when(lambda record: record.view("ada", LOOK)).then()
    given(Record, viewed).when(lambda record: record.view("bob", LOOK)).then(fact(Record.Viewed, by="bob", **FIELDS))
    others: list[dict[str, Any]] = [{"what": "/v1/why"}, {"known_at": 8}, {"valid_at": None}, {"reason": "appeal"}]
    for other in others:
        look = msgspec.structs.replace(LOOK, **other)
        given(Record, viewed).when(partial(Record.view, by="ada", look=look)).then(
            fact(Record.Viewed, by="ada", **{**FIELDS, **other})
        )


def test_of_very_many_looks_the_record_says_that_there_were_more() -> None:
    """So that an hour in which a program looks at everything does not fill the log; other persons go on."""
    many = [fact(Record.Viewed, by="ada", **{**FIELDS, "known_at": each}) for each in range(MOST_LOOKS)]
    often = fact(Record.ViewedOften, by="ada")
    one_more = Look(what="/v1/why")
    given(Record, *many).when(lambda record: record.view("ada", one_more)).then(often)
    given(Record, *many, often).when(lambda record: record.view("ada", Look(what="/v1/x"))).then()
    given(Record, *many, often).when(lambda record: record.view("bob", LOOK)).then(
        fact(Record.Viewed, by="bob", **FIELDS)
    )


def test_a_tree_is_given_up_once() -> None:
    """A second reason for the same tree changes nothing; another tree is another dispute."""
    resolved = fact(SignedTrees.DisputeResolved, origin="a", reason="backup of 3 July")
    given(SignedTrees).when(lambda trees: trees.resolve("a", "backup of 3 July")).then(resolved)
    given(SignedTrees, resolved).when(lambda trees: trees.resolve("a", "another reason")).then()
    given(SignedTrees, resolved).when(lambda trees: trees.resolve("b", "keys lost")).then(
        fact(SignedTrees.DisputeResolved, origin="b", reason="keys lost")
    )


TABLE = ImportedTable(name="courses.csv", rows=22)
FILE = ImportedFile(file="a.zip", sha256="ab", size=7, plan=3, tables=[TABLE], parts=["AAA-2013J"], before=[])
BEGUN = fact(Import.Begun, **msgspec.structs.asdict(FILE))
ROWS = [ImportedRows(name="courses.csv", read=22, not_chosen=21, before=0, imported=1, refused=0)]
FINISHED = fact(Import.Finished, rows=ROWS, appended=5, found=2, irregular_by_rule={"no_access": 1})


def finish(imported: Import) -> None:
    imported.finish(ROWS, 5, 2, {"no_access": 1})


def test_an_import_begins_once() -> None:
    """Of two that take the same number at the same time, one is refused."""
    given(Import).when(lambda imported: imported.begin(FILE)).then(BEGUN)
    given(Import, BEGUN).when(lambda imported: imported.begin(FILE)).refused(ImportBegan, source="oulad", number="1")


def test_an_import_ends_once() -> None:
    """What was taken for interrupted may finish after all; what is whole was not interrupted."""
    interrupted = fact(Import.Interrupted, reason="stopped by its user")
    given(Import, BEGUN).when(finish).then(FINISHED)
    given(Import, BEGUN, FINISHED).when(finish).then()
    given(Import, BEGUN).when(lambda imported: imported.interrupt("stopped by its user")).then(interrupted)
    given(Import, BEGUN, interrupted).when(lambda imported: imported.interrupt("again")).then()
    given(Import, BEGUN, interrupted).when(finish).then(FINISHED)
    given(Import, BEGUN, FINISHED).when(lambda imported: imported.interrupt("late")).then()


def test_readers_go_forward_and_back() -> None:
    """Each switch is a fact, also the third one to the same rows."""
    there = Switch(generation=2, before=1, version=4, code="c", source_hash="ab", position=9, reason="ticket 4711")
    back = Switch(generation=1, before=2, version=3, code="b", source_hash=None, position=9)
    promoted = fact(ReadModel.Promoted, **msgspec.structs.asdict(there))
    rolled_back = fact(ReadModel.RolledBack, **{**msgspec.structs.asdict(back), "reason": "unspecified"})
    given(ReadModel).when(lambda read_model: read_model.promote(there)).then(promoted)
    given(ReadModel, promoted).when(lambda read_model: read_model.roll_back(back)).then(rolled_back)
    given(ReadModel, promoted, rolled_back).when(lambda read_model: read_model.promote(there)).then(promoted)


def test_names_are_viewed_once_on_a_day() -> None:
    """The stream is of one run, one reader and one day; the first look is the fact."""
    viewed = fact(NamesOfRun.Viewed)
    given(NamesOfRun).when(lambda names: names.view()).then(viewed)
    given(NamesOfRun, viewed).when(lambda names: names.view()).then()
    assert names_stream("algebra-1", "ada", AT) == f"names-algebra-1:ada:{AT:%Y-%m-%d}"


def test_names_are_open_until_the_end() -> None:
    """To the moment; the latest request counts; not for a time that is past, and for a day at the most."""
    until = AT + timedelta(hours=1)
    opened = fact(BreakGlass.Opened, until=until, reason="dispute 4711")
    given(BreakGlass).when(lambda glass: glass.open(until, "dispute 4711", AT)).then(opened)
    given(BreakGlass, opened).when(lambda glass: glass.open(until, "dispute 4711", AT)).then(opened)
    for wrong in (AT, AT + LONGEST_OPENING + timedelta(microseconds=1)):
        given(BreakGlass).when(partial(BreakGlass.open, until=wrong, reason="x", at=AT)).refused(
            UnfitOpening, until=wrong.isoformat(), hours=24
        )
    glass = replay(BreakGlass, "break_glass-ann:ada", [opened])
    assert glass.is_open(until - timedelta(microseconds=1))
    assert not glass.is_open(until)
    assert not replay(BreakGlass, "break_glass-ann:ada", []).is_open(AT)
