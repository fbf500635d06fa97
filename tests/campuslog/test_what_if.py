"""What-if: a rule beside the read model that it might replace."""

import asyncio
from pathlib import Path

import pytest

from adapters.settings import Settings
from campuslog import BadProjection, Campus, load_projection
from campuslog.definition import prepared
from projections.engine.diff.report import RowDiff
from projections.gradebook import Gradebook
from tests.support.rules import ClicksByHand
from workers.rebuild.compare import what_if

STRICT = """
from projections.gradebook import GRADES, Grade, Gradebook, Handler

def graded(fact, rows):
    Gradebook.handlers["attempt.graded"].apply(fact, rows)
    learner_id, quiz_id = fact.id("learner_id"), fact.id("quiz_id")
    row = rows.edit(GRADES, Grade, fact.data["run_id"], quiz_id, learner_id)
    row.passed = fact.data["score_bp"] >= 9_000

class Strict(Gradebook):
    version = 2
    handlers = {**Gradebook.handlers, "attempt.graded": Gradebook.handlers["attempt.graded"]._replace(apply=graded)}
"""


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """The gradebook with another rule: passed is who has 90 %."""
    path = tmp_path / "strict.py"
    path.write_text(STRICT)
    return path


def test_a_changed_rule_shows_what_it_changes(campus: Campus, exported: Campus, strict: Path) -> None:
    """The one learner with 85 % has passed by the old rule only; from an export comes the same."""
    for source in (campus, exported):
        with source.try_out(strict, compare_with="gradebook") as trial:
            (row,) = trial.diff.rows()
            assert (row.table, row.key, row.kind) == ("gradebook", ("AAA-2013J", "1", "11"), "changed")
            assert (row.old, row.new) == ({"passed": True}, {"passed": False})
            assert trial.result.gradebook.filter(passed=True)["quiz_id"].to_list() == ["4"]
            assert repr(trial) == "<gradebook: 1 rows differ (gradebook 1)>"


async def rows_of_the_command(settings: Settings, strict: Path) -> list[RowDiff]:
    """What `campus projections try` finds."""
    async with what_if(settings, prepared(load_projection(strict)), Gradebook()) as compared:
        return list(compared.diff.rows())


def test_the_command_finds_the_same(filled: Settings, campus: Campus, strict: Path) -> None:
    """A rule beside what is served differs in the same rows as beside the served rule, folded."""
    with campus.try_out(strict, compare_with="gradebook") as trial:
        assert list(trial.diff.rows()) == asyncio.run(rows_of_the_command(filled, strict)) != []


def test_the_same_rule_differs_in_nothing(campus: Campus) -> None:
    """A read model beside itself is the same, row for row."""
    with campus.try_out(Gradebook, compare_with="gradebook") as trial:
        assert trial.diff.is_same
        assert repr(trial) == "<gradebook: 0 rows differ>"


def test_up_to_a_position(campus: Campus, strict: Path) -> None:
    """Nothing differs before the fact that makes the difference."""
    first = next(iter(campus.events("attempt.graded", learner="11"))).position
    with campus.try_out(strict, compare_with="gradebook", as_of=first - 1) as trial:
        assert trial.diff.is_same
        assert trial.result.position == first - 1


def test_nothing_to_compare_with(campus: Campus) -> None:
    """A read model that does not exist is named, with those that there are."""
    with pytest.raises(BadProjection, match="no read model is called gradebok: there are catalog, "):
        campus.try_out(ClicksByHand, compare_with="gradebok")
