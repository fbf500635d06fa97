"""`campus projections diff` and `try`: what a rule changes, row by row, before anybody sees it."""

import asyncio
import csv
import re
import signal
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from adapters.settings import Settings
from campuslog.checked_handlers import watch
from campuslog.definition import load_projection, prepared
from projections.overview import Overview
from tests.support.campus_up import CAMPUS, environment
from tests.support.polling import until
from tests.support.projections_command import answer, done, execute, projections, refusal, small_campus, variables
from workers.rebuild.compare import what_if


async def test_two_generations_that_are_the_same(settings: Settings) -> None:
    """Built by the same code, they hold the same, also when facts have come meanwhile."""
    async with small_campus(settings) as log:
        await done(settings, "rebuild", "gradebook", "overview")
        await log.record_many(20)
        code, found = await answer(settings, "diff", "overview")
        assert (code, found["same"], found["differing"], found["rows"]) == (0, True, 0, [])
        assert (found["old"]["generation"], found["new"]["generation"]) == (1, 2)
        _, said, _ = await projections(settings, "diff", "overview")
        assert "Nothing differs." in said


async def test_what_differs_is_counted_and_shown_in_pages(settings: Settings, tmp_path: Path) -> None:
    """Counts first, then pages, one table or kind, a sample, the facts of the rows, and all of it as CSV."""
    async with small_campus(settings):
        await done(settings, "rebuild", "overview")
        await execute(
            settings, "UPDATE overview_people_g2 SET learner_id = learner_id || '-x' WHERE learner_id ~ '[123]$'"
        )
        _, found = await answer(settings, "diff", "overview", "--limit", "2")
        assert found["differing"] > 4
        assert [row["number"] for row in found["rows"]] == [1, 2]
        (people,) = [table for table in found["tables"] if table["table"] == "overview_people"]
        assert people["added"] == people["removed"] > 0
        assert found["matching"] == found["differing"]
        _, page = await answer(settings, "diff", "overview", "--limit", "2", "--after", "2")
        assert [row["number"] for row in page["rows"]] == [3, 4]
        _, added = await answer(settings, "diff", "overview", "--kind", "added", "--table", "overview_people")
        assert {row["kind"] for row in added["rows"]} == {"added"}
        assert added["matching"] == people["added"] == len(added["rows"])
        _, said, _ = await projections(settings, "diff", "overview", "--kind", "changed", "--table", "overview_people")
        assert "No row of this table and kind differs." in said
        assert "\n overview " not in said
        _, one = await answer(settings, "diff", "overview", "--sample", "3", "--seed", "7")
        _, same = await answer(settings, "diff", "overview", "--sample", "3", "--seed", "7")
        assert [row["number"] for row in one["rows"]] == [row["number"] for row in same["rows"]]
        assert len(one["rows"]) == 3
        _, behind = await answer(settings, "diff", "overview", "--kind", "removed", "--limit", "1", "--events")
        (number,) = [str(row["number"]) for row in behind["rows"]]
        assert behind["events"][number]["count"] == 4
        assert behind["events"][number]["first"][0]["type"] == "progress.activity_recorded"
        code, said, remarks = await projections(
            settings, "diff", "overview", "--limit", "1", "--csv", str(tmp_path / "all.csv")
        )
        assert code == 0
        assert "the next page begins after row 1: --after 1" in said
        with (tmp_path / "all.csv").open(newline="") as file:
            lines = list(csv.DictReader(file))
        assert f"{len(lines)} lines" in " ".join(remarks.split())
        assert {line["kind"] for line in lines} == {"added", "removed"}


async def test_two_generations_by_number(settings: Settings) -> None:
    """The other way round, what was added is removed."""
    async with small_campus(settings):
        await done(settings, "rebuild", "overview")
        await execute(settings, "DELETE FROM overview_people_g2")
        _, forth = await answer(settings, "diff", "overview", "--from", "1", "--to", "2", "--limit", "0")
        _, back = await answer(settings, "diff", "overview", "--from", "2", "--to", "1", "--limit", "0")
        counts = [
            sum(table[kind] for table in found["tables"]) for found in (forth, back) for kind in ("added", "removed")
        ]
        assert counts == [0, 50, 50, 0]


async def test_a_comparison_that_is_not_possible_is_refused(settings: Settings) -> None:
    """Each with what is wrong."""
    async with small_campus(settings):
        assert "no generation of overview is ready" in await refusal(settings, "diff", "overview")
        assert "overview has no generation 9" in await refusal(settings, "diff", "overview", "--to", "9")
        await done(settings, "rebuild", "overview")
        assert "there is no table people; there are overview" in await refusal(
            settings, "diff", "overview", "--table", "people"
        )
        assert "--sample takes from all rows" in await refusal(
            settings, "diff", "overview", "--sample", "3", "--after", "1"
        )
        assert "there is no directory /nowhere" in await refusal(
            settings, "diff", "overview", "--csv", "/nowhere/a.csv"
        )


RULE = '''
from campuslog import Handler, Projection, RowKey, Table
import msgspec

class Person(msgspec.Struct):
    learner_id: str
    facts: int = 0

PEOPLE = Table("overview_people", Person, ("learner_id",))

def needs(fact):
    return (RowKey(PEOPLE, (fact.id('learner_id'),)),)

def apply(fact, rows):
    rows.edit(PEOPLE, Person, {key}).facts += 1

class MyRule(Projection):
    """Everybody who has done anything."""

    name = "my_rule"
    tables = (PEOPLE,)
    handlers = {{"progress.activity_recorded": Handler(needs, apply)}}
'''


COUNTS = "rows.edit(PEOPLE, Person, fact.id('learner_id')).facts += 1"


async def test_a_rule_is_tried_without_touching_anything(settings: Settings, tmp_path: Path) -> None:
    """A file is compared with what is served, by the names of its tables."""
    file = tmp_path / "my_rule.py"
    file.write_text(RULE.format(key="fact.id('learner_id')"))
    async with small_campus(settings):
        code, found = await answer(settings, "try", str(file), "--compare-with", "overview")
        assert (code, found["new"]["name"], found["old"]["name"]) == (0, "my_rule.py", "generation 1")
        tables = {table["table"]: table for table in found["tables"]}
        assert tables["overview_people"]["new_rows"] == 50
        assert tables["overview"]["presence"] == "only_old"
        _, state = await answer(settings, "status", "overview")
        assert [(each["generation"], each["status"]) for each in state["projections"]] == [(1, "live")]


async def test_a_rule_that_is_wrong_says_where(settings: Settings, tmp_path: Path) -> None:
    """A file without a projection, no file at all, and code that fails: with the line of the file, and no tables."""
    empty, wrong, fails = tmp_path / "empty.py", tmp_path / "wrong.py", tmp_path / "fails.py"
    empty.write_text("")
    wrong.write_text(RULE.format(key='"another"'))
    fails.write_text(RULE.format(key='fact.data["amnt"]'))
    compare = ("--compare-with", "overview")
    assert "has no projection" in await refusal(settings, "try", str(empty), *compare)
    assert "none.py" in await refusal(settings, "try", str(tmp_path / "none.py"), *compare)
    async with small_campus(settings):
        said = " ".join((await refusal(settings, "try", str(wrong), *compare)).split())
        assert "MyRule: at position 1 (progress.activity_recorded), the handler asks for row ('another',)" in said
        assert re.search(
            r'which its needs do not name, at .*wrong\.py:15: rows\.edit\(PEOPLE, Person, "another"\)', said
        )
        moved = tmp_path / "moved.py"
        moved.write_text(RULE.format(key="fact.id('learner_id')").replace(".facts += 1", '.learner_id = "x"'))
        assert "assigns to the key of a row" in await refusal(settings, "try", str(moved), *compare)
        said = await refusal(settings, "try", str(fails), *compare)
        assert "the rule fails for 50 keys, first at position" in " ".join(said.split())
        line = fails.read_text().splitlines().index('    rows.edit(PEOPLE, Person, fact.data["amnt"]).facts += 1') + 1
        assert f'fails.py:{line}: rows.edit(PEOPLE, Person, fact.data["amnt"]).facts += 1' in said


@pytest.mark.parametrize(
    ("apply", "message"),
    [
        (
            'raise SystemExit("over")',
            "the rule fails for 50 keys, first at position 1, .*: SystemExit: over, at .*:15: ",
        ),
        ("apply(fact, rows)", "the rule fails for 50 keys, .*: RecursionError: "),
        (
            "rows.edit(PEOPLE, Person, fact.id('learner_id')).facts = 2**63",
            "facts = 9223372036854775808 does not fit a bigint",
        ),
        (
            "yield rows.edit(PEOPLE, Person, fact.id('learner_id'))",
            "MyRule: apply of progress.activity_recorded has a yield",
        ),
    ],
)
async def test_a_rule_that_can_hold_for_no_fact(settings: Settings, tmp_path: Path, apply: str, message: str) -> None:
    """What would end the process, go on for ever or be refused by the store is reported like any other mistake."""
    file = tmp_path / "my_rule.py"
    file.write_text(RULE.format(key="fact.id('learner_id')").replace(COUNTS, apply))
    async with small_campus(settings):
        said = await refusal(settings, "try", str(file), "--compare-with", "overview")
        assert re.search(message, " ".join(said.split())), said


async def test_a_rule_that_fails_for_all_is_not_tried_to_the_end(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many keys it is known to be wrong."""
    monkeypatch.setattr("workers.rebuild.compare.ENOUGH", 10)
    monkeypatch.setattr("adapters.postgres.bulk.ranges.FIRST_SPAN", 20)
    monkeypatch.setattr("adapters.postgres.bulk.ranges.LONGEST_SPAN", 20)
    file = tmp_path / "my_rule.py"
    file.write_text(RULE.format(key='fact.data["amnt"]'))
    async with small_campus(settings):
        rule = watch(prepared(load_projection(file)))
        async with what_if(settings, rule, Overview()) as compared:
            assert 10 <= len(compared.poison) < 50


async def test_ctrl_c_ends_a_rule_that_goes_round_for_ever(settings: Settings, tmp_path: Path) -> None:
    """At once, and the fact at which it does so is named."""
    file = tmp_path / "my_rule.py"
    begun = tmp_path / "begun"
    endless = f"open({str(begun)!r}, 'w').close()\n    while True: pass"
    file.write_text(
        RULE.format(key="fact.id('learner_id')").replace(
            "rows.edit(PEOPLE, Person, fact.id('learner_id')).facts += 1", endless
        )
    )
    command = [*CAMPUS, "projections", "try", str(file), "--compare-with", "overview"]
    async with small_campus(settings):
        process = await asyncio.create_subprocess_exec(*command, stderr=PIPE, env=environment(variables(settings)))
        await until(lambda: begun.exists() or process.returncode is not None)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
        assert process.returncode == 130
        assert "stopped; the rule was at position 1, progress.activity_recorded of " in " ".join(err.decode().split())
        assert "Traceback" not in err.decode()


async def test_a_rule_is_not_compared_with_what_has_nothing_in_common(settings: Settings, tmp_path: Path) -> None:
    """Nothing is folded for it; what is probably meant is named."""
    file = tmp_path / "my_rule.py"
    file.write_text(RULE.format(key="fact.id('learner_id')"))
    said = await refusal(settings, "try", str(file), "--compare-with", "gradebook")
    assert "my_rule.py has no table in common with gradebook; did you mean overview?" in said


async def test_a_generation_of_other_code_is_left_out_unless_it_is_named(settings: Settings) -> None:
    """What an earlier rule has left is neither compared nor served; `status` tells how to be rid of it."""
    async with small_campus(settings):
        await done(settings, "rebuild", "overview")
        await execute(settings, "UPDATE projections SET code = 'other' WHERE name = 'overview' AND generation = 2")
        for command in ("diff", "promote"):
            said = await refusal(settings, command, "overview")
            assert "generation 2 of overview is ready, but was built by other code of the same version" in said
        _, said, _ = await projections(settings, "status", "overview")
        assert "`campus projections drop overview 2` gives its room back" in " ".join(said.split())
        _, found = await answer(settings, "diff", "overview", "--to", "2")
        assert found["same"]
        await done(settings, "promote", "overview", "--generation", "2")
