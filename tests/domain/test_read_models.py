"""Jobs of a read model: one at a time; what was stopped moves no readers."""

import pytest

from domain.admin import Build, ReadModel, Switch, SwitchWanted
from domain.admin.clear_words import ReasonNamesPerson, check_clear
from domain.admin.read_models import JobEnded, ReadModelBusy
from tests.support.given import fact, given

WANTED = SwitchWanted(back=False, generation=2)
BUILD = Build(generation=2, version=4, position=1713, digest="9f86", rows=732, parked=0)
SWITCH = Switch(generation=2, before=1, version=4, code="0b1d", source_hash=None, position=1713, reason="x")
REBUILD = fact(ReadModel.RebuildRequested, job_id="j1", from_scratch=False, reason="x")
SWITCHES = fact(ReadModel.SwitchRequested, job_id="j2", back=False, generation=2, anyway=False, reason="x")
BUILT = fact(ReadModel.Rebuilt, generation=2, version=4, position=1713, digest="9f86", rows=732, parked=0)
PROMOTED = fact(
    ReadModel.Promoted, generation=2, before=1, version=4, code="0b1d", source_hash=None, position=1713, reason="x"
)
STOPPED = fact(ReadModel.JobStopped, job_id="j1", reason="busy")


def test_a_rebuild_is_asked_for_and_ends() -> None:
    """Until then no other job is taken on."""
    given(ReadModel).when(lambda it: it.request_rebuild("j1", "x", from_scratch=False)).then(REBUILD)
    for again in (
        lambda it: it.request_rebuild("j2", "x", from_scratch=True),
        lambda it: it.request_switch("j2", WANTED, "x"),
    ):
        given(ReadModel, REBUILD).when(again).refused(ReadModelBusy, projection="gradebook", job_id="j1")
    finished = fact(ReadModel.JobFinished, job_id="j1", generation=2)
    given(ReadModel, REBUILD).when(lambda it: it.finish_rebuild("j1", BUILD)).then(BUILT, finished)
    given(ReadModel, REBUILD, BUILT, finished).when(lambda it: it.request_switch("j2", WANTED, "x")).then(SWITCHES)


def test_readers_are_moved_by_the_job_that_is_under_way() -> None:
    """Forward, or back; one that was stopped, or has ended before, moves none."""
    finished = fact(ReadModel.JobFinished, job_id="j2", generation=2)
    given(ReadModel, SWITCHES).when(lambda it: it.finish_switch("j2", SWITCH, back=False)).then(PROMOTED, finished)
    given(ReadModel, SWITCHES, PROMOTED, finished).when(lambda it: it.finish_switch("j2", SWITCH, back=False)).refused(
        JobEnded, projection="gradebook", job_id="j2"
    )
    given(ReadModel, REBUILD, STOPPED).when(lambda it: it.finish_rebuild("j1", BUILD)).refused(
        JobEnded, projection="gradebook", job_id="j1"
    )


def test_what_was_stopped_or_has_failed_is_so_once() -> None:
    """And lets another job be taken on."""
    failed = fact(ReadModel.JobFailed, job_id="j1", cause="a bug")
    given(ReadModel, REBUILD).when(lambda it: it.stop("j1", "busy")).then(STOPPED)
    given(ReadModel, REBUILD).when(lambda it: it.stop("j9", "busy")).then()
    given(ReadModel, REBUILD).when(lambda it: it.fail("j1", "a bug")).then(failed)
    for over in (STOPPED, failed):
        given(ReadModel, REBUILD, over).when(lambda it: it.stop("j1", "busy")).then()
        given(ReadModel, REBUILD, over).when(lambda it: it.fail("j1", "a bug")).then()
        given(ReadModel, REBUILD, over).when(lambda it: it.request_switch("j2", WANTED, "x")).then(SWITCHES)


def test_what_an_operator_does_with_rows_is_recorded() -> None:
    """Each time: rows of a generation that are deleted, those of a key that are recomputed."""
    dropped = fact(ReadModel.GenerationDropped, generation=1, version=3, reason="x")
    given(ReadModel, REBUILD).when(lambda it: it.drop(1, 3, "x")).then(dropped)
    repair = fact(ReadModel.RepairRequested, key="ann", reason="x")
    given(ReadModel, repair).when(lambda it: it.request_repair("ann", "x")).then(repair)


def test_an_address_is_no_reason_that_stays_in_clear() -> None:
    """Nothing else can be found out: names are for people to leave out."""
    assert check_clear("ada@campus-1 has asked, see HELP-7") == "ada@campus-1 has asked, see HELP-7"
    with pytest.raises(ReasonNamesPerson):
        check_clear("asked for by ada@example.org")
